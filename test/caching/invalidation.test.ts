// What an answer to an unsafe method makes invalid (RFC 9111 section 4.4), over two edge threads.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { until } from '../support/cleanup.ts';
import { Gate } from './gate.ts';
import { cacheStatus, counted, type Field, type Scene, startScene } from './scene.ts';

const scene = await startScene({ after }, { workers: 2 });
const keyed = await startScene(
  { after },
  { cache: { key: { query_exclude: ['utm_*'], query_sort: true, headers: ['X-Shop'] } } },
);
const FRESH: Field = ['Cache-Control', 'max-age=60'];

interface Case {
  method?: string;
  status?: number;
  fields?: Field[];
  /** Targets stored before: whether the answer must have invalidated them. */
  stored: Record<string, boolean>;
  name: string;
}

const OTHER: Field = ['Host', 'other.test'];

const cases: Case[] = [
  { name: 'the target itself, and nothing else', stored: { '/a': true, '/a?q=1': false, '/a/': false, '/b': false } },
  { name: 'a target with a query', stored: { '/a?x=1&y=2': true, '/a': false, '/a?x=1': false } },
  ...['PUT', 'DELETE', 'PATCH', 'PURGE', 'MKCOL', 'UNLINK', 'LOCK'].map((method) => ({
    name: `${method} is unsafe`,
    method,
    stored: { '/a': true },
  })),
  ...['OPTIONS', 'QUERY', 'PROPFIND', 'REPORT', 'TRACE'].map((method) => ({
    name: `${method} is safe`,
    method,
    stored: { '/a': false },
  })),
  ...[200, 201, 204, 207, 299, 301, 303, 307, 399].map((status) => ({
    name: `${status} invalidates`,
    status,
    fields: [['Location', '/b']] as Field[],
    stored: { '/a': true, '/b': true },
  })),
  ...[400, 403, 404, 409, 412, 500, 502, 503].map((status) => ({
    name: `${status} invalidates nothing`,
    status,
    fields: [['Location', '/b']] as Field[],
    stored: { '/a': false, '/b': false },
  })),
  { name: 'Location, absolute path', fields: [['Location', '/b?q#part']], stored: { '/a': true, '/b?q': true } },
  { name: 'Location, relative', fields: [['Location', 'b']], stored: { '/dir/a': true, '/dir/b': true, '/b': false } },
  { name: 'Location, one level up', fields: [['Location', '../b']], stored: { '/dir/a': true, '/b': true } },
  { name: 'Location, query only', fields: [['Location', '?n=2']], stored: { '/a': true, '/a?n=2': true } },
  {
    name: 'Location, same origin in full',
    fields: [['Location', 'HTTP://SITE.test:80/b']],
    stored: { '/a': true, '/b': true },
  },
  { name: 'Location, same host by its own', fields: [['Location', '//site.test/b']], stored: { '/b': true } },
  { name: 'Content-Location', fields: [['Content-Location', '/b']], stored: { '/a': true, '/b': true } },
  {
    name: 'both',
    fields: [
      ['Location', '/b'],
      ['Content-Location', '/c'],
    ],
    stored: { '/a': true, '/b': true, '/c': true, '/d': false },
  },
  { name: 'another host', fields: [['Location', 'http://other.test/b']], stored: { '/a': true, '/b': false } },
  { name: 'another scheme', fields: [['Location', 'https://site.test/b']], stored: { '/a': true, '/b': false } },
  { name: 'another port', fields: [['Location', 'http://site.test:81/b']], stored: { '/a': true, '/b': false } },
  { name: 'no URL at all', fields: [['Location', 'http://[']], stored: { '/a': true, '/b': false } },
];

/** Whether a target is answered from the cache. */
async function isHit(where: Scene, target: string, fields: Field[] = []): Promise<boolean> {
  return cacheStatus(await where.get(target, fields)) === 'lb; hit';
}

async function store(where: Scene, target: string, fields: Field[] = []): Promise<void> {
  await where.get(target, fields);
  assert.ok(await isHit(where, target, fields), `${target} is stored`);
}

for (const [number, { name, method = 'POST', status = 200, fields = [], stored }] of cases.entries()) {
  test(name, async () => {
    const folder = `/${number}`;
    const targets = Object.keys(stored);
    const [asked] = targets[0].startsWith('/b') ? ['/a'] : targets;
    const located = fields.map(
      ([field, value]): Field => [field, value.replace(/(^|test(:\d+)?)\/(?=\w)/, `$&${number}/`)],
    );
    const handler = counted([FRESH]);
    for (const target of new Set([asked, ...targets])) {
      scene.on(folder + target.split('?', 1)[0], (request, answer) => {
        if (request.method === 'GET') return handler(request, answer);
        return status === 204 ? answer.head(204, located) : answer.send(status, located, '');
      });
    }
    for (const target of targets) await store(scene, folder + target);
    for (const target of targets) await store(scene, folder + target, [OTHER]);
    await scene.get(folder + asked, [], { method });
    const now: Record<string, boolean> = {};
    for (const target of targets) now[target] = !(await isHit(scene, folder + target));
    assert.deepEqual(now, stored);
    for (const target of targets) assert.ok(await isHit(scene, folder + target, [OTHER]), 'another host keeps its own');
  });
}

test('all variants go', async () => {
  scene.on('/vary', (request, answer) =>
    answer.send(200, request.method === 'GET' ? [FRESH, ['Vary', 'X-A']] : [], `${request.get('x-a')}`),
  );
  const variants: Field[][] = [[['X-A', 'one']], [['X-A', 'two']]];
  for (const fields of variants) await store(scene, '/vary', fields);
  await scene.get('/vary', [], { method: 'DELETE' });
  for (const fields of variants) assert.equal(await isHit(scene, '/vary', fields), false);
});

test('stored parts go, and a part that is on its way is not kept', async () => {
  const arrive = new Gate();
  let version = 'old!';
  scene.on('/parts', async (request, answer) => {
    if (request.method !== 'GET') return answer.send(200, [], '');
    const [start, end] = (request.get('range') ?? '').slice(6).split('-').map(Number);
    const body = version.slice(start, end + 1);
    const tag = `"${version}"`;
    if (start === 2 && version === 'old!') await arrive.opened;
    return answer.send(206, [FRESH, ['ETag', tag], ['Content-Range', `bytes ${start}-${end}/4`]], body);
  });
  const part = async (range: string) => (await scene.get('/parts', [['Range', `bytes=${range}`]])).text;
  assert.equal(await part('0-1'), 'ol');
  const late = part('2-3');
  await until(() => scene.asked('/parts').length === 2, 'the second part to be asked for');
  version = 'new!';
  await scene.get('/parts', [], { method: 'PUT' });
  arrive.open();
  assert.equal(await late, 'd!');
  assert.deepEqual([await part('2-3'), await part('0-1')], ['w!', 'ne']);
});

test('what the configuration makes of a target is what is invalidated', async () => {
  keyed.on('/k', counted([FRESH, ['Location', '/l?c=3&utm_source=x&b=2']]));
  keyed.on('/l', counted([FRESH]));
  const shop: Field[] = [['X-Shop', 'nord']];
  for (const fields of [[], shop]) {
    await store(keyed, '/k?b=1&a=2', fields);
    await store(keyed, '/l?b=2&c=3', fields);
  }
  const targets = ['/k?b=1&a=2', '/l?b=2&c=3'];
  const before = await Promise.all(targets.map((target) => keyed.get(target)));
  await keyed.get('/k?utm_medium=mail&a=2&b=1', shop, { method: 'POST' });
  for (const target of targets) assert.equal(await isHit(keyed, target, shop), false);
  for (const [i, target] of targets.entries())
    await until(async () => (await keyed.get(target)).text !== before[i].text, 'another answer');
});

test('what is stored for other values of what the configuration keys goes a moment later', async () => {
  keyed.on('/m', counted([FRESH]));
  const shops: Field[][] = [[['X-Shop', 'nord']], [['X-Shop', 'west']], []];
  const before = await Promise.all(shops.map((fields) => keyed.get('/m', fields)));
  for (const fields of shops) assert.ok(await isHit(keyed, '/m', fields));
  await keyed.get('/m', shops[0], { method: 'POST' });
  assert.equal(await isHit(keyed, '/m', shops[0]), false);
  for (const [i, fields] of shops.entries())
    await until(async () => (await keyed.get('/m', fields)).text !== before[i].text, 'another answer');
});
