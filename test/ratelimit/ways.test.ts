// Rate limits over every way to lb, what lb status tells of them, and refreshes that nobody waits for.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Status } from '../../src/admin/status.ts';
import { statusText } from '../../src/cli/status-text.ts';
import { counted, startScene } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';
import { threeWays } from '../support/three-ways.ts';
import { certificateFolder, securePort } from '../tls/site.ts';

const folder = await certificateFolder({ after });
await folder.put('all', ['a.test']);
const scene = await startScene(
  { after },
  {
    workers: 2,
    tls: { listen: '127.0.0.1:0', folder: folder.path },
    rules: [{ match: '/told/rule', respond: { status: 410 } }],
    addons: {
      rate_limit: [
        { name: 'all', match: '/all', by: 'all', requests_per_hour: 1, burst: 3 },
        { name: 'key', match: '/key', by: 'header:X-Key', requests_per_minute: 1, burst: 1 },
        { name: 'posts', match: '/posts', methods: 'POST', by: 'header:X-Key', requests_per_hour: 1, burst: 1 },
        { name: 'held', match: '/held', by: 'all', concurrent: 1 },
        { name: 'logged', match: '/logged', by: 'all', requests_per_hour: 1, burst: 1, mode: 'log' },
        { name: 'told', match: '/told/*', by: 'all', requests_per_hour: 60, burst: 100, fields: 'always' },
        { name: 'silent', match: '/told/*', by: 'all', requests_per_hour: 60, burst: 100 },
        { name: 'busy', match: '/told/busy', by: 'all', concurrent: 5, fields: 'always' },
        { name: 'origin', match: '/refreshed', by: 'all', scope: 'origin', requests_per_hour: 1, burst: 2 },
      ],
    },
  },
);
const ways = threeWays({ after }, { plain: scene.lb.port, secure: securePort(scene.lb) });
for (const path of ['/all', '/key', '/logged']) scene.on(path, counted([['Cache-Control', 'max-age=600']]));
scene.on('/posts', async (request, answer) => answer.send(200, [], await request.body()));

test('one bucket for all ways', async () => {
  for (const [way, ask] of ways) assert.equal((await ask('a.test', '/all')).status, 200, way);
  for (const [way, ask] of ways) {
    const refused = await ask('a.test', '/all', { fields: { accept: '*/*' } });
    assert.equal(refused.status, 429, way);
    assert.equal(refused.headers['ratelimit-policy'], '"all";q=1;w=3600;lb-burst=3');
    assert.match(String(refused.headers.ratelimit), /^"all";r=0;t=\d+$/);
    assert.ok(Number(refused.headers['retry-after']) > 3000);
    assert.equal((JSON.parse(refused.text) as { status: number }).status, 429);
  }
});

for (const [way, ask] of ways) {
  test(`${way}: by a field, and by method with a body`, async () => {
    const fields = { 'x-key': way };
    const statuses = async (path: string, options: object) => [
      (await ask('a.test', path, { fields, ...options })).status,
      (await ask('a.test', path, { fields, ...options })).status,
    ];
    assert.deepEqual(await statuses('/key', {}), [200, 429]);
    assert.deepEqual(await statuses('/posts', { method: 'POST', body: 'x'.repeat(100_000) }), [200, 429]);
    assert.equal((await ask('a.test', '/key', { fields: { 'x-key': `${way} too` } })).status, 200);
  });

  test(`${way}: requests under way`, async () => {
    let release = () => {};
    scene.on('/held', (_request, answer) => {
      release = () => void answer.send(200, [['Cache-Control', 'no-store']], 'x');
    });
    const before = scene.asked('/held').length;
    const first = ask('a.test', '/held');
    await until(() => scene.asked('/held').length > before, 'the origin to be asked');
    for (const [, other] of ways) assert.equal((await other('a.test', '/held')).status, 429);
    release();
    assert.equal((await first).status, 200);
    await until(async () => {
      const again = ask('a.test', '/held');
      await until(() => scene.asked('/held').length > before + 1 || settled(again), 'the limit to decide');
      if (scene.asked('/held').length === before + 1) return false;
      release();
      return (await again).status === 200;
    }, 'the place to be free');
  });
}

const over = new WeakSet<Promise<unknown>>();
/** Whether a promise is over; it is watched from the first call on. */
function settled(promise: Promise<unknown>): boolean {
  promise.then(() => over.add(promise)).catch(() => over.add(promise));
  return over.has(promise);
}

test('where answers are to tell what is left, all of them do', async () => {
  scene.on(
    '/told/stored',
    counted([
      ['Cache-Control', 'max-age=600'],
      ['ETag', '"1"'],
      ['RateLimit', '"theirs";r=1'],
    ]),
  );
  scene.on('/told/passed', counted([['Cache-Control', 'no-store']]));
  scene.on('/told/busy', counted([['Cache-Control', 'max-age=600']]));
  let left = 100;
  for (const [way, ask] of ways) {
    const cases: [path: string, status: number, options?: object][] = [
      ['/told/stored', 200],
      ['/told/stored', 200],
      ['/told/stored', 304, { fields: { 'if-none-match': '"1"' } }],
      ['/told/stored', 206, { fields: { range: 'bytes=0-0' } }],
      ['/told/stored', 200, { method: 'HEAD' }],
      ['/told/passed', 200],
      ['/told/passed', 200, { method: 'POST', body: 'x' }],
      ['/told/rule', 410],
    ];
    for (const [path, status, options] of cases) {
      const answer = await ask('a.test', path, options);
      const { ratelimit, 'ratelimit-policy': policy } = answer.headers;
      const expected = [status, `"told";r=${--left}`, '"told";q=60;w=3600;lb-burst=100'];
      assert.deepEqual([answer.status, ratelimit, policy], expected, `${way} ${path}`);
    }
    const busy = await ask('a.test', '/told/busy');
    assert.equal(busy.headers.ratelimit, `"told";r=${--left}, "busy";r=4`);
    assert.equal((await ask('a.test', '/logged')).headers.ratelimit, undefined);
  }
});

test('a refresh that nobody waits for counts; one over the limit fails no client', async () => {
  scene.on('/refreshed', counted([['Cache-Control', 'max-age=0, stale-while-revalidate=600']]));
  const [[, ask]] = ways;
  const texts: string[] = [];
  // the first asks the origin, the second has it refreshed, and for the third the limit is used up
  await until(async () => {
    const { status, text } = await ask('a.test', '/refreshed');
    assert.equal(status, 200);
    texts.push(text);
    const page = (await scene.lb.admin.fetch('GET', '/metrics')).text();
    return /limit="origin",result="refused"\} [1-9]/.test(page);
  }, 'a refresh to be put off');
  assert.equal(scene.asked('/refreshed').length, 2);
  assert.deepEqual([texts[0], (await ask('a.test', '/refreshed')).text], ['1', '2']);
});

test('lb status has a row for each limit', async () => {
  const [[, ask]] = ways;
  for (let i = 0; i < 3; i++) await ask('a.test', '/logged');
  const status = JSON.parse((await scene.lb.admin.fetch('GET', '/status')).text()) as Status;
  const row = (name: string) => status.limits.find((limit) => limit.name === name);
  assert.deepEqual(row('all'), { site: 'default', name: 'all', passed: 3, refused: 3, would_refuse: 0, allowed: 0 });
  assert.deepEqual(row('logged'), {
    site: 'default',
    name: 'logged',
    passed: 1,
    refused: 0,
    would_refuse: 5,
    allowed: 0,
  });
  assert.deepEqual(status.firewalls, []);
  const firewalls = [{ site: 'shop', blocked: 7, would_block: 0, passed: 12 }];
  const text = statusText({ ...status, firewalls }, false);
  assert.match(text, /^limits +site +limit +passed +refused +would refuse +allowed\n +default +all +3 +3 +0 +0$/m);
  assert.match(text, /^firewall +site +blocked +would block +below the threshold\n +shop +7 +0 +12$/m);
});
