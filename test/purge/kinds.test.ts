// What a list of purges may name, on two threads: URLs, prefixes, patterns, hosts, sites, tags, everything.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cacheStatus, type Field } from '../caching/scene.ts';
import { startOrigin } from '../support/origin.ts';
import { startPurgeScene } from './scene.ts';

const t = { after };
const shopOrigin = await startOrigin(t, (_request, answer) =>
  answer.send(200, [['Cache-Control', 'max-age=600']], 'shop'),
);
const bench = await startPurgeScene(t);
const { scene } = bench;

const NONE: Field[] = [];
const all = (...targets: string[]) => Object.fromEntries(targets.map((target) => [target, NONE]));

test('an URL in full, one of every host, and a query as sent', async () => {
  const targets = ['a.test/u', 'b.test/u', '/u?x=1&y=2', '/u?y=2&x=1', '/other'];
  await bench.store(all(...targets));
  const [answer] = await bench.purge({ url: 'http://A.test:80/u' });
  assert.deepEqual(
    [answer.item, answer.scope, answer.host, answer.site, answer.pattern, answer.soft, answer.objects],
    [0, 'url', 'a.test', 'default', '/u', false, 1],
  );
  assert.match(answer.id, /^\d+-[0-9a-f-]{36}$/);
  assert.deepEqual(await bench.kept(...targets), targets.slice(1));
  await bench.purge({ url: '/u' }, { url: '/u?x=1&y=2' });
  assert.deepEqual(await bench.kept(...targets), ['/u?y=2&x=1', '/other']);
});

test('a prefix, a wildcard in the middle', async () => {
  const targets = [
    '/p/',
    '/p/a',
    'a.test/p/b?c',
    '/p',
    '/x/p/',
    '/m/1/end',
    '/m/2/3/end',
    '/m/1/end?q',
    '/m//end',
    '/m/end',
  ];
  await bench.store(all(...targets));
  await bench.purge({ prefix: '/p/', host: 'a.test' });
  assert.deepEqual(
    await bench.kept(...targets),
    targets.filter((target) => target !== 'a.test/p/b?c'),
  );
  await bench.purge({ prefix: '/p/' }, { pattern: '/m/*/end' });
  assert.deepEqual(await bench.kept(...targets), ['/p', '/x/p/', '/m/1/end?q', '/m/end']);
});

test('all of a host, then everything', async () => {
  const targets = ['a.test/1', 'a.test/2', 'b.test/1'];
  await bench.store(all(...targets));
  await bench.purge({ host: 'a.test' });
  assert.deepEqual(await bench.kept(...targets), ['b.test/1']);
  const [answer] = await bench.purge({ all: true });
  assert.deepEqual([answer.scope, answer.host, answer.site], ['all', null, null]);
  assert.ok((answer.objects ?? 0) >= targets.length);
  assert.deepEqual(await bench.kept(...targets), []);
});

test('all variants at once', async () => {
  const variants = ['de', 'en', 'fr'].map((language): Field[] => [['Accept-Language', language]]);
  const isHit = async (fields: Field[]) => cacheStatus(await scene.get('/variants', fields)) === 'lb; hit';
  const fields: Field[] = [
    ['Cache-Control', 'max-age=600'],
    ['Vary', 'Accept-Language'],
  ];
  scene.on('/variants', (request, answer) =>
    answer.send(200, [...fields, ['Cache-Tag', `page,${request.get('accept-language')}`]], 'x'),
  );
  const statuses = async () => {
    const hits: boolean[] = [];
    for (const variant of variants) hits.push(await isHit(variant));
    return hits;
  };
  for (const item of [
    { url: '/variants' },
    { prefix: '/vari' },
    { tag: 'page' },
    { url: 'http://site.test/variants' },
  ]) {
    await statuses();
    assert.deepEqual(await statuses(), [true, true, true]);
    await bench.purge(item);
    assert.deepEqual(await statuses(), [false, false, false], JSON.stringify(item));
  }
  await bench.purge({ tag: 'en' });
  assert.deepEqual(await statuses(), [true, false, true], 'a tag of one variant');
});

test('a list takes effect as a whole or not at all', async () => {
  const targets = ['a.test/list/1', '/list/2', '/list/3'];
  await bench.store(all(...targets));
  for (const [items, status, detail] of [
    [[{ url: '/list/2' }, { url: 'list/3' }], 400, /^purge\[1\]: "list\/3" is no path/],
    [[{ url: '/list/2' }, { site: 'nobody' }], 404, /^purge\[1\]: there is no site "nobody".*; nothing is purged$/],
  ] as const) {
    const { status: answered, answer } = await bench.post({ purge: items });
    assert.equal(answered, status);
    assert.match(answer.detail ?? '', detail);
    assert.deepEqual(await bench.kept(...targets), targets);
  }
  const answers = await bench.purge({ url: '/list/2' }, { tags: ['x', 'y'] }, { host: 'a.test' });
  assert.deepEqual(
    answers.map(({ item, scope, tag }) => [item, scope, tag]),
    [
      [0, 'url', undefined],
      [1, 'tag', 'x'],
      [1, 'tag', 'y'],
      [2, 'all', undefined],
    ],
  );
  assert.equal(new Set(answers.map(({ id }) => id)).size, 4);
  assert.deepEqual(await bench.kept(...targets), ['/list/3']);
});

test('a thousand tags at once', async () => {
  await bench.store({ '/many': [['Cache-Tag', 'tag-999']], '/few': [['Cache-Tag', 'tag-1000']] });
  const answers = await bench.purge({ tags: Array.from({ length: 1000 }, (_, i) => `tag-${i}`) });
  assert.equal(answers.length, 1000);
  assert.deepEqual(await bench.kept('/many', '/few'), ['/few']);
});

test('a site by its name, and its host by another', async () => {
  const shop = { origins: [shopOrigin.address], hosts: ['www.shop.test'] };
  const bench = await startPurgeScene(t, {
    origins: undefined,
    sites: { 'shop.test': shop, '*': { origins: [shopOrigin.address] } },
  });
  const targets = ['shop.test/', 'www.shop.test/', 'site.test/', 'other.test/'];
  const keep = async () => bench.kept(...targets);
  await keep();
  assert.deepEqual(await keep(), targets);
  const [answer] = await bench.purge({ site: 'shop.test' });
  assert.deepEqual([answer.site, answer.host, answer.objects], ['shop.test', null, 2]);
  assert.deepEqual(await keep(), targets.slice(2));
  await bench.purge({ url: '/', site: 'shop.test' });
  assert.deepEqual(await keep(), targets.slice(2));
  await bench.purge({ host: 'other.test' });
  assert.deepEqual(await keep(), targets.slice(0, 3));
  const { status, answer: refused } = await bench.post({ purge: [{ host: 'other.test', site: 'shop.test' }] });
  assert.deepEqual([status, refused.detail], [404, 'the site of other.test is "*", not "shop.test"']);
});

test('an URL is purged as the configuration keys it', async () => {
  const key = { query_exclude: [':tracking'], query_sort: true };
  const bench = await startPurgeScene(t, {
    cache: { key, raw: { match: '/raw', key: { query_exclude: ['x'], query_sort: false } } },
  });
  const targets = ['/q?a=1&b=2', '/q', '/raw?b=2&a=1', '/raw?a=1&b=2'];
  await bench.store(all(...targets));
  await bench.purge({ url: 'http://site.test/q?utm_source=mail&b=2&a=1' });
  assert.deepEqual(await bench.kept(...targets), targets.slice(1));
  await bench.purge({ url: '/q?b=2&gclid=1&a=1' }, { url: '/raw?b=2&x=&a=1' });
  assert.deepEqual(await bench.kept(...targets), ['/q', '/raw?a=1&b=2']);
  await bench.purge({ url: '/q?fbclid=1' });
  assert.deepEqual(await bench.kept(...targets), [targets[0], ...targets.slice(2)]);
  await fetch(`http://127.0.0.1:${bench.scene.lb.admin.port}/cache/q?b=2&utm_id=3&a=1`, { method: 'DELETE' });
  assert.deepEqual(await bench.kept(...targets), targets.slice(1));
});
