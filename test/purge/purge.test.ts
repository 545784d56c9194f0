// Purges over the admin listener: what they match, and that nothing from before is served once they are answered.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cacheStatus, counted, type Field, startScene, validated } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';

const scene = await startScene({ after }, { workers: 2 });
const FRESH: Field = ['Cache-Control', 'max-age=600'];
const host = (name: string): Field[] => [['Host', name]];

interface PurgeAnswer {
  id: string;
  scope: string;
  host: string | null;
  site: string | null;
  pattern: string;
  soft: boolean;
  time: string;
  objects?: number;
}

async function purge(target: string, body?: string): Promise<PurgeAnswer> {
  const response = await fetch(`http://127.0.0.1:${scene.lb.admin.port}/cache${target}`, { method: 'DELETE', body });
  assert.equal(response.status, 200, target);
  return (await response.json()) as PurgeAnswer;
}

/** Stores targets; `host` before a slash where it is not site.test. */
async function store(...targets: string[]): Promise<void> {
  for (const target of targets) {
    const { name, path } = split(target);
    scene.on(path.split('?', 1)[0], counted([FRESH]));
    await scene.get(path, host(name));
    assert.equal(cacheStatus(await scene.get(path, host(name))), 'lb; hit', target);
  }
}

/** Of these targets, those that both threads still have. */
async function kept(...targets: string[]): Promise<string[]> {
  const hits: string[] = [];
  for (const target of targets) {
    const { name, path } = split(target);
    const statuses = [];
    // each connection goes to the next thread
    for (let i = 0; i < 2; i++) statuses.push(cacheStatus(await scene.get(path, host(name))));
    if (statuses[0] === 'lb; hit') hits.push(target);
    assert.equal(statuses[1], 'lb; hit', target);
  }
  return hits;
}

function split(target: string): { name: string; path: string } {
  const slash = target.indexOf('/');
  return { name: target.slice(0, slash) || 'site.test', path: target.slice(slash) };
}

test('everything, counted', async () => {
  const targets = ['/count/1', '/count/2', 'a.test/count/2'];
  await store(...targets);
  const answer = await purge('/*');
  assert.deepEqual([answer.scope, answer.host, answer.site, answer.objects], ['all', null, null, 3]);
  assert.deepEqual(await kept(...targets), []);
});

test('one URL of one host', async () => {
  const targets = ['a.test/one', 'b.test/one', 'a.test/one/', 'a.test/one?q', 'a.test/One'];
  await store(...targets);
  const answer = await purge('/one?host=a.test');
  assert.deepEqual(
    [answer.scope, answer.host, answer.site, answer.pattern, answer.soft, answer.objects],
    ['url', 'a.test', 'default', '/one', false, 1],
  );
  assert.match(answer.id, /^\d+-[0-9a-f-]{36}$/);
  assert.ok(Math.abs(Date.parse(answer.time) - Date.now()) < 60_000);
  assert.deepEqual(await kept(...targets), targets.slice(1));
});

test('one URL of every host', async () => {
  const targets = ['a.test/any', 'b.test/any', 'b.test:81/any'];
  await store(...targets);
  await purge('/any');
  assert.deepEqual(await kept(...targets), []);
});

test('the query counts as sent', async () => {
  const targets = ['/q', '/q?a=1', '/q?a=1&b=2', '/q?b=2&a=1', '/q?a=%31'];
  await store(...targets);
  await purge('/q?host=site.test&a=1');
  assert.deepEqual(
    await kept(...targets),
    targets.filter((target) => target !== '/q?a=1'),
  );
  await purge('/q?b=2&host=site.test&a=1');
  assert.deepEqual(await kept('/q', '/q?b=2&a=1', '/q?a=1&b=2'), ['/q', '/q?a=1&b=2']);
  await purge('/q?*');
  assert.deepEqual(await kept('/q', '/q?a=1', '/q?a=%31'), ['/q']);
});

test('a pattern', async () => {
  const targets = [
    '/images/a.png',
    '/images/deep/b.png',
    '/images/',
    '/images',
    '/other/images/a.png',
    '/images/x?v=1',
  ];
  await store(...targets);
  const answer = await purge('/images/*');
  assert.deepEqual([answer.scope, answer.objects], ['pattern', undefined]);
  assert.deepEqual(await kept(...targets), ['/images', '/other/images/a.png']);
  await purge('/*/a.png');
  assert.deepEqual(await kept(...targets), ['/images/deep/b.png', '/images/', '/images', '/images/x?v=1']);
});

test('a star that is encoded is no wildcard', async () => {
  const targets = ['/star/%2A', '/star/x'];
  await store(...targets);
  assert.equal((await purge('/star/%2A')).scope, 'url');
  assert.deepEqual(await kept(...targets), ['/star/x']);
});

test('everything of one host, then everything', async () => {
  const targets = ['a.test/all/1', 'a.test/all/2', 'b.test/all/1'];
  await store(...targets);
  const answer = await purge('/*?host=A.test:8080');
  assert.deepEqual([answer.scope, answer.host], ['all', 'a.test']);
  assert.deepEqual(await kept(...targets), ['b.test/all/1']);
  assert.equal((await purge('/*')).host, null);
  await until(async () => (await scene.lb.admin.cache()).objects === 0, 'the memory to be given back');
  assert.deepEqual(await kept(...targets), []);
});

test('a soft purge leaves the object to be validated', async () => {
  scene.on('/soft', validated([FRESH], '"s"'));
  await scene.get('/soft');
  for (const body of ['{"soft": true}', '{"soft":true}']) {
    const answer = await purge('/soft?host=site.test', body);
    assert.deepEqual([answer.soft, answer.objects], [true, 1]);
    const next = await scene.get('/soft');
    assert.deepEqual([next.text, next.status], ['1', 200]);
    assert.match(cacheStatus(next), /^lb; fwd=stale; fwd-status=304/);
    for (let i = 0; i < 2; i++) assert.equal(cacheStatus(await scene.get('/soft')), 'lb; hit');
  }
  const asked = scene.asked('/soft').map((request) => request.get('if-none-match'));
  assert.deepEqual(asked, [undefined, '"s"', '"s"']);
});

test('a hard purge after a soft one removes', async () => {
  scene.on('/both', validated([FRESH], '"b"'));
  await scene.get('/both');
  await purge('/both', '{"soft": true}');
  await purge('/both');
  assert.match(cacheStatus(await scene.get('/both')), /^lb; fwd=uri-miss/);
  assert.equal(scene.asked('/both')[1].get('if-none-match'), undefined);
});

test('what nothing matches', async () => {
  assert.equal((await purge('/nothing/here?host=site.test')).objects, undefined);
  await purge('/nothing/*');
  await purge(`/${'x'.repeat(8000)}`);
});
