// Clients on both threads never see what a purge that was answered before they asked has made invalid.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';
import { requestText } from '../support/client.ts';

const PURGES = 120;
const CLIENTS = 12;
const PAGES = 4;

const scene = await startScene({ after }, { workers: 2 });
/** What the origin has now. */
let version = 0;
/** What an answer may not be older than. */
let floor = 0;

for (let page = 0; page < PAGES; page++) {
  // half of the pages vary, and half come in two parts, so that fills take a while
  scene.on(`/hot/${page}`, async (_request, answer) => {
    const made = String(version).padStart(8, '0');
    const fields: Field[] = [
      ['Cache-Control', 'max-age=600'],
      ['Content-Length', '8'],
    ];
    if (page % 2 === 1) fields.push(['Vary', 'X-Variant']);
    await answer.head(200, fields);
    if (page < 2) return answer.raw(made);
    await answer.raw(made.slice(0, 4));
    await new Promise((resolve) => setImmediate(resolve));
    await answer.raw(made.slice(4));
  });
}

/** Every kind of purge that reaches the pages, in turn. */
const TARGETS = ['/hot/*', '/*', '/hot/*?host=site.test', '/*?host=site.test'];

async function purge(number: number): Promise<void> {
  const exact = Array.from({ length: PAGES }, (_, page) => `/hot/${page}`);
  const targets = number % 2 === 0 ? exact : [TARGETS[(number >> 1) % TARGETS.length]];
  version++;
  const now = version;
  for (const target of targets) {
    const response = await fetch(`http://127.0.0.1:${scene.lb.admin.port}/cache${target}`, {
      method: 'DELETE',
      body: number % 5 === 4 ? '{"soft": true}' : undefined,
    });
    assert.equal(response.status, 200);
    await response.arrayBuffer();
  }
  floor = now;
}

test('a purge is in force on both threads before it is answered', async () => {
  let running = true;
  let hits = 0;
  let answers = 0;
  const run = async (client: number): Promise<void> => {
    const connection = await scene.open();
    for (let i = client; running; i++) {
      const least = floor;
      connection.send(requestText('GET', `/hot/${i % PAGES}`, [['X-Variant', String(i % 3)]]));
      const response = await connection.response();
      assert.equal(response.status, 200);
      assert.ok(Number(response.text) >= least, `${response.text} after the purge of ${least}`);
      answers++;
      if (response.get('cache-status') === 'lb; hit') hits++;
    }
    connection.close();
  };
  const clients = Array.from({ length: CLIENTS }, (_, client) => run(client));
  const purges = (async () => {
    for (let number = 0; number < PURGES; number++) await purge(number);
  })().finally(() => {
    running = false;
  });
  await Promise.all([purges, ...clients]);
  assert.ok(hits > answers / 10, `${hits} hits of ${answers}`);
  await scene.lb.admin.idle();
});
