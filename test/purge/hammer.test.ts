// Clients on both threads never see what a purge that was answered before they asked has made invalid.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';
import { requestText } from '../support/client.ts';
import { IS_LONG } from '../support/long.ts';

const PURGES = IS_LONG ? 120 : 60;
/** Between two purges. */
const ANSWERS = 48;
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
    fields.push(['Cache-Tag', `hot,page-${page}`]);
    await answer.head(200, fields);
    if (page < 2) return answer.raw(made);
    await answer.raw(made.slice(0, 4));
    await new Promise((resolve) => setImmediate(resolve));
    await answer.raw(made.slice(4));
  });
}

/** Every kind of purge that reaches the pages, in turn. */
const ITEMS: object[] = [
  { prefix: '/hot/' },
  { tag: 'hot' },
  { all: true },
  { pattern: '/hot/*', host: 'site.test' },
  { tags: Array.from({ length: PAGES }, (_, page) => `page-${page}`) },
  { host: 'site.test' },
];

async function purge(number: number): Promise<void> {
  const exact = Array.from({ length: PAGES }, (_, page) => ({ url: `/hot/${page}` }));
  const items = number % 2 === 0 ? exact : [ITEMS[(number >> 1) % ITEMS.length]];
  version++;
  const now = version;
  const response = await fetch(`http://127.0.0.1:${scene.lb.admin.port}/purge`, {
    method: 'POST',
    body: JSON.stringify({ purge: items, soft: number % 5 === 4 }),
  });
  assert.equal(response.status, 200);
  await response.arrayBuffer();
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
    for (let number = 0; number < PURGES; number++) {
      await purge(number);
      const enough = answers + ANSWERS;
      while (answers < enough) await new Promise((resolve) => setImmediate(resolve));
    }
  })().finally(() => {
    running = false;
  });
  await Promise.all([purges, ...clients]);
  assert.ok(hits > answers / 25, `${hits} hits of ${answers}`);
  await scene.lb.admin.idle();
});
