// What a purge or a change reaches, what it leaves alone, and that neither can do harm.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cacheStatus, counted, type Field, startScene } from '../caching/scene.ts';
import { PurgeScene } from '../purge/scene.ts';
import { until } from '../support/cleanup.ts';

// one thread, so that every request meets what the one before it left behind
const scene = await startScene(
  { after },
  {
    workers: 1,
    cache: { key: { headers: ['x-city'] }, posted: { match: '/posted*', methods: ['POST'], ttl: '1h' } },
  },
);
const purges = new PurgeScene(scene);

const FRESH: Field = ['Cache-Control', 'max-age=600'];
const city = (name: string): Field => ['X-City', name];

const CITIES = ['a', 'b'];

const getFor = (target: string, name: string) => scene.get(target, [city(name)]);

/** Stores a target for each city; the bodies. */
async function storeForCities(target: string): Promise<string[]> {
  const bodies: string[] = [];
  for (const name of CITIES) {
    bodies.push((await getFor(target, name)).text);
    assert.equal(cacheStatus(await getFor(target, name)), 'lb; hit');
  }
  return bodies;
}

/** Waits until the target has been fetched anew for each city. */
async function changed(target: string, bodies: readonly string[]): Promise<void> {
  for (const [i, name] of CITIES.entries()) {
    await until(async () => (await getFor(target, name)).text !== bodies[i], `the newer answer for ${name}`);
  }
}

test('a change of the longest target there may be reaches what other keys hold of it', async () => {
  for (const length of [8000, 8170, 8191]) {
    const target = `/${'a'.repeat(length)}`;
    scene.on(target, counted([FRESH]));
    const bodies = await storeForCities(target);
    assert.equal((await scene.get(target, [city('a')], { method: 'POST', body: '' })).status, 200);
    await changed(target, bodies);
  }
});

test('a Location of any length harms nobody, and what it names is fetched anew', async () => {
  const long = `/${'l'.repeat(8150)}`;
  scene.on(long, counted([FRESH]));
  const bodies = await storeForCities(long);
  let location = '';
  scene.on('/create', (_request, answer) => answer.send(201, [['Location', location]], ''));
  for (location of [`/${'m'.repeat(12_000)}`, long]) {
    assert.equal((await scene.get('/create', [city('a')], { method: 'POST', body: '' })).status, 201);
  }
  await changed(long, bodies);
});

test('a change of a target with a star reaches that target under all keys, and no other', async () => {
  scene.on('/st*r', counted([FRESH]));
  scene.on('/stair', counted([FRESH]));
  const bodies = await storeForCities('/st*r');
  await storeForCities('/stair');
  assert.equal((await scene.get('/st*r', [city('a')], { method: 'POST', body: '' })).status, 200);
  await changed('/st*r', bodies);
  for (const name of CITIES) assert.equal(cacheStatus(await getFor('/stair', name)), 'lb; hit');
});

test('an unsafe method makes invalid what is stored of the same target by the bodies of requests', async () => {
  for (const method of ['DELETE', 'PUT']) {
    const target = `/posted-${method}`;
    scene.on(target, counted([FRESH]));
    const post = () =>
      scene.get(target, [['Content-Type', 'application/json']], { method: 'POST', body: '{"query":1}' });
    await post();
    const stored = await post();
    assert.equal(cacheStatus(stored), 'lb; hit');
    assert.equal((await scene.get(target, [], { method })).status, 200);
    await until(async () => (await post()).text !== stored.text, `the answer after ${method}`);
  }
});

test('windows of stale use begin with a soft purge', async () => {
  scene.on(
    '/window',
    counted([
      ['Cache-Control', 'max-age=600, stale-if-error=1'],
      ['ETag', '"e"'],
    ]),
  );
  await scene.get('/window');
  await purges.purgeSoftly({ prefix: '/window' });
  scene.on('/window', (_request, answer) => answer.reset());
  await until(async () => (await scene.get('/window')).status >= 500, 'the end of a window of one second', 2500);
});

test('a purge of something else while a response is validated leaves it fresh', async () => {
  const stale: Field[] = [
    ['Cache-Control', 'max-age=10'],
    ['Age', '12'],
    ['ETag', '"e"'],
  ];
  const renewals: [string, readonly Field[]][] = [
    ['/validated', [['Cache-Control', 'max-age=10']]],
    ['/validated-anew', [FRESH, ['X-New', 'field']]],
  ];
  for (const [target, renewal] of renewals) {
    scene.on(target, async (request, answer) => {
      if (request.get('if-none-match') === undefined) return answer.send(200, stale, 'body');
      await purges.purge({ url: 'http://site.test/something-else' });
      return answer.head(304, [...renewal, ['ETag', '"e"']]);
    });
    await scene.get(target);
    assert.match(cacheStatus(await scene.get(target)), /fwd=stale/, target);
    assert.equal(cacheStatus(await scene.get(target)), 'lb; hit', target);
    assert.equal(scene.asked(target).length, 2, target);
  }
});

test('a 304 that nobody asked for renews nothing', async () => {
  scene.on('/unasked', counted([['Cache-Control', 'max-age=600, stale-if-error=0']]));
  await scene.get('/unasked');
  assert.equal(cacheStatus(await scene.get('/unasked')), 'lb; hit');
  await purges.purgeSoftly({ prefix: '/unasked' });
  let asked = 0;
  scene.on('/unasked', (request, answer) => {
    const isConditional = ['if-none-match', 'if-modified-since'].some((name) => request.get(name) !== undefined);
    asked += isConditional ? 0 : 1;
    return answer.head(304, [FRESH]);
  });
  for (let i = 1; i <= 2; i++) {
    assert.equal((await scene.get('/unasked')).status, 502);
    assert.equal(asked, i);
  }
});
