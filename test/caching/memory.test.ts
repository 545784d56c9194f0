// The limit of the cache holds whatever is asked, and every byte that is served is the origin's.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { requestText } from '../support/client.ts';
import { noise } from './noise.ts';
import { cacheStatus, type Field, type Handler, type Scene, startScene } from './scene.ts';

const MB = 1 << 20;
const FRESH: Field = ['Cache-Control', 'max-age=600'];
const small = await startScene({ after }, { workers: 2, cache: { memory: '16MB' } });

/** `?SEED-LENGTH`: so many bytes, by Content-Length or in chunks. */
const sized: Handler = async (request, answer) => {
  const [seed, length] = (request.target.split('?')[1] ?? '').split('-').map(Number);
  const body = noise(seed, length);
  if (!request.target.startsWith('/chunked')) return answer.send(200, [FRESH], body);
  await answer.head(200, [FRESH, ['Transfer-Encoding', 'chunked']]);
  for (let at = 0; at < length; at += 50_000) {
    const part = body.subarray(at, at + 50_000);
    await answer.raw(Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]));
  }
  await answer.raw('0\r\n\r\n');
};

for (const path of ['/known', '/chunked']) small.on(path, sized);

async function assertSound(scene: Scene): Promise<void> {
  const { used, memory } = await scene.lb.admin.cache();
  assert.ok(used <= memory, `${used} of ${memory}`);
}

/** Around powers of two: slots and pages are that large, less what stands beside the body. */
function edges(): number[] {
  const sizes = [0, 1, 2, 3, 63, 100];
  for (let size = 128; size <= 2 * MB; size *= 2) {
    for (const less of [512, 300, 256, 200, 128, 64, 12, 4, 1, 0, -1, -4]) if (size > less) sizes.push(size - less);
  }
  return sizes;
}

for (const framing of ['known', 'chunked']) {
  test(`bodies of every size are whole, on a miss and as a hit from both threads (${framing})`, async () => {
    // one connection to each thread
    const clients = [await small.open(), await small.open()];
    const sizes = framing === 'known' ? edges() : edges().filter((_, i) => i % 3 === 0);
    for (const [i, size] of sizes.entries()) {
      const target = `/${framing}?${i}-${size}`;
      const body = noise(i, size);
      for (const [round, client] of [clients[0], clients[0], clients[1]].entries()) {
        client.send(requestText('GET', target));
        const response = await client.response();
        assert.ok(response.complete && response.body.equals(body), `${size} bytes, round ${round}`);
        if (size < 3 * MB)
          assert.equal(cacheStatus(response) === 'lb; hit', round > 0, `${size} bytes, round ${round}`);
      }
    }
    await assertSound(small);
  });
}

test('far more objects than there is room for: the limit holds and hits are right', async () => {
  let hits = 0;
  let asked = 0;
  const sizeOf = (number: number) => [100, 3000, 0, 20_000, 900, 70_000, 1, 150_000][number % 8] + number;
  const run = async (seed: number): Promise<void> => {
    const client = await small.open();
    let state = seed;
    for (let i = 0; i < 300; i++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      // the low numbers are asked most often
      const number = Math.floor(1500 * (state / 2 ** 32) ** 3);
      client.send(requestText('GET', `/${number % 3 === 0 ? 'chunked' : 'known'}?${number}-${sizeOf(number)}`));
      const response = await client.response();
      assert.ok(response.complete && response.body.equals(noise(number, sizeOf(number))), `object ${number}`);
      asked++;
      if (cacheStatus(response) === 'lb; hit') hits++;
    }
    client.close();
  };
  let running = true;
  const watch = (async () => {
    while (running) await assertSound(small);
  })();
  await Promise.all(Array.from({ length: 12 }, (_, client) => run(client + 1))).finally(() => {
    running = false;
  });
  await watch;
  const { evictions } = await small.lb.admin.cache();
  assert.ok(evictions > 100, `${evictions} evictions`);
  assert.ok(hits > asked / 3, `${hits} hits of ${asked}`);
});

test('clients that read nothing hold memory, and others are served all the same', async () => {
  const slow = await Promise.all(Array.from({ length: 8 }, () => small.open()));
  for (const [i, client] of slow.entries()) client.send(requestText('GET', `/known?${i}-${(i % 4) + 3_900_000}`));
  for (const client of slow) assert.equal((await client.head())?.status, 200);
  for (let i = 100; i < 130; i++) {
    const size = i % 3 === 0 ? 3_000_000 : 50_000;
    const response = await small.get(`/known?${i}-${size}`);
    assert.ok(response.complete && response.body.equals(noise(i, size)));
    await assertSound(small);
  }
  for (const client of slow) client.close();
  await small.lb.admin.idle();
});

test('what a client is reading stays whole, however it is replaced, purged and pressed meanwhile', async () => {
  const size = 3_500_000;
  let seed = 1;
  small.on('/moving', (_request, answer) => answer.send(200, [['Cache-Control', 'max-age=600']], noise(seed, size)));
  const readers = [];
  for (; seed <= 3; seed++) {
    const client = await small.open();
    client.send(requestText('GET', '/moving'));
    const head = await client.head();
    assert.ok(head !== undefined);
    readers.push({ client, head, seed });
    assert.equal((await small.lb.admin.fetch('DELETE', '/cache/moving')).status, 200);
  }
  for (let i = 200; i < 260; i++) await small.get(`/known?${i}-300000`);
  await assertSound(small);
  for (const { client, head, seed: made } of readers) {
    const { complete, body } = await client.body(head);
    assert.ok(complete && body.equals(noise(made, size)), `version ${made}`);
    client.close();
  }
  await small.lb.admin.idle();
});

test('64 MB in a cache of 256 MB: streamed on the miss, then whole from both threads', async () => {
  const large = await startScene({ after }, { workers: 2, cache: { memory: '256MB' } });
  const body = noise(1, 64 * MB);
  large.on('/64mb', (_request, answer) => answer.send(200, [FRESH], body));
  for (const expected of [/fwd=uri-miss; stored$/, /^lb; hit$/, /^lb; hit$/]) {
    const client = await large.open();
    client.send(requestText('GET', '/64mb'));
    const head = await client.head();
    assert.ok(head !== undefined);
    assert.match(cacheStatus(head), expected);
    let at = 0;
    const response = await client.body(head, 'GET', (chunk) => {
      assert.ok(chunk.equals(body.subarray(at, at + chunk.length)), `from byte ${at}`);
      at += chunk.length;
    });
    assert.deepEqual([response.complete, at], [true, 64 * MB]);
    client.close();
  }
  assert.equal(large.asked('/64mb').length, 1);
  await large.lb.admin.idle();
  await assertSound(large);
});
