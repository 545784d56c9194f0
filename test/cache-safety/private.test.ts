// Answers meant for one person: Authorization, Set-Cookie, private.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, type Scene, startScene } from '../caching/scene.ts';
import { FRESH, HIT, isFromOrigin, newPath } from './attack.ts';

const forced = { ttl: '1h', override: true, force: true };
const scene = await startScene(
  { after },
  {
    cache: {
      rule: { match: '/rule/*', ttl: '1h' },
      over: { match: '/over/*', ttl: '1h', override: true },
      forced: { match: '/forced/*', ...forced },
    },
  },
);
const control = (value: string): Field => ['Cache-Control', value];

/** Asked for with `fields`, then twice without, by others; every answer of the origin has a number. */
async function ask(where: Scene, path: string, fields: readonly Field[], answered: readonly Field[]): Promise<boolean> {
  let count = 0;
  where.on(path, (_request, answer) => answer.send(200, answered, `answer ${++count}`));
  assert.equal((await where.get(path, fields)).text, 'answer 1');
  const other = await where.get(path);
  assert.equal(other.text, isFromOrigin(other) ? 'answer 2' : 'answer 1');
  return other.text === 'answer 1';
}

const AUTHORIZATION: [directives: string, shared: boolean][] = [
  ['max-age=60', false],
  ['', false],
  ['max-age=60, proxy-revalidate', false],
  ['max-age=60, immutable', false],
  ['max-age=60, stale-while-revalidate=60', false],
  ['private, max-age=60', false],
  ['no-store, public', false],
  ['private, public, max-age=60', false],
  ['no-store, s-maxage=60', false],
  ['public, max-age=60', true],
  ['s-maxage=60', true],
  ['max-age=60, must-revalidate', true],
];
for (const [directives, shared] of AUTHORIZATION) {
  const what = directives === '' ? 'nothing' : directives;
  test(`the answer to an Authorization is ${shared ? 'shared' : 'no one else’s'} with ${what}`, async () => {
    for (const value of ['Bearer a', 'Basic eDp5', '']) {
      const fields: Field[] = directives === '' ? [] : [control(directives)];
      assert.equal(await ask(scene, newPath(), [['Authorization', value]], fields), shared, `Authorization: ${value}`);
    }
  });
}

test('no rule and no file name shares the answer to an Authorization', async () => {
  const css: Field = ['Content-Type', 'text/css'];
  for (const path of ['/rule/a.css', '/over/a.css', '/forced/a.css', '/a.css'])
    assert.equal(await ask(scene, path, [['Authorization', 'Bearer a']], [css]), false, path);
  for (const path of ['/rule/b.css', '/a-max.css'])
    assert.equal(await ask(scene, path, [['Authorization', 'Bearer a']], [css, FRESH]), false, path);
});

test('one with Authorization does not pass its answer to those who wait for the same page', async () => {
  const path = newPath();
  scene.on(path, async (request, answer) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return answer.send(200, [FRESH], `for ${request.get('authorization') ?? 'anyone'}`);
  });
  const own = scene.get(path, [['Authorization', 'Bearer a']]);
  await scene.origin.request(scene.origin.requests.length);
  const others = await Promise.all([
    scene.get(path),
    scene.get(path),
    scene.get(path, [['Authorization', 'Bearer b']]),
  ]);
  assert.equal((await own).text, 'for Bearer a');
  assert.deepEqual(
    others.slice(0, 2).map(({ text }) => text),
    ['for anyone', 'for anyone'],
  );
  assert.notEqual(others[2].text, 'for Bearer a');
});

test('the renewal of a public page by one with Authorization is not kept where it is theirs', async () => {
  const path = newPath();
  scene.on(path, (request, answer) => {
    const own = request.get('authorization');
    const fields: Field[] = [control('max-age=0'), ['ETag', '"e"'], ['X-User', own ?? 'anyone']];
    return request.get('if-none-match') === '"e"'
      ? answer.head(304, fields)
      : answer.send(200, fields, own ?? 'anyone');
  });
  assert.equal((await scene.get(path)).text, 'anyone');
  await scene.get(path, [['Authorization', 'Bearer a']]);
  const other = await scene.get(path);
  assert.deepEqual([other.text, other.get('x-user')], ['anyone', 'anyone']);
});

test('Set-Cookie never comes from the cache, with any lifetime and any rule', async () => {
  const cookie: Field = ['Set-Cookie', 'session=1; Path=/'];
  const css: Field = ['Content-Type', 'text/css'];
  for (const directives of ['max-age=60', 'public, max-age=60', 's-maxage=60', 'public, s-maxage=60, immutable'])
    assert.equal(await ask(scene, newPath(), [], [control(directives), cookie]), false, directives);
  for (const path of ['/rule/c.css', '/over/c.css', '/forced/c.css', '/c.css'])
    assert.equal(await ask(scene, path, [], [css, cookie]), false, path);
  assert.equal(await ask(scene, newPath(), [], [FRESH, ['set-COOKIE', '']]), false, 'an empty one');
});

test('a cookie that the origin keeps out of caches is left out, and the page is shared', async () => {
  for (const directives of ['max-age=60, no-cache="Set-Cookie"', 'max-age=60, private="set-cookie"']) {
    const path = newPath();
    scene.on(path, (_request, answer) => answer.send(200, [control(directives), ['Set-Cookie', 'a=1']], 'page'));
    await scene.get(path);
    const second = await scene.get(path);
    assert.equal(second.text, 'page');
    if (!isFromOrigin(second)) assert.equal(second.get('set-cookie'), undefined);
  }
});

test('a 304 with Set-Cookie gives the cookie to nobody but the one who asked', async () => {
  const path = newPath();
  scene.on(path, (request, answer) => {
    const fields: Field[] = [control('max-age=0'), ['ETag', '"e"']];
    if (request.get('if-none-match') === undefined) return answer.send(200, fields, 'page');
    const asker = request.get('x-asker');
    return answer.head(304, asker === undefined ? fields : [...fields, ['Set-Cookie', `user=${asker}`]]);
  });
  await scene.get(path);
  const own = await scene.get(path, [['X-Asker', 'alice']]);
  assert.equal(own.text, 'page');
  for (let i = 0; i < 2; i++) {
    const other = await scene.get(path);
    assert.deepEqual([other.text, other.get('set-cookie')], ['page', undefined]);
  }
});

test('the page of a collapsed request that sets a cookie goes to its own client alone', async () => {
  const path = newPath();
  let count = 0;
  scene.on(path, async (_request, answer) => {
    const session = ++count;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return answer.send(200, [FRESH, ['Set-Cookie', `session=${session}`]], `session ${session}`);
  });
  const responses = await Promise.all([1, 2, 3, 4, 5].map(() => scene.get(path)));
  assert.equal(new Set(responses.map(({ text }) => text)).size, 5);
  for (const response of responses) assert.equal(response.get('set-cookie'), response.text.replace(' ', '='));
});

test('private and no-store go to their own client, in every spelling', async () => {
  for (const directives of [
    'private',
    'PRIVATE, max-age=60',
    'max-age=60, private',
    'max-age=60,,private',
    'private="", max-age=60',
    'max-age=60, no-store',
    'No-Store, max-age=60',
    'no-store="x", max-age=60',
    'max-age=60; private, private',
  ])
    assert.equal(await ask(scene, newPath(), [], [control(directives)]), false, directives);
  assert.equal(await ask(scene, newPath(), [], [FRESH, control('no-store')]), false, 'in a second line');
  assert.equal(await ask(scene, '/forced/sure', [], [control('private')]), true, 'but for a rule that forces');
});

test('a page stored before is not given up for a private answer, nor the answer for the page', async () => {
  const path = newPath();
  let personal = false;
  scene.on(path, (_request, answer) =>
    personal
      ? answer.send(200, [control('private')], 'mine')
      : answer.send(200, [control('max-age=0'), ['ETag', '"e"']], 'page'),
  );
  await scene.get(path);
  personal = true;
  assert.equal((await scene.get(path)).text, 'mine');
  personal = false;
  const other = await scene.get(path);
  assert.equal(other.text, 'page');
  assert.notEqual(other.get('cache-status'), HIT);
});
