// Everything at once: versions that change, purges, failures, clients that leave, on three threads with little memory.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';
import { requestText } from '../support/client.ts';
import { IS_LONG } from '../support/long.ts';
import { answerFor, bytesOf, type Version } from './file.ts';

const SIZE = 64 * 1024;
/** Requests; LB_TEST_CHURN for more. */
const REQUESTS = Number(process.env.LB_TEST_CHURN ?? (IS_LONG ? 1000 : 500));
const FILES = 4;
const CLIENTS = 24;

const scene = await startScene({ after }, { workers: 3, cache: { memory: '16MB', slice: '64KB' } });

let state = 1;
/** A whole number below `n`, the same ones in each run. */
function random(n: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
}

/** Versions of each file by entity tag, and the one that the origin has now. */
const versions = Array.from({ length: FILES }, () => new Map<string, Version>());
const current: Version[] = [];

function change(file: number): void {
  const seed = versions[file].size + 1;
  const length = 3 * SIZE + random(12 * SIZE);
  const fields: Field[] = [['Cache-Control', random(2) === 0 ? 'max-age=60' : 'no-cache']];
  current[file] = { length, etag: `"${file}-${seed}"`, seed: seed * 5 + file, fields };
  versions[file].set(current[file].etag, current[file]);
}

for (let file = 0; file < FILES; file++) {
  change(file);
  scene.on(`/file-${file}`, (request, answer) => {
    const chance = random(100);
    if (chance < 2) return answer.reset();
    if (chance < 4) return answer.send(503, [], 'busy');
    return answerFor(current[file], request, answer);
  });
}

interface Tally {
  whole: number;
  cut: number;
  errors: number;
  left: number;
}

/** Whatever comes must be of one version, in the right place, and as long as it says. */
async function ask(tally: Tally): Promise<void> {
  const file = random(FILES);
  const start = random(14 * SIZE);
  const kind = random(4);
  const range = kind === 0 ? undefined : `bytes=${kind === 1 ? '' : start}-${kind < 3 ? 1 + random(SIZE) + start : ''}`;
  const client = await scene.open();
  try {
    client.send(requestText('GET', `/file-${file}`, range === undefined ? [] : [['Range', range]]));
    const response = await client.head().catch(() => undefined);
    if (response === undefined) throw new Error('an answer without a head');
    if (random(12) === 0) {
      tally.left++;
      return;
    }
    const { status } = await client.body(response);
    if (status !== 200 && status !== 206) {
      assert.ok([416, 502, 503].includes(status), `status ${status}`);
      tally.errors++;
      return;
    }
    const version = versions[file].get(response.get('etag') ?? '');
    assert.ok(version !== undefined, 'a version that the origin has had');
    const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(
      response.get('content-range') ?? `bytes 0-${version.length - 1}/${version.length}`,
    );
    const [from, to, length] = (match ?? []).slice(1).map(Number);
    assert.equal(length, version.length);
    assert.equal(response.get('content-length'), String(to - from + 1));
    assert.ok(
      bytesOf(version, from, from + response.body.length - 1).equals(response.body),
      `${range} of ${version.etag}`,
    );
    assert.equal(response.complete, response.body.length === to - from + 1);
    if (response.complete) tally.whole++;
    else tally.cut++;
  } finally {
    client.close();
  }
}

async function purge(file: number): Promise<void> {
  const item = { purge: [{ url: `/file-${file}` }], soft: random(2) === 0 };
  const url = `http://127.0.0.1:${scene.lb.admin.port}/purge`;
  assert.equal((await fetch(url, { method: 'POST', body: JSON.stringify(item) })).status, 200);
}

test(`${REQUESTS} requests: no answer is mixed, none is longer or shorter than it says without being cut`, async (t) => {
  const tally: Tally = { whole: 0, cut: 0, errors: 0, left: 0 };
  let left = REQUESTS;
  const worker = async () => {
    while (left-- > 0) {
      const chance = random(100);
      if (chance < 2) change(random(FILES));
      else if (chance < 4) await purge(random(FILES));
      await ask(tally);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, worker));
  t.diagnostic(JSON.stringify(tally));
  assert.ok(tally.whole > REQUESTS / 2);
  await scene.lb.admin.idle();
  assert.equal(scene.lb.log.filter(({ level }) => level === 'error').length, 0, JSON.stringify(scene.lb.log));
});
