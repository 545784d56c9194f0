// Pages with Vary: whatever becomes of a variant, the page can be cached again, within the limit of variants.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cacheStatus, counted, type Field, type Handler, startScene } from '../caching/scene.ts';
import { PurgeScene } from '../purge/scene.ts';

const MAX_VARIANTS = 30;

// one thread, so that every request meets what the one before it left behind
const scene = await startScene({ after }, { workers: 1, cache: { max_variants: MAX_VARIANTS } });
const purges = new PurgeScene(scene);

const FRESH: Field = ['Cache-Control', 'max-age=600'];
const ETAG: Field = ['ETag', '"e"'];

/** Answers 304 to whoever has its tag. */
function tagged(fields: () => readonly Field[]): Handler {
  return (request, answer) =>
    request.get('if-none-match')?.includes('"e"') === true
      ? answer.head(304, [...fields(), ETAG])
      : answer.send(200, [...fields(), ETAG], 'body');
}

/** Asks twice: the second request is a hit. At most two requests go to the origin, the second of them for all. */
async function expectCachedAgain(target: string, fields: readonly Field[] = []): Promise<void> {
  const before = scene.asked(target).length;
  assert.equal((await scene.get(target, fields)).text, 'body');
  const again = await scene.get(target, fields);
  assert.equal(again.text, 'body');
  assert.equal(cacheStatus(again), 'lb; hit');
  assert.ok(scene.asked(target).length <= before + 2);
}

test('a page with Vary and ETag is cached again after a purge by its tag', async () => {
  scene.on(
    '/purged',
    tagged(() => [FRESH, ['Vary', 'X-V'], ['Cache-Tag', 'purged']]),
  );
  await expectCachedAgain('/purged', [['X-V', 'a']]);
  await expectCachedAgain('/purged', [['X-V', 'b']]);
  await purges.purge({ tag: 'purged' });
  await expectCachedAgain('/purged', [['X-V', 'a']]);
  await expectCachedAgain('/purged', [['X-V', 'b']]);
  await expectCachedAgain('/purged', [['X-V', 'c']]);
});

test('a page with Vary and ETag is cached after an answer that broke off', async () => {
  const fields: Field[] = [FRESH, ['Vary', 'X-V'], ETAG];
  scene.on('/broken', async (_request, answer) => {
    await answer.head(200, [...fields, ['Content-Length', '1000']]);
    await answer.raw('part');
    answer.reset();
  });
  assert.equal((await scene.get('/broken', [['X-V', 'a']])).complete, false);
  scene.on(
    '/broken',
    tagged(() => [FRESH, ['Vary', 'X-V']]),
  );
  await expectCachedAgain('/broken', [['X-V', 'a']]);
  await expectCachedAgain('/broken', [['X-V', 'b']]);
});

test('a page whose Vary changes while its ETag stays is cached for all variants', async () => {
  let vary = 'X-A';
  scene.on(
    '/other-vary',
    tagged(() => [FRESH, ['Vary', vary]]),
  );
  await expectCachedAgain('/other-vary', [['X-A', '1']]);
  vary = 'X-A, X-B';
  const b: Field = ['X-B', '1'];
  for (const fields of [[['X-A', '2']], [['X-A', '2'], b], [['X-A', '3'], b], [['X-A', '1']]] as Field[][]) {
    await expectCachedAgain('/other-vary', fields);
  }
});

test('variants that are stale make room for others where there are as many as may be', async () => {
  const stale: Field[] = [
    ['Cache-Control', 'max-age=10'],
    ['Age', '12'],
  ];
  scene.on('/room', counted([...stale, ['Vary', 'X-V'], ETAG]));
  for (let i = 0; i < MAX_VARIANTS; i++) await scene.get('/room', [['X-V', `old ${i}`]]);
  scene.on('/room', counted([FRESH, ['Vary', 'X-V'], ['ETag', '"f"']]));
  await scene.get('/room', [['X-V', 'new']]);
  assert.equal(cacheStatus(await scene.get('/room', [['X-V', 'new']])), 'lb; hit');
});

test('the limit of variants holds for values of any length', async () => {
  for (const length of [1, 15_000]) {
    const target = `/limit-${length}`;
    scene.on(target, counted([FRESH, ['Vary', 'X-Long']]));
    const ask = async (i: number) => cacheStatus(await scene.get(target, [['X-Long', `${i}${'x'.repeat(length)}`]]));
    const values = Array.from({ length: MAX_VARIANTS + 10 }, (_, i) => i);
    for (const i of values) await ask(i);
    const hits: number[] = [];
    for (const i of values) if ((await ask(i)) === 'lb; hit') hits.push(i);
    assert.deepEqual(hits, values.slice(0, MAX_VARIANTS), `values of ${length} bytes`);
  }
});
