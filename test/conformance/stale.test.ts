// When a stored response may be served past its lifetime (RFC 9111 section 4.2.4, RFC 5861).
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Field, type Scene, startScene } from '../caching/scene.ts';

/** Seconds that every stored response has been stale for when it is asked for. */
const STALE_FOR = 10;

/** A page that is stale by `STALE_FOR` seconds as soon as it is stored; what follows is up to the caller. */
async function stalePage(t: TestContext, directives: string, then: 'breaks' | 'changes' | 'fails'): Promise<Scene> {
  const scene = await startScene(t);
  const fields: Field[] = [
    ['Cache-Control', `max-age=100${directives}`],
    ['Age', String(100 + STALE_FOR)],
    ['ETag', '"1"'],
  ];
  let count = 0;
  scene.on('/page', (_request, answer) => {
    if (++count === 1) return answer.send(200, fields, 'old');
    if (then === 'breaks') return answer.reset();
    if (then === 'fails') return answer.send(503, [], 'unavailable');
    return answer.send(
      200,
      [
        ['Cache-Control', 'max-age=100'],
        ['ETag', '"2"'],
      ],
      'new',
    );
  });
  assert.equal((await scene.get('/page')).text, 'old');
  return scene;
}

test('Within stale-while-revalidate the stale response is served at once [stale-while-revalidate]', async (t) => {
  const scene = await stalePage(t, ', stale-while-revalidate=3600', 'changes');
  assert.equal((await scene.get('/page')).text, 'old');
  const refresh = await scene.origin.request(1);
  assert.equal(refresh.get('if-none-match'), '"1"');
});

test('Past stale-while-revalidate the stale response is not served [stale-while-revalidate-window]', async (t) => {
  const scene = await stalePage(t, `, stale-while-revalidate=${STALE_FOR - 1}`, 'changes');
  assert.equal((await scene.get('/page')).text, 'new');
});

/** Directives, and whether they forbid it even where stale-if-error allows it. */
const FORBIDDEN: [directives: string, always: boolean, name: string][] = [
  [', must-revalidate', true, 'must-revalidate forbids it when the origin is gone [stale-close-must-revalidate]'],
  [', proxy-revalidate', true, 'proxy-revalidate forbids it when the origin is gone [stale-close-proxy-revalidate]'],
  [', no-cache', true, 'no-cache forbids it when the origin is gone [stale-close-no-cache]'],
  [', s-maxage=100', false, 's-maxage forbids it when the origin is gone [stale-close-s-maxage=2]'],
];
for (const [directives, always, name] of FORBIDDEN) {
  test(name, async (t) => {
    for (const allowed of always ? ['', ', stale-if-error=3600'] : ['']) {
      const scene = await stalePage(t, directives + allowed, 'breaks');
      const { status, text } = await scene.get('/page');
      assert.deepEqual([status, text.includes('old')], [502, false], `max-age=100${directives}${allowed}`);
    }
  });
}
