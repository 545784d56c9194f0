import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loaded } from './testing.ts';

function announced(settings: object, env: Record<string, string> = {}): string[] {
  return [...loaded({ 'lb.json': JSON.stringify({ origins: ['a:80'], ...settings }) }, { env }).announcements];
}

test('settings that nothing switches on are told of, with where they stand', () => {
  const idle: Record<string, object>[] = [
    { health: { interval: '3s' } },
    { circuit_breaker: { window: '5s' } },
    { passive_health: { failures: 0, eject: '5s' } },
    { retries: { attempts: 0, statuses: [503] } },
    { origin_limits: { queue: 0, queue_timeout: '5s' } },
    { upgrades: { enabled: false, connections: 5 } },
    { tls: { min_version: '1.3' } },
    { acme: { email: 'a@b.test' } },
    { tracing: { sample: 0.5 } },
    { limits: { streams: 5 } },
    { log: { access: false, sample: 0.5 } },
  ];
  for (const settings of idle) {
    const texts = announced(settings);
    assert.equal(texts.length, 1, JSON.stringify([settings, texts]));
    assert.match(texts[0], /^[a-z_]+\.[a-z_]+ \(lb\.json:1:\d+\) does nothing: /);
  }
  assert.deepEqual(announced({}, { LB_TRACING_SAMPLE: '1' }), [
    'tracing.sample (LB_TRACING_SAMPLE) does nothing: without tracing.endpoint there is no tracing',
  ]);
  assert.match(announced({ health: { type: 'tcp', path: '/up' } })[0], /^health\.path .*TCP/);
});

test('settings that count are not told of', () => {
  const used = {
    health: { path: '/up', interval: '3s', statuses: [200] },
    circuit_breaker: { error_rate: 0.5, window: '5s' },
    tracing: { endpoint: 'http://127.0.0.1:4318', sample: 0.5 },
    h2c: true,
    limits: { streams: 5 },
  };
  assert.deepEqual(announced(used), []);
});

test('what stands above all sites counts if it does for one of them', () => {
  const health = { interval: '3s' };
  const [checked, unchecked] = [{ origins: ['a:80'], health: { path: '/up' } }, { origins: ['b:80'] }];
  const of = (sites: object) => loaded({ 'lb.json': JSON.stringify({ health, sites }) }).announcements;
  assert.deepEqual(of({ 'a.test': checked, 'b.test': unchecked }), []);
  assert.equal(of({ 'b.test': unchecked, 'c.test': unchecked }).length, 1);
});

test('redirects that lead to themselves are told of', () => {
  const loops = (...rules: object[]) => announced({ rules }).length;
  assert.equal(loops({ redirect: { to: '/login' } }), 1);
  assert.equal(loops({ match: '/x/*', redirect: { to: '/x/y?z' } }), 1);
  assert.equal(loops({ match: '/x/*', redirect: { to: '/y' } }), 0);
  assert.equal(loops({ methods: ['POST'], redirect: { to: '/login' } }), 0);
  assert.equal(loops({ redirect: { to: 'https://other.test/' } }), 0);
  assert.equal(loops({ redirect: { to: '/a{path}' } }), 0, 'not known');
  assert.equal(loops({ match: '/sorry', respond: { status: 503 } }, { redirect: { to: '/sorry' } }), 0);
});

test('hsts without TLS is told of, unless a proxy in front may have TLS', () => {
  const hsts = { hsts: { max_age: '1h' } };
  assert.match(announced(hsts).join('\n'), /^hsts does nothing: .*TLS$/);
  assert.deepEqual(announced({ ...hsts, trusted_proxies: ['10.0.0.0/8'] }), []);
});

test('an origin that is listed twice is told of once', () => {
  const found = announced({
    origins: ['127.0.0.1:9203', 'http://127.0.0.1:9203', '127.0.0.1:9203', 'b:80', 'https://b:80'],
  });
  assert.equal(found.length, 1);
  assert.match(found[0], /127\.0\.0\.1:9203 stands there more than once/);
  assert.deepEqual(announced({ origins: ['unix:/run/a.sock', 'unix:/run/b.sock'] }), []);
});
