import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import zlib from 'node:zlib';
import { type Cache, CacheKey, createCache, openCache, type UserWords } from '../cache/cache.ts';
import { Dictionaries } from '../compress/dictionaries.ts';
import { packKey } from '../compress/key-message.ts';
import { variantKey } from '../compress/variants.ts';
import { encodeMeta, StoredViews } from '../fill/stored.ts';
import type { Coding } from '../http/content-coding.ts';
import { workerFile } from '../threads/spawn.ts';
import { WorkPool } from './pool.ts';
import { BackgroundWorks } from './works.ts';

const WORDS: UserWords = [2 ** 30, 1, 0, 200];
const ANY = { site: -1, host: '', pattern: '*', soft: false };
const NOTHING = new Uint8Array(0);

/** A cache with an edge and main, and main's works. */
function setUp(t: TestContext, file = workerFile('pool')) {
  const memory = createCache({ memory: 32 * 1024 * 1024, workers: 1, eviction: 's3fifo' });
  const main = openCache(memory, 0);
  const edge = openCache(memory, 1);
  const log: string[] = [];
  const pool = new WorkPool({ file, share: 1, idleTimeout: 50, onError: (error) => assert.fail(error) });
  const works = new BackgroundWorks(main, pool, (message) => log.push(message));
  t.after(() => works.close());
  const prefix = edge.prefix(Buffer.from('3:https|example.org'), 3, 'example.org');
  const keyOf = (target: string) => new CacheKey().set(prefix, target, 'k');
  const put = (target: string, content: string, body: Uint8Array, tags: number[] = []) => {
    const meta = encodeMeta({ status: 200, tail: 0, content });
    assert.notEqual(edge.put(keyOf(target), NOTHING, meta, body, WORDS, undefined, tags), 0);
  };
  const want = (target: string, content: string, to: Coding, length = 5000, from: Coding | 'identity' = 'identity') =>
    works.request({
      what: 'variant',
      key: packKey(keyOf(target)),
      content,
      from,
      to,
      type: 'text/css',
      length,
      site: 3,
    });
  /** The variant of a content, if it is stored. */
  const variant = (
    target: string,
    coding: Parameters<typeof variantKey>[1],
  ): { original: string; body: Buffer } | undefined => {
    const id = edge.lookup(variantKey(keyOf(target), coding));
    if (id === 0) return undefined;
    const original = new StoredViews(edge).of(id).meta.original ?? '';
    const body = bodyOf(edge, id);
    edge.unpin();
    return { original, body };
  };
  return { main, edge, works, log, prefix, keyOf, put, want, variant };
}

function bodyOf(cache: Cache, id: number): Buffer {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < cache.bodyLength(id); at += parts[parts.length - 1].length)
    parts.push(cache.body(id, at).slice());
  return Buffer.concat(parts);
}

/** Resolves once so many jobs are over, by whatever outcome. */
async function over(works: BackgroundWorks, jobs: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const { stored, useless, outdated, failed } = works.figures();
    if (stored + useless + outdated + failed >= jobs) return;
    assert.ok(performance.now() < deadline, `${jobs} jobs are not over: ${JSON.stringify(works.figures())}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const TEXT = Buffer.from('a rule of style { color: red; margin: 0 1px 2px 3px }\n'.repeat(100));
const LARGE = Buffer.concat(Array.from({ length: 40 }, (_, i) => Buffer.from(`${i}${TEXT.toString()}`)));

test('a variant is stored with what ties it to its original', async (t) => {
  const { edge, works, put, want, variant } = setUp(t);
  const tag = edge.tagHash('styles');
  put('/a', 'one', LARGE, [tag]);
  for (const coding of ['br', 'zstd', 'gzip'] as const) want('/a', 'one', coding, LARGE.length);
  await over(works, 3);
  const undo = { br: zlib.brotliDecompressSync, zstd: zlib.zstdDecompressSync, gzip: zlib.gunzipSync };
  for (const coding of ['br', 'zstd', 'gzip'] as const) {
    const stored = variant('/a', coding);
    assert.equal(stored?.original, 'one');
    assert.ok(undo[coding](stored.body).equals(LARGE));
  }
  const figures = works.figures();
  assert.deepEqual([figures.stored, figures.bytesIn, figures.waiting], [3, 3 * LARGE.length, 0]);
  assert.ok(figures.bytesOut > 0 && figures.bytesOut < LARGE.length / 2 && figures.cpuSeconds > 0);
});

test('the variant of what came compressed is made of what it is without', async (t) => {
  const { works, put, want, variant } = setUp(t);
  put('/a', 'one', zlib.gzipSync(TEXT));
  want('/a', 'one', 'br', 100, 'gzip');
  await over(works, 1);
  assert.ok(zlib.brotliDecompressSync(variant('/a', 'br')?.body ?? NOTHING).equals(TEXT));
});

test('wishes for one variant, of however many threads, make one job; so do later ones', async (t) => {
  const { works, put, want } = setUp(t);
  put('/a', 'one', TEXT);
  for (let i = 0; i < 20; i++) want('/a', 'one', 'br');
  await over(works, 1);
  want('/a', 'one', 'br');
  want('/a', 'one', 'gzip');
  await over(works, 2);
  assert.deepEqual([works.figures().stored, works.figures().waiting], [2, 0]);
});

test('what does not get smaller is remembered', async (t) => {
  const { works, put, want, variant } = setUp(t);
  put('/a', 'one', crypto.getRandomValues(new Uint8Array(20_000)));
  want('/a', 'one', 'br');
  await over(works, 1);
  want('/a', 'one', 'br');
  put('/b', 'two', TEXT);
  want('/b', 'two', 'br');
  await over(works, 2);
  assert.deepEqual([works.figures().useless, works.figures().stored], [1, 1]);
  assert.equal(variant('/a', 'br'), undefined);
});

test('nothing is stored for an original that has gone, has been replaced or was purged meanwhile', async (t) => {
  const { main, edge, works, keyOf, put, want, variant } = setUp(t);
  const tag = edge.tagHash('old');
  for (const target of ['/gone', '/new', '/purged']) put(target, 'one', LARGE);
  put('/tagged', 'one', LARGE, [tag]);
  // the first is under way when the others change; what is under way is looked at once more at its end
  want('/gone', 'one', 'br', LARGE.length);
  await new Promise(setImmediate);
  for (const target of ['/new', '/purged', '/tagged']) want(target, 'one', 'br', LARGE.length);
  edge.remove(keyOf('/gone'));
  put('/new', 'two', TEXT);
  main.purge.add({ ...ANY, tag: 'old' });
  main.purge.add({ ...ANY, pattern: '/purged' });
  await over(works, 4);
  assert.deepEqual([works.figures().stored, works.figures().outdated], [0, 4]);
  assert.equal(variant('/new', 'br'), undefined);
});

test('a purge meets the variant too', async (t) => {
  const { main, edge, works, put, want, variant } = setUp(t);
  const specs = [
    { tag: 'old' },
    { pattern: '/a', host: 'example.org', site: 3, exact: true as const },
    { pattern: '/*' },
  ];
  for (const [i, spec] of specs.entries()) {
    put('/a', `content ${i}`, TEXT, [edge.tagHash('old')]);
    want('/a', `content ${i}`, 'br');
    await over(works, i + 1);
    assert.ok(variant('/a', 'br') !== undefined);
    main.purge.add({ ...ANY, ...spec });
    assert.equal(variant('/a', 'br'), undefined);
  }
});

test('a thread that dies fails one job; the rest goes on, and no pin is left', async (t) => {
  const { main, works, log, put, want } = setUp(t, new URL('./dying.fixture.ts', import.meta.url));
  put('/bad', 'one', Buffer.alloc(5000, 0xff));
  put('/good', 'two', TEXT);
  want('/bad', 'one', 'br');
  want('/good', 'two', 'br');
  await over(works, 2);
  assert.deepEqual([works.figures().failed, works.figures().stored, log.length], [1, 1, 1]);
  assert.equal(main.stats().pins, 0);
  main.audit();
});

test('closing in the midst of a job leaves no pin', async (t) => {
  const { main, works, put, want } = setUp(t);
  put('/a', 'one', Buffer.concat(Array.from({ length: 8 }, () => crypto.getRandomValues(new Uint8Array(60_000)))));
  want('/a', 'one', 'br');
  await new Promise(setImmediate);
  await works.close();
  assert.equal(main.stats().pins, 0);
  main.audit();
});

test('a response becomes a dictionary, is found by its hash, outlives its replacement, and is purged with it', async (t) => {
  const { main, edge, works, prefix, keyOf, put } = setUp(t);
  const dictionaries = new Dictionaries(edge, (request) => works.request(request));
  const tag = edge.tagHash('app');
  put('/app/1.js', 'one', zlib.brotliCompressSync(TEXT), [tag]);
  for (let i = 0; i < 5; i++) dictionaries.offer(keyOf('/app/1.js'), 'one', 'br', 500);
  await over(works, 1);
  const hash = createHash('sha256').update(TEXT).digest('hex');
  const find = () => dictionaries.find(prefix, hash, (path) => path === '/app/1.js');
  assert.ok(find()?.bytes.equals(TEXT));
  assert.equal(find(), find(), 'the copy is kept');
  assert.equal(
    dictionaries.find(prefix, hash, () => false),
    undefined,
  );
  const elsewhere = edge.prefix(Buffer.from('3:https|other.org'), 3, 'other.org');
  assert.equal(
    dictionaries.find(elsewhere, hash, () => true),
    undefined,
    'another origin',
  );
  put('/app/1.js', 'two', TEXT);
  assert.ok(find()?.bytes.equals(TEXT));
  main.purge.add({ ...ANY, tag: 'app' });
  assert.equal(find(), undefined);
  main.audit();
});

const UNDONE = { dcz: zlib.zstdDecompressSync, dcb: zlib.brotliDecompressSync } as const;

for (const [coding, magic] of [
  ['dcz', '5e2a4d1820000000'],
  ['dcb', 'ff444342'],
] as const)
  test(`${coding}: the header of RFC 9842, then what the dictionary undoes`, async (t) => {
    const { edge, works, prefix, keyOf, put, variant } = setUp(t);
    const dictionaries = new Dictionaries(edge, (request) => works.request(request));
    const next = Buffer.concat([LARGE.subarray(0, 90_000), Buffer.from('something new'), LARGE.subarray(90_000)]);
    put('/1.css', 'one', LARGE);
    put('/2.css', 'two', next);
    dictionaries.offer(keyOf('/1.css'), 'one', 'identity', LARGE.length);
    await over(works, 1);
    const hash = createHash('sha256').update(LARGE).digest();
    const found = dictionaries.find(prefix, hash.toString('hex'), () => true);
    assert.ok(found !== undefined);
    const original = { key: keyOf('/2.css'), content: 'two', from: 'identity', length: next.length } as const;
    for (let i = 0; i < 5; i++) dictionaries.want(original, coding, found);
    await over(works, 2);
    const stored = variant('/2.css', `${coding}:${hash.toString('hex')}`);
    assert.equal(stored?.original, 'two');
    const header = magic + hash.toString('hex');
    const at = header.length / 2;
    assert.equal(stored.body.subarray(0, at).toString('hex'), header);
    const options = { dictionary: LARGE };
    assert.ok(UNDONE[coding](stored.body.subarray(at), options).equals(next));
    assert.ok(stored.body.length < 200, `${stored.body.length} bytes`);
  });
