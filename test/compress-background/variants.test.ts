import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { brotliDecompressSync, gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import { type Field, startScene } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';
import type { Response } from '../support/client.ts';
import { type Asset, assets } from './assets.ts';

const FRESH: Field = ['Cache-Control', 'max-age=60'];
const DECODE = { br: brotliDecompressSync, zstd: zstdDecompressSync, gzip: gunzipSync };
type Coding = keyof typeof DECODE;

const scene = await startScene({ after }, { workers: 2, background_cpu: 1, compression: { enabled: true } });

const takes = (coding: Coding): Field[] => [['Accept-Encoding', coding]];

function serve(path: string, { type, body }: Pick<Asset, 'type' | 'body'>, fields: Field[] = [], etag = '"v1"'): void {
  scene.on(path, (_, answer) => answer.send(200, [FRESH, ['Content-Type', type], ['ETag', etag], ...fields], body));
}

/**
 * Asks until what comes is stored in the coding. It then says its length, which what is coded on its way does only where it
 * is short: then it is shorter than that.
 */
async function stored(path: string, coding: Coding, isShort = false): Promise<Response> {
  const quick = await scene.get(path, takes(coding));
  assert.equal(quick.get('content-encoding'), coding);
  let last = quick;
  await until(async () => {
    last = await scene.get(path, takes(coding));
    return isShort ? last.body.length < quick.body.length : last.get('content-length') !== undefined;
  }, `${path} in ${coding}`);
  return last;
}

async function outcome(name: string): Promise<number> {
  return (await scene.lb.admin.metrics()).get(`lb_background_jobs_total{outcome="${name}"}`) ?? 0;
}

const CODINGS = ['br', 'zstd', 'gzip'] as const;

for (const asset of assets()) {
  test(`${asset.name}: what is asked for again is stored, smaller than on its way by brotli`, async (t) => {
    const path = `/${asset.name}`;
    serve(path, asset);
    const quick = (await scene.get(path, takes('br'))).body.length;
    const lengths: number[] = [];
    for (const coding of CODINGS) {
      const response = await stored(path, coding);
      assert.ok(DECODE[coding](response.body).equals(asset.body));
      assert.deepEqual(
        [response.get('etag'), response.get('vary'), response.get('content-type'), response.get('cache-status')],
        ['W/"v1"', 'Accept-Encoding', asset.type, 'lb; hit'],
      );
      lengths.push(response.body.length);
    }
    const saving = 1 - lengths[0] / asset.body.length;
    t.diagnostic(`${asset.body.length} bytes: br ${lengths[0]}, ${(saving * 100).toFixed(1)} % smaller`);
    assert.ok(saving >= 0.7 && lengths[0] < quick, `${saving}, ${quick}`);
    assert.equal(scene.asked(path).length, 1);
  });
}

const CSS = assets().find(({ type }) => type === 'text/css') as Asset;

test('a range is of the content as it is, whatever variants there are', async () => {
  serve('/range', CSS);
  await stored('/range', 'br');
  const part = await scene.get('/range', [...takes('br'), ['Range', 'bytes=10-19']]);
  assert.deepEqual([part.status, part.get('content-encoding')], [206, undefined]);
  assert.equal(part.get('content-range'), `bytes 10-19/${CSS.body.length}`);
  assert.ok(part.body.equals(CSS.body.subarray(10, 20)));
});

test('the original and its variants are purged together', async () => {
  serve('/purged', CSS);
  await stored('/purged', 'br');
  const next = { ...CSS, body: Buffer.concat([CSS.body, Buffer.from('/* 2 */')]) };
  serve('/purged', next, [], '"v2"');
  const asked = await fetch(`http://127.0.0.1:${scene.lb.admin.port}/purge`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ purge: [{ url: `http://site.test/purged` }] }),
  });
  assert.equal(asked.status, 200, await asked.text());
  const response = await scene.get('/purged', takes('br'));
  assert.equal(response.get('etag'), 'W/"v2"');
  assert.ok(brotliDecompressSync(response.body).equals(next.body));
  assert.ok(brotliDecompressSync((await stored('/purged', 'br')).body).equals(next.body));
});

test('a variant dies with its original: another version has variants of its own', async () => {
  let version = 1;
  const body = () => Buffer.concat([CSS.body, Buffer.from(`/* ${version} */`)]);
  scene.on('/changing', (_, answer) =>
    answer.send(
      200,
      [
        ['Cache-Control', 'max-age=0, stale-while-revalidate=0'],
        ['Content-Type', CSS.type],
        ['ETag', `"${version}"`],
      ],
      body(),
    ),
  );
  for (; version <= 3; version++) {
    for (let i = 0; i < 4; i++) {
      const response = await scene.get('/changing', takes('br'));
      assert.ok(brotliDecompressSync(response.body).equals(body()), `version ${version}`);
    }
  }
});

test('what came compressed gets better variants, and serves who takes nothing', async () => {
  serve('/coded', { ...CSS, body: gzipSync(CSS.body) }, [['Content-Encoding', 'gzip']]);
  const response = await stored('/coded', 'br', true);
  assert.ok(brotliDecompressSync(response.body).equals(CSS.body));
  assert.ok((await scene.get('/coded')).body.equals(CSS.body));
  assert.equal(scene.asked('/coded').length, 1);
});

test('what does not get smaller is tried once', async () => {
  const before = await outcome('useless');
  const noise = Buffer.concat(Array.from({ length: 10 }, () => crypto.getRandomValues(new Uint8Array(10_000))));
  serve('/noise', { type: 'text/plain', body: noise });
  for (let i = 0; i < 6; i++) {
    const response = await scene.get('/noise', takes('br'));
    assert.ok(brotliDecompressSync(response.body).equals(noise));
  }
  await until(async () => (await outcome('useless')) === before + 1, 'the job');
  for (let i = 0; i < 6; i++) await scene.get('/noise', takes('br'));
  assert.equal(await outcome('useless'), before + 1);
});

test('both edges asking for one variant make one job', async () => {
  const before = await outcome('stored');
  serve('/once', CSS);
  await scene.get('/once', takes('zstd'));
  await Promise.all(Array.from({ length: 20 }, () => scene.get('/once', takes('zstd'))));
  await stored('/once', 'zstd');
  assert.equal(await outcome('stored'), before + 1);
});

test('an edge that dies leaves the variants to the others', async () => {
  serve('/survivor', CSS);
  await scene.get('/survivor', takes('br'));
  await scene.lb.admin.kill(1);
  const isReplaced = async () =>
    ((await scene.lb.admin.metrics()).get('lb_worker_restarts_total{worker="1"}') ?? 0) > 0;
  await until(async () => (await isReplaced()) && (await scene.lb.admin.ready()), 'the edge in its place');
  assert.ok(brotliDecompressSync((await stored('/survivor', 'br')).body).equals(CSS.body));
});

test('lb ends in the midst of a job without waiting for it', async () => {
  const other = await startScene({ after }, { workers: 1, background_cpu: 0.01, compression: { enabled: true } });
  const [{ type, body }] = assets();
  other.on('/long', (_, answer) => answer.send(200, [FRESH, ['Content-Type', type]], body));
  for (let i = 0; i < 4; i++) await other.get('/long', takes('br'));
  const begun = performance.now();
  await other.lb.server.stop();
  // alone it would take half a minute by its share
  assert.ok(performance.now() - begun < 8000);
});

test('no pins are left, and the figures are shown', async () => {
  await scene.lb.admin.idle();
  const metrics = await scene.lb.admin.metrics();
  assert.equal(metrics.get('lb_background_jobs_waiting'), 0);
  assert.equal(metrics.get('lb_background_jobs_total{outcome="failed"}'), 0);
  const [into, out] = ['in', 'out'].map((name) => metrics.get(`lb_background_bytes_total{direction="${name}"}`) ?? 0);
  assert.ok(into > 0 && out > 0 && out < into);
  assert.ok((metrics.get('lb_background_cpu_seconds_total') ?? 0) > 0);
});
