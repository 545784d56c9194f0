// Tags that the origin gives: hidden from clients, and what purges go by, on two threads.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Gate } from '../caching/gate.ts';
import { cacheStatus, type Field } from '../caching/scene.ts';
import { until, within } from '../support/cleanup.ts';
import { requestText } from '../support/client.ts';
import { startPurgeScene } from './scene.ts';

const bench = await startPurgeScene({ after });
const { scene } = bench;
const FRESH: Field = ['Cache-Control', 'max-age=600'];
const TAG_FIELDS = ['cache-tag', 'surrogate-key', 'xkey'];

async function ask(target: string) {
  const client = await scene.open();
  client.send(requestText('GET', target));
  return client;
}

test('clients never see tags', async () => {
  const tags: Field[] = [
    ['Cache-Tag', 'a,b'],
    ['Surrogate-Key', 'c'],
    ['xkey', 'd'],
    ['XKey', 'e'],
    ['X-Kept', 'yes'],
  ];
  scene.on('/hidden', (request, answer) => {
    if (request.get('if-none-match') !== undefined) return answer.head(304, [FRESH, ...tags, ['ETag', '"t"']]);
    return answer.send(200, [FRESH, ...tags, ['ETag', '"t"']], 'x');
  });
  scene.on('/passed', (_request, answer) => answer.send(200, [['Cache-Control', 'no-store'], ...tags], 'x'));
  scene.on('/failed', (_request, answer) => answer.send(500, tags, 'x'));
  const answers = [await scene.get('/hidden'), await scene.get('/hidden'), await scene.head('/hidden')];
  await bench.purgeSoftly({ url: '/hidden' });
  answers.push(await scene.get('/hidden'), await scene.get('/hidden', [['If-None-Match', '"t"']]));
  answers.push(await scene.get('/passed'), await scene.get('/passed'), await scene.get('/failed'));
  answers.push(await scene.get('/hidden', [], { method: 'POST' }));
  for (const [index, answer] of answers.entries()) {
    for (const name of TAG_FIELDS) assert.equal(answer.get(name), undefined, `${name} of answer ${index}`);
    if (answer.status !== 304) assert.equal(answer.get('x-kept'), 'yes', `answer ${index}`);
  }
});

test('tags of every field, whatever separates them', async () => {
  const targets: Record<string, Field[]> = {
    '/t/comma': [['Cache-Tag', 'one,two']],
    '/t/space': [['Surrogate-Key', 'two three']],
    '/t/lines': [
      ['xkey', 'three'],
      ['xkey', 'four, five'],
    ],
    '/t/case': [['Cache-Tag', 'Two']],
    '/t/none': [],
  };
  const names = Object.keys(targets);
  await bench.store(targets);
  const [answer] = await bench.purge({ tag: 'two' });
  assert.deepEqual([answer.scope, answer.tag, answer.pattern, answer.objects], ['tag', 'two', '/*', undefined]);
  assert.deepEqual(await bench.kept(...names), names.slice(2));
  await bench.purge({ tags: ['five', 'none'], host: 'other.test' });
  assert.deepEqual(await bench.kept(...names), names);
  await bench.purge({ tags: ['five', 'none'], host: 'site.test' });
  assert.deepEqual(await bench.kept(...names), ['/t/comma', '/t/space', '/t/case', '/t/none']);
});

test('more tags than an object may have: it is not stored, and so no purge misses it', async () => {
  const tags = (count: number): Field[] => [['Cache-Tag', Array.from({ length: count }, (_, i) => `m${i}`).join()]];
  await bench.store({ '/most': tags(128) });
  scene.on('/more', (_request, answer) => answer.send(200, [FRESH, ...tags(129)], String(scene.asked('/more').length)));
  for (const text of ['1', '2', '3']) assert.equal((await scene.get('/more')).text, text);
  await bench.purge({ tag: 'm127' });
  assert.deepEqual(await bench.kept('/most'), []);
});

test('a soft purge has the origin asked whether it has changed', async () => {
  let version = 1;
  scene.on('/soft', (request, answer) => {
    const fields: Field[] = [FRESH, ['ETag', `"${version}"`], ['Cache-Tag', 'soft']];
    if (request.get('if-none-match') === `"${version}"`) return answer.head(304, fields);
    return answer.send(200, fields, `version ${version}`);
  });
  await scene.get('/soft');
  for (let i = 0; i < 3; i++) {
    await bench.purgeSoftly({ tag: 'soft' });
    const next = await scene.get('/soft');
    assert.match(cacheStatus(next), /^lb; fwd=stale; fwd-status=304/);
    for (let again = 0; again < 2; again++) assert.equal(cacheStatus(await scene.get('/soft')), 'lb; hit');
  }
  version = 2;
  await bench.purgeSoftly({ tag: 'soft' });
  assert.equal((await scene.get('/soft')).text, 'version 2');
  await bench.purge({ tag: 'soft' });
  assert.match(cacheStatus(await scene.get('/soft')), /uri-miss/);
});

test('a 304 may name other tags', async () => {
  scene.on('/retagged', (request, answer) => {
    const isFirst = request.get('if-none-match') === undefined;
    const fields: Field[] = [FRESH, ['ETag', '"r"'], ['Cache-Tag', isFirst ? 'before' : 'after']];
    return isFirst ? answer.send(200, fields, 'x') : answer.head(304, fields);
  });
  await scene.get('/retagged');
  await bench.purgeSoftly({ url: '/retagged' });
  await scene.get('/retagged');
  await bench.purge({ tag: 'before' });
  assert.equal(cacheStatus(await scene.get('/retagged')), 'lb; hit');
  await bench.purge({ tag: 'after' });
  assert.match(cacheStatus(await scene.get('/retagged')), /uri-miss/);
});

for (const soft of [false, true]) {
  const name = soft ? 'soft' : 'hard';
  const purge = (tag: string) => (soft ? bench.purgeSoftly({ tag }) : bench.purge({ tag }));

  test(`a ${name} purge before the head that names its tag: the answer is for those who asked before`, async () => {
    const target = `/waiting-${name}`;
    const old = new Gate();
    scene.on(target, async (_request, answer) => {
      const isFirst = scene.asked(target).length === 1;
      if (isFirst) await old.opened;
      await answer.send(200, [FRESH, ['Cache-Tag', `news,${name}`]], isFirst ? 'old' : 'new');
    });
    const before = await ask(target);
    await until(() => scene.asked(target).length === 1, 'the fill');
    await purge(name);
    for (let i = 0; i < 4; i++) assert.equal((await within(scene.get(target), 'an answer')).text, 'new');
    old.open();
    assert.equal((await before.response()).text, 'old');
    for (let i = 0; i < 4; i++) assert.equal((await scene.get(target)).text, 'new');
    assert.equal(scene.asked(target).length, 2);
  });

  test(`a ${name} purge before the head, and nobody asks until it is there`, async () => {
    const target = `/late-${name}`;
    const old = new Gate();
    scene.on(target, async (_request, answer) => {
      const isFirst = scene.asked(target).length === 1;
      if (isFirst) await old.opened;
      await answer.send(200, [FRESH, ['Cache-Tag', `late-${name}`]], isFirst ? 'old' : 'new');
    });
    const before = await ask(target);
    await until(() => scene.asked(target).length === 1, 'the fill');
    await purge(`late-${name}`);
    // so that the sweep has come by
    await until(async () => (await scene.lb.admin.cache()).banSeq > 0, 'the purge');
    old.open();
    assert.equal((await before.response()).text, 'old');
    const next = await scene.get(target);
    if (soft) assert.match(cacheStatus(next), /fwd=stale/);
    assert.equal(next.text, 'new');
  });

  test(`a ${name} purge amid the body: nobody joins the fill any more, nor is it used afterwards`, async () => {
    const target = `/streaming-${name}`;
    const rest = new Gate();
    scene.on(target, async (_request, answer) => {
      const isFirst = scene.asked(target).length === 1;
      await answer.head(200, [FRESH, ['Surrogate-Key', `stream-${name}`], ['Content-Length', '8']]);
      await answer.raw(isFirst ? 'old-' : 'new-');
      if (isFirst) await rest.opened;
      await answer.raw(isFirst ? 'old.' : 'new.');
    });
    const before = await ask(target);
    const head = await before.head();
    assert.ok(head !== undefined);
    await purge(`stream-${name}`);
    for (let i = 0; i < 2; i++) assert.equal((await within(scene.get(target), 'an answer')).text, 'new-new.');
    rest.open();
    assert.equal((await within(before.body(head), 'the rest')).text, 'old-old.');
    for (let i = 0; i < 4; i++) assert.equal((await scene.get(target)).text, 'new-new.');
  });
}

test('a fill under way whose tags are not those purged is stored', async () => {
  const go = new Gate();
  scene.on('/unharmed', async (_request, answer) => {
    await go.opened;
    await answer.send(200, [FRESH, ['Cache-Tag', 'calm']], 'x');
  });
  const before = await ask('/unharmed');
  await until(() => scene.asked('/unharmed').length === 1, 'the fill');
  for (let i = 0; i < 5; i++) await bench.purge({ tag: `storm-${i}` });
  go.open();
  await before.response();
  for (let i = 0; i < 2; i++) assert.equal(cacheStatus(await scene.get('/unharmed')), 'lb; hit');
  assert.equal(scene.asked('/unharmed').length, 1);
});
