// Memory that is all in use for a moment says nothing of what comes then.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cacheStatus, type Field, type Scene, startScene } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';
import { type Client, requestText } from '../support/client.ts';
import type { Settings } from '../support/lb.ts';
import { answerFor, bytesOf, FRESH, rangesAsked, type Version, wholeOf } from './file.ts';

const KB = 1024;
const MEMORY = 8192 * KB;

/** An lb whose memory is taken, by fills under way that hold all of it but less than a slice, from `take` to `give`. */
async function startSmall(
  settings: Settings = {},
): Promise<{ scene: Scene; take: () => Promise<void>; give: () => Promise<void> }> {
  const scene = await startScene({ after }, { workers: 1, cache: { memory: '8MB', ...settings } });
  const begun: (() => void)[] = [];
  const clients: Client[] = [];
  const block = Buffer.alloc(1700 * KB, 'x');
  scene.on('/slow', async (_request, answer) => {
    await answer.head(200, [FRESH, ['Content-Length', String(block.length)]]);
    await answer.raw(block.subarray(0, KB));
    await new Promise<void>((resolve) => begun.push(resolve));
    await answer.raw(block.subarray(KB));
  });
  const isTaken = async () => {
    const client = await scene.open();
    clients.push(client);
    client.send(requestText('GET', `/slow?${clients.length}`));
    const head = await client.head();
    return head?.get('cache-status')?.includes('stored') === true;
  };
  // what another request still reads gives its room only when that ends: asked again until all is taken
  const take = async () => {
    for (let left = Math.floor(MEMORY / block.length); left > 0; left--) await until(isTaken, 'memory to take');
  };
  const give = async () => {
    for (const go of begun) go();
    for (const client of clients) client.close();
    await scene.lb.admin.idle();
  };
  return { scene, take, give };
}

for (const isLengthKnown of [true, false]) {
  const said = isLengthKnown ? 'a known' : 'an unknown';
  test(`what finds no room, of ${said} length, is stored when it is asked for again`, async () => {
    const { scene, take, give } = await startSmall();
    await take();
    const body = Buffer.alloc(1900 * KB, 'y');
    scene.on('/file', async (_request, answer) => {
      if (isLengthKnown) return answer.send(200, [FRESH], body);
      await answer.head(200, [FRESH, ['Connection', 'close']]);
      await answer.raw(body);
      return answer.close();
    });
    assert.ok((await scene.get('/file')).body.equals(body));
    await give();
    const second = await scene.get('/file');
    assert.ok(second.body.equals(body));
    assert.equal(cacheStatus(second), 'lb; fwd=uri-miss; stored');
    await scene.lb.admin.idle();
    assert.equal(cacheStatus(await scene.get('/file')), 'lb; hit');
  });
}

const SIZE = 1500 * KB;
const V: Version = { length: 4 * SIZE + 5, etag: '"v"' };

for (const mode of ['fine', 'busy', 'more'] as const) {
  test(`a slice that finds no room comes from the origin to its client: an origin that is ${mode}`, async () => {
    const { scene, take, give } = await startSmall({ slice: '1500KB' });
    const gate = Promise.withResolvers<void>();
    const asked = (n: number) => rangesAsked(scene, '/file').filter((range) => range.startsWith(`${n * SIZE}-`)).length;
    scene.on('/file', async (request, answer) => {
      const [from, to] = (request.get('range') ?? '').slice('bytes='.length).split('-').map(Number);
      if (from >= SIZE) await gate.promise;
      if (from !== SIZE || asked(1) < 2 || mode === 'fine') return answerFor(V, request, answer);
      if (mode === 'busy') return answer.send(429, [], 'later');
      const fields: Field[] = [FRESH, ['ETag', V.etag], ['Content-Range', `bytes ${from}-${to}/${V.length}`]];
      return answer.send(206, fields, bytesOf(V, from, to + 100));
    });
    const client = await scene.open();
    client.send(requestText('GET', '/file'));
    const head = await client.head();
    assert.ok(head !== undefined);
    const body = client.body(head);
    await until(() => asked(1) > 0, 'the second slice');
    await take();
    gate.resolve();
    const response = await body;
    const whole = wholeOf(V);
    assert.ok(whole.subarray(0, response.body.length).equals(response.body));
    assert.equal(response.complete, mode === 'fine');
    assert.ok(asked(1) === 2, rangesAsked(scene, '/file').join());
    // what is known of the file stays
    const part = await scene.get('/file', [['Range', 'bytes=5-9']]);
    assert.ok(part.body.equals(whole.subarray(5, 10)));
    assert.doesNotMatch(cacheStatus(part), /uri-miss/);
    await give();
  });
}
