import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ORIGIN_DEFAULTS } from './address.ts';
import type { LoadOptions } from './load.ts';
import { flags, loaded } from './testing.ts';

test('file names are relative to the file that names them, else to the current folder', () => {
  const seen: string[] = [];
  const inspect: LoadOptions['inspect'] = (path, kind) => {
    seen.push(`${kind} ${path}`);
    return undefined;
  };
  const file = `{"origins": ["a:80", {"unix": "/run/a.sock"}], "data_dir": "data",
    "tls": {"folder": "/certs", "certificates": [{"cert": "c.pem", "key": "../k.pem"}]}, "origin_tls": {"ca": "ca.pem"}}`;
  const options = { file: 'conf/x.json', inspect, env: { LB_TLS_KEY: 'k.pem' }, ...flags('--tls-cert', 'sub/c.pem') };
  const { config } = loaded({ 'conf/x.json': file }, options);
  assert.deepEqual(config.tls.certificates, [
    { cert: '/folder/sub/c.pem', key: '/folder/k.pem' },
    { cert: '/folder/conf/c.pem', key: '/folder/k.pem' },
  ]);
  assert.deepEqual([config.tls.folder, config.dataDir], ['/certs', '/folder/conf/data']);
  assert.equal(config.sites[0].originTls.ca, '/folder/conf/ca.pem');
  assert.deepEqual(config.tls.listen, [{ host: '0.0.0.0', port: 8443 }]);
  assert.ok(seen.includes('folder /certs') && !seen.some((path) => path.includes('data')));
});

test('settings of listeners, origins and rules as the types have them', () => {
  const { config } = loaded({
    'lb.json': `{
      "listen": [81, "[::1]:82"], "trusted_proxies": "10.0.0.0/8, ::1", "acme": {"domains": "A.example", "agree_tos": true},
      "origins": ["unix:/run/a.sock", {"host": "b", "port": 444, "weight": 5, "backup": true, "proxy_protocol": "v2", "server_name": "C"}],
      "health": {"path": "/up", "statuses": [200, "204-299"]}, "retries": {"statuses": "502,503"},
      "hsts": {"max_age": "1h"}, "tracing": {"headers": {"A": "b, c"}},
      "rules": [
        {"match": "/a,/b", "methods": "get", "redirect": {"to": "/c", "status": 301}},
        {"response_headers": {"set": {"X-A": ["1", 2]}, "add": ["X-B: a, b"]}}
      ]}`,
  });
  assert.deepEqual([config.listen.port, config.listenMore], [81, [{ host: '::1', port: 82 }]]);
  assert.deepEqual(config.trustedProxies, ['10.0.0.0/8', '::1']);
  assert.deepEqual([config.acme.domains, config.tls.listen.length], [['a.example'], 1]);
  assert.deepEqual(config.tracing.headers, ['a: b, c']);
  const [site] = config.sites;
  assert.deepEqual(site.origins[0], {
    host: 'localhost',
    port: 80,
    tls: false,
    ...ORIGIN_DEFAULTS,
    unix: '/run/a.sock',
  });
  const other = { host: 'b', port: 444, tls: false, unix: undefined, weight: 5, backup: true };
  assert.deepEqual(site.origins[1], { ...other, proxyProtocol: 2, serverName: 'c' });
  assert.deepEqual(
    [site.health.type, site.health.statuses, site.retries.statuses],
    ['http', ['200', '204-299'], [502, 503]],
  );
  assert.deepEqual(site.hsts, { maxAge: 3600, includeSubdomains: false, preload: false });
  assert.deepEqual(site.redirectPorts, { http: [81, 82], https: 8443 });
  const none = { remove: [], set: [], add: [] };
  const empty = { hosts: [], limits: [], rewrite: undefined, respond: undefined, requestHeaders: none };
  const [first, second] = site.rules;
  assert.deepEqual(first, {
    ...empty,
    match: ['/a', '/b'],
    methods: ['GET'],
    redirect: { to: '/c', status: 301 },
    responseHeaders: none,
    source: 'lb.json:7:9',
  });
  const set = [['x-a', '1'], ['x-a', '2']]; // biome-ignore format: two lines of one field
  assert.deepEqual(second.responseHeaders, { remove: [], set, add: [['x-b', 'a, b']] });
});

test('a check may take two seconds, and less where checks come more often', () => {
  const health = (terms: object) =>
    loaded({ 'lb.json': JSON.stringify({ origins: ['a:80'], health: { path: '/', ...terms } }) });
  const timeout = (terms: object) => health(terms).config.sites[0].health.timeout;
  assert.equal(timeout({}), 2000);
  assert.equal(timeout({ interval: '1s' }), 1000);
  assert.equal(timeout({ interval: '1s', timeout: '300ms' }), 300);
});
