// The access log: one JSON line a request, with what helps and nothing that must not be there.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { counted, type Field, startScene } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';

const FRESH: Field = ['Cache-Control', 'max-age=60'];
const plain = await startScene({ after }, { workers: 2, log: { access: true } });
const redacted = await startScene({ after }, { log: { access: true, redact: ['client_ip', 'user_agent', 'path'] } });
const sampled = await startScene({ after }, { log: { access: true, sample: 0 } });
const silent = await startScene({ after }, { log: { access: false } });

interface Line {
  event: string;
  time: string;
  request_id: string;
  site: string;
  client_ip: string;
  method: string;
  host: string;
  path: string;
  status: number;
  bytes: number;
  duration_ms: number;
  cache: string;
  user_agent: string;
}

async function lines(scene: typeof plain, count: number): Promise<Line[]> {
  await until(() => scene.lb.lines.length >= count, `${count} lines of the log`);
  assert.equal(scene.lb.lines.length, count);
  return scene.lb.lines.splice(0) as unknown as Line[];
}

test('a miss and a hit', async () => {
  plain.on('/page', counted([FRESH]));
  const agent: Field = ['User-Agent', 'test/1.0'];
  const start = Date.now();
  const miss = await plain.get('/page?token=secret', [agent]);
  const [first] = await lines(plain, 1);
  await plain.get('/page?token=secret', [agent]);
  const [second] = await lines(plain, 1);
  for (const [line, cache] of [
    [first, 'MISS'],
    [second, 'HIT'],
  ] as const) {
    const { event, site, client_ip, method, host, path, status, bytes, user_agent } = line;
    assert.deepEqual(
      { event, site, client_ip, method, host, path, status, bytes, cache: line.cache, user_agent },
      {
        event: 'access',
        site: 'default',
        client_ip: '127.0.0.1',
        method: 'GET',
        host: 'site.test',
        path: '/page',
        status: 200,
        bytes: 1,
        cache,
        user_agent: 'test/1.0',
      },
    );
    assert.ok(!JSON.stringify(line).includes('secret'));
    assert.ok(Date.parse(line.time) >= start - 1 && Date.parse(line.time) <= Date.now());
    assert.ok(line.duration_ms >= 0 && line.duration_ms < 10_000);
    assert.match(line.request_id, /^[\w-]{16,}$/);
  }
  assert.notEqual(first.request_id, second.request_id);
  assert.equal(first.request_id, plain.asked('/page?token=secret')[0].get('x-request-id'));
  assert.equal(miss.status, 200);
});

test("a client's request id is kept", async () => {
  plain.on('/id', counted([FRESH]));
  for (let i = 0; i < 2; i++) {
    await plain.get('/id', [['X-Request-Id', 'abc-123']]);
    assert.equal((await lines(plain, 1))[0].request_id, 'abc-123');
  }
  assert.equal(plain.asked('/id')[0].get('x-request-id'), 'abc-123');
});

test('what else there is: HEAD, POST, 304, errors, refusals', async () => {
  plain.on('/private', counted([['Cache-Control', 'private']]));
  plain.on('/down', (_request, answer) => answer.reset());
  const expected: [ask: () => Promise<unknown>, Partial<Line>][] = [
    [() => plain.head('/page?token=secret'), { method: 'HEAD', status: 200, bytes: 0, cache: 'HIT' }],
    [() => plain.get('/page', [], { method: 'POST', body: 'x' }), { method: 'POST', status: 200, cache: 'PASS' }],
    [() => plain.get('/private'), { status: 200, cache: 'MISS' }],
    [() => plain.get('/down'), { status: 502, path: '/down', cache: 'MISS' }],
    [() => plain.get('/x', [['Host', 'a:b:c']]), { status: 400, site: undefined, cache: 'NONE' }],
    [() => plain.get('/x', [], { method: 'BREW' }), { method: 'OTHER', status: 501 }],
  ];
  for (const [ask, part] of expected) {
    await ask();
    const [line] = await lines(plain, 1);
    for (const [name, value] of Object.entries(part))
      assert.equal(line[name as keyof Line], value, JSON.stringify(line));
    assert.match(line.request_id, /^[\w-]{16,}$/);
  }
});

test('one line a request, from both threads', async () => {
  const targets = Array.from({ length: 200 }, (_, i) => `/many/${i}`);
  await Promise.all(targets.map((target) => plain.get(target)));
  const seen = await lines(plain, 200);
  assert.deepEqual(seen.map(({ path }) => path).sort(), targets.sort());
  assert.equal(new Set(seen.map((line) => line.request_id)).size, 200);
});

test('what breaks a log line does not', async () => {
  await plain.get('/%0a%22"{}\\', [['User-Agent', 'a"b\\c\tÿ{}']]);
  const [line] = await lines(plain, 1);
  assert.equal(line.path, '/%0a%22"{}\\');
  assert.ok(line.user_agent.startsWith('a"b\\c'));
});

test('redacted fields are left out', async () => {
  await redacted.get('/secret', [['User-Agent', 'x']]);
  const [line] = await lines(redacted, 1);
  assert.deepEqual(
    ['client_ip', 'user_agent', 'path', 'host'].map((name) => line[name as keyof Line]),
    [undefined, undefined, undefined, 'site.test'],
  );
});

test('sampling leaves out all but errors of the server', async () => {
  sampled.on('/down', (_request, answer) => answer.reset());
  for (let i = 0; i < 20; i++) await sampled.get('/page');
  await sampled.get('/down');
  const [line] = await lines(sampled, 1);
  assert.equal(line.status, 502);
});

test('no access log where it is off', async () => {
  for (let i = 0; i < 20; i++) await silent.get('/page');
  await silent.lb.admin.idle();
  assert.equal(silent.lb.lines.length, 0);
});
