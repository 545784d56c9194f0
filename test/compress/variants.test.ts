// Stored variants as clients get them, and when they count no more.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, httpDate, startScene } from '../caching/scene.ts';
import { PurgeScene } from '../purge/scene.ts';
import { until } from '../support/cleanup.ts';
import { contentOf, encode, page } from './codings.ts';

const scene = await startScene({ after }, { workers: 1, compression: true, background_cpu: 1 });
const HTML: Field = ['Content-Type', 'text/html'];
const ETAG: Field = ['ETag', '"v1"'];
const TEXT = page(60_000);
const BR: Field = ['Accept-Encoding', 'br'];

const hits = async () => {
  const metrics = await scene.lb.admin.metrics();
  return [...metrics]
    .filter(([name]) => name.startsWith('lb_compression_variant_hits'))
    .reduce((sum, [, n]) => sum + n, 0);
};

/** Asks until the answer comes from a variant. */
async function fromVariant(path: string, fields: readonly Field[] = [BR]) {
  let got = await scene.get(path, fields);
  await until(async () => {
    const before = await hits();
    got = await scene.get(path, fields);
    return (await hits()) > before;
  }, 'a variant');
  return got;
}

test('a variant is smaller, has its length, and says the same as what is coded on its way', async () => {
  scene.on('/asset', (_request, answer) => answer.send(200, [['Cache-Control', 'max-age=60'], HTML, ETAG], TEXT));
  await scene.get('/asset', [BR]);
  const quick = await scene.get('/asset', [BR]);
  const variant = await fromVariant('/asset');
  assert.equal(await contentOf(variant), TEXT);
  assert.ok(variant.body.length < quick.body.length);
  for (const name of ['etag', 'vary', 'content-encoding', 'cache-status', 'content-type', 'cache-control']) {
    assert.equal(variant.get(name), quick.get(name), name);
  }
  assert.equal(variant.get('content-length'), String(variant.body.length));
  const head = await scene.head('/asset', [BR]);
  assert.equal(head.get('content-length'), String(variant.body.length));
  const same = await scene.get('/asset', [BR, ['If-None-Match', 'W/"v1"']]);
  assert.equal(same.status, 304);
  const plain = await scene.get('/asset');
  assert.equal(plain.text, TEXT);
  assert.equal(plain.get('etag'), '"v1"');
  assert.equal(scene.asked('/asset').length, 1);
});

test('a variant has the age and the fields of its original, also once the origin has confirmed it', async () => {
  let version = 1;
  scene.on('/confirmed', (request, answer) => {
    const fields: Field[] = [['Cache-Control', 'max-age=1'], HTML, ETAG, ['X-Version', String(version)], ['Age', '0']];
    return request.get('if-none-match') === '"v1"' ? answer.head(304, fields) : answer.send(200, fields, TEXT);
  });
  await scene.get('/confirmed', [BR]);
  await fromVariant('/confirmed');
  version = 2;
  await until(async () => {
    const response = await scene.get('/confirmed', [BR]);
    return response.get('x-version') === '2';
  }, 'a validation');
  const before = await hits();
  const response = await scene.get('/confirmed', [BR]);
  assert.equal(response.get('x-version'), '2');
  assert.ok(Number(response.get('age') ?? 0) <= 1);
  assert.equal(await contentOf(response), TEXT);
  assert.ok((await hits()) > before, 'the variant still counts');
  assert.equal(scene.asked('/confirmed').filter((request) => request.get('if-none-match') === undefined).length, 1);
});

test('other content has no variant, and a purge takes both', async () => {
  let text = page(30_000, 1);
  scene.on('/changed', (_request, answer) =>
    answer.send(200, [['Cache-Control', 'max-age=600'], HTML, ['Cache-Tag', 'news']], text),
  );
  const purges = new PurgeScene(scene);
  for (const spec of [{ url: 'http://site.test/changed' }, { tag: 'news' }, { all: true }]) {
    await scene.get('/changed', [BR]);
    assert.equal(await contentOf(await fromVariant('/changed')), text);
    text = page(30_000, text.charCodeAt(5) + 1);
    await purges.purge(spec);
    const before = await hits();
    assert.equal(await contentOf(await scene.get('/changed', [BR])), text);
    assert.equal(await contentOf(await scene.get('/changed', [BR])), text);
    assert.equal(await hits(), before);
  }
});

test('variants of what the origin has coded, and of what varies by another field', async () => {
  const coded = await encode('gzip', TEXT);
  scene.on('/coded', (_request, answer) =>
    answer.send(200, [['Cache-Control', 'max-age=60'], HTML, ['Content-Encoding', 'gzip']], coded),
  );
  await scene.get('/coded', [BR]);
  assert.equal(await contentOf(await fromVariant('/coded')), TEXT);
  assert.deepEqual((await scene.get('/coded', [['Accept-Encoding', 'gzip']])).body, coded);
  scene.on('/vary', (request, answer) => {
    const language = request.get('accept-language') ?? '';
    const vary: Field = ['Vary', 'Accept-Language, Accept-Encoding'];
    return answer.send(200, [['Cache-Control', 'max-age=60'], HTML, vary], language + TEXT);
  });
  for (const language of ['de', 'en']) {
    const fields: Field[] = [BR, ['Accept-Language', language]];
    await scene.get('/vary', fields);
    const response = await fromVariant('/vary', fields);
    assert.equal(await contentOf(response), language + TEXT);
    assert.equal(response.get('vary'), 'Accept-Language, Accept-Encoding');
  }
  assert.equal(scene.asked('/vary').length, 2);
});

test('a stale original goes out as its variant while it is refreshed', async () => {
  scene.on('/stale', (_request, answer) =>
    answer.send(
      200,
      [['Cache-Control', 'max-age=1, stale-while-revalidate=600'], ['Date', httpDate(0)], HTML, ETAG],
      TEXT,
    ),
  );
  await scene.get('/stale', [BR]);
  await fromVariant('/stale');
  await until(async () => {
    const response = await scene.get('/stale', [BR]);
    assert.equal(await contentOf(response), TEXT);
    return response.get('cache-status')?.includes('stale-while-revalidate') === true;
  }, 'a stale answer');
});

test('a variant and what was coded on its way are of one date, and yet of different bytes', async () => {
  const changed: Field = ['Last-Modified', httpDate(-3600)];
  const fields: Field[] = [['Cache-Control', 'max-age=60'], HTML, changed];
  scene.on('/dated', (_request, answer) => answer.send(200, fields, TEXT));
  await scene.get('/dated', [BR]);
  const variant = await fromVariant('/dated');
  const again = await scene.get('/dated', [BR, ['Range', 'bytes=100-'], ['If-Range', changed[1]]]);
  assert.equal(again.status, 200);
  assert.deepEqual(again.body, variant.body);
});

test('a variant of Zstandard content in several frames has them all', async () => {
  const halves = [TEXT.slice(0, 20_000), TEXT.slice(20_000)];
  const body = Buffer.concat(await Promise.all(halves.map((half) => encode('zstd', half))));
  const fields: Field[] = [['Cache-Control', 'max-age=60'], HTML, ['Content-Encoding', 'zstd']];
  scene.on('/frames', (_request, answer) => answer.send(200, fields, body));
  assert.equal((await scene.get('/frames')).text, TEXT);
  assert.equal(await contentOf(await scene.get('/frames', [BR])), TEXT);
  assert.equal(await contentOf(await fromVariant('/frames')), TEXT);
});
