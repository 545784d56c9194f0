import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ORIGIN_DEFAULTS } from './address.ts';
import type { Config } from './config.ts';
import { formatErrors } from './errors.ts';
import type { LoadOptions } from './load.ts';
import { flags, load, loaded } from './testing.ts';

/** A reference to an environment variable, as lb.json has it. */
const ref = (name: string) => `\${env:${name}}`;

const ttls = ({ sites: [site] }: Config) => Object.fromEntries(site.cache.rules.map((rule) => [rule.name, rule.ttl]));

const EXAMPLE = `{
  "origins": [{"host": "api.example.com", "port": 443}],
  "cache": {
    "static": {"match": "*.js,*.css,*.png,*.woff2", "ttl": 86400},
    "api": {"match": "/api/products/*", "ttl": 60}
  },
  "addons": {"rate_limit": {"requests_per_second": 100, "by": "ip"}, "waf": {"ruleset": "owasp-core", "mode": "block"}}
}`;

/** What a site says of caching, and a rule has of it, where nobody says anything. */
const SITE_DEFAULTS = {
  staleWhileRevalidate: 0,
  staleIfError: 3600,
  staleDeadline: 0,
  clientDirectives: false,
  negativeTtl: 0,
  errorTtl: 0,
  heuristic: 0.1,
  storeSetCookie: false,
  storePosted: false,
  immutable: false,
  slice: 0,
  sliceAuto: false,
  compress: false,
  key: {
    queryInclude: undefined,
    queryExclude: [],
    querySort: false,
    headers: [],
    cookies: undefined,
    device: false,
    country: false,
  },
};

test('the example of the guide loads as it stands', () => {
  const { config, announcements } = loaded({ 'lb.json': EXAMPLE });
  const [site] = config.sites;
  assert.deepEqual(site.origins, [{ host: 'api.example.com', port: 443, tls: true, ...ORIGIN_DEFAULTS }]);
  assert.deepEqual(site.hosts, ['*']);
  const rule = { override: false, force: false, methods: [], bodyLimit: 65536, ...SITE_DEFAULTS, fromPreset: [] };
  const preset = {
    immutable: true,
    compress: true,
    key: { ...SITE_DEFAULTS.key, queryExclude: [':tracking'] },
    fromPreset: ['immutable', 'key.query_exclude', 'compress'],
  };
  const match = ['*.js', '*.css', '*.png', '*.woff2'];
  assert.deepEqual(site.cache.rules, [
    { ...rule, ...preset, name: 'static', match, ttl: 86400, source: 'lb.json:4:5' },
    { ...rule, name: 'api', match: ['/api/products/*'], ttl: 60, source: 'lb.json:5:5' },
  ]);
  const [limit] = site.rateLimits;
  assert.deepEqual([limit.name, limit.rate, limit.burst, limit.by], ['default', 100, 100, ['ip']]);
  assert.equal(site.waf?.mode, 'block');
  assert.deepEqual(announcements, []);
});

test('defaults', () => {
  const { config } = loaded({}, flags('-b', 'localhost:3000'));
  assert.deepEqual(config.listen, { host: '0.0.0.0', port: 8080 });
  assert.deepEqual(config.admin, { host: '127.0.0.1', port: 9900 });
  assert.equal(config.adminToken, undefined);
  assert.ok(config.workers >= 1 && config.workers <= 62);
  assert.ok(config.cache.memory >= 8 * 2 ** 20 && config.cache.memory <= 2 ** 30);
  assert.deepEqual(config.log, { level: 'info', access: true, sample: 1, redact: [] });
  assert.equal(config.shutdownTimeout, 30_000);
  assert.deepEqual(config.sites[0].timeouts, { connect: 5000, firstByte: 60_000, betweenBytes: 30_000, total: 0 });
});

test('flag over variable over file over default', () => {
  const files = { 'lb.json': '{"origins": ["f:80"], "workers": 3, "listen": ":1", "admin": "127.0.0.1:1111"}' };
  const env = { LB_LISTEN: ':2', LB_WORKERS: '4' };
  const { config, origins } = loaded(files, { env, ...flags('--listen', ':3') });
  assert.equal(config.listen.port, 3);
  assert.equal(config.workers, 4);
  assert.equal(config.admin.port, 1111);
  const from = Object.fromEntries(origins.map((entry) => [entry.path, entry.from]));
  assert.equal(from.listen, '--listen');
  assert.equal(from.workers, 'LB_WORKERS');
  assert.equal(from.admin, 'lb.json:1:62');
  assert.equal(from.shutdown_timeout, 'default');
});

test('origins of a stronger source replace those of a weaker', () => {
  const files = { 'lb.json': '{"origins": ["f:80", "g:80"]}' };
  const hosts = (options: Partial<LoadOptions>) =>
    loaded(files, options).config.sites[0].origins.map(({ host }) => host);
  assert.deepEqual(hosts({}), ['f', 'g']);
  assert.deepEqual(hosts({ env: { LB_ORIGINS: 'e:80, https://h' } }), ['e', 'h']);
  assert.deepEqual(hosts({ env: { LB_ORIGINS: 'e:80' }, ...flags('-b', 'x:443', '-b', 'y:80') }), ['x', 'y']);
});

test('--ttl is for the rule before it, or for all', () => {
  const after = loaded(
    {},
    flags('-b', 'a:80', '--cache-static', '*.js', '--ttl', '3600', '--cache-api', '/a', '--ttl', '5'),
  );
  assert.deepEqual(ttls(after.config), { static: 3600, api: 5 });
  assert.equal(after.config.sites[0].cache.autoTtl, 3600);
  const first = loaded(
    {},
    flags('-b', 'a:80', '--ttl', '10', '--cache-static', '*.js', '--cache-api', '/a', '--ttl', '5'),
  );
  assert.deepEqual(ttls(first.config), { static: 10, api: 5 });
  assert.equal(first.config.sites[0].cache.autoTtl, 10);
  const none = loaded({}, flags('-b', 'a:80', '--cache-static', '*.js', '--cache-api', '/a'));
  assert.deepEqual(ttls(none.config), { static: 86400, api: 60 });
});

test('LB_TTL is for all rules, below flags and above the file', () => {
  const files = { 'lb.json': '{"origins": ["a:80"], "cache": {"pages": {"match": "/p/*", "ttl": 1}, "auto_ttl": 2}}' };
  const env = { LB_TTL: '7', LB_CACHE_STATIC: '*.js', LB_CACHE_API: '/a' };
  const { config } = loaded(files, { env, ...flags('--cache-api', '/b', '--ttl', '9') });
  assert.deepEqual(ttls(config), { api: 9, static: 7, pages: 7 });
  assert.equal(config.sites[0].cache.autoTtl, 7);
  const api = config.sites[0].cache.rules[0];
  assert.deepEqual([api.match, api.source], [['/b'], '--cache-api']);
});

test('sites by host, with what they share at the top', () => {
  const { config, origins } = loaded({
    'lb.json': `{
      "timeouts": {"connect": "1s"}, "cache": {"auto": false, "static": {"match": "*.js", "ttl": 1}},
      "sites": {
        "Example.com": {"origins": ["a:80"], "hosts": ["www.example.com"], "cache": {"static": {"match": "*.css"}}},
        "*.example.org": {"origins": ["b:80"], "timeouts": {"connect": "2s"}},
        "*": {"origins": ["c:80"], "cache": {"auto": true}},
      },
    }`,
  });
  const [first, second, third] = config.sites;
  assert.deepEqual(
    config.sites.map(({ name }) => name),
    ['example.com', '*.example.org', '*'],
  );
  assert.deepEqual(first.hosts, ['example.com', 'www.example.com']);
  assert.deepEqual([first.timeouts.connect, second.timeouts.connect], [1000, 2000]);
  assert.deepEqual([first.cache.auto, third.cache.auto], [false, true]);
  assert.deepEqual(
    first.cache.rules.map(({ match, ttl }) => [match, ttl]),
    [[['*.css'], 1]],
  );
  assert.ok(origins.some(({ path }) => path === 'sites["example.com"].cache.static.match'));
});

test('comments, trailing commas and a byte order mark are fine', () => {
  loaded({ 'lb.json': '\ufeff// lb\n{ /* one */ "origins": ["a:80",], }\n' });
});

test('on and off, numbers for durations and sizes, ports for addresses', () => {
  const { config } = loaded({
    'lb.json':
      '{"origins": ["a:80"], "log": {"access": "off"}, "listen": 81, "shutdown_timeout": 1.5, "max_request_body": "1MB"}',
  });
  assert.equal(config.log.access, false);
  assert.equal(config.listen.port, 81);
  assert.equal(config.shutdownTimeout, 1500);
  assert.equal(config.maxRequestBody, 1_048_576);
});

test('origins as objects', () => {
  const { config } = loaded({
    'lb.json':
      '{"origins": [{"host": "A.com"}, {"host": "b.com", "tls": true}, {"host": "[::1]", "port": 443, "tls": false}, "c:81"]}',
  });
  assert.deepEqual(config.sites[0].origins, [
    { host: 'a.com', port: 80, tls: false, ...ORIGIN_DEFAULTS },
    { host: 'b.com', port: 443, tls: true, ...ORIGIN_DEFAULTS },
    { host: '::1', port: 443, tls: false, ...ORIGIN_DEFAULTS },
    { host: 'c', port: 81, tls: false, ...ORIGIN_DEFAULTS },
  ]);
});

test('environment variables in the file', () => {
  const text = `{"origins": ["${ref('HOST')}:80"], "admin_token": "${ref('TOKEN')}", "workers": "${ref('N')}"}`;
  const { config } = loaded({ 'lb.json': text }, { env: { HOST: 'a.com', TOKEN: 'secret-secret-secret', N: '3' } });
  assert.equal(config.sites[0].origins[0].host, 'a.com');
  assert.equal(config.adminToken, 'secret-secret-secret');
  assert.equal(config.workers, 3);
});

test('a property that every object has is no environment variable', () => {
  const result = load({ 'lb.json': `{"origins": ["${ref('constructor')}:80"]}` });
  assert.match('errors' in result ? result.errors[0].message : '', /variable constructor is not set/);
});

test('the admin token from a file, and never in what is printed', () => {
  const { config, origins } = loaded(
    { token: 'hunter2-hunter2-hunter2\n' },
    { env: { LB_ADMIN_TOKEN_FILE: 'token' }, ...flags('-b', 'a:80', '--admin', ':9900') },
  );
  assert.equal(config.adminToken, 'hunter2-hunter2-hunter2');
  assert.doesNotMatch(JSON.stringify(origins), /hunter2/);
});

test('a short token is announced', () => {
  const { announcements } = loaded({}, { env: { LB_ADMIN_TOKEN: 'abc' }, ...flags('-b', 'a:80') });
  assert.match(announcements.join(), /token is short/);
});

test('variables that are empty or of somebody else count as not set', () => {
  loaded({}, { env: { LB_LISTEN: '', LB_ORIGINS: 'a:80', LB_PORT: 'tcp://10.0.0.1:80', LB_SERVICE_HOST: '10.0.0.1' } });
});

test('the file of -c goes over LB_CONFIG goes over lb.json', () => {
  const files = {
    'lb.json': '{"origins": ["a:80"]}',
    'b.json': '{"origins": ["b:80"]}',
    'c.json': '{"origins": ["c:80"]}',
  };
  const host = (options: Partial<LoadOptions>) => loaded(files, options).config.sites[0].origins[0].host;
  assert.equal(host({}), 'a');
  assert.equal(host({ env: { LB_CONFIG: 'b.json' } }), 'b');
  assert.equal(host({ env: { LB_CONFIG: 'b.json' }, file: 'c.json' }), 'c');
});

const KEYS = [
  'origins',
  'cache',
  'static',
  'match',
  'ttl',
  'sites',
  'a.com',
  'listen',
  'log',
  'addons',
  'waf',
  'rate_limit',
  'rules',
  'respond',
  'redirect',
  'to',
  'headers',
  'request_headers',
  'set',
  'tls',
  'certificates',
  'cert',
  'folder',
  'unix',
  'health',
  'statuses',
  'hsts',
  'max_age',
  'trusted_proxies',
  'host',
  'port',
  '__proto__',
  'constructor',
  '',
];

/** Values built from the loader's own keys, so that they get past the first check. */
const anyValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.jsonValue(),
    fc.constantFrom<unknown>(
      '{1}',
      '/{header:a}',
      'a: b',
      '200-399',
      '10.0.0.0/8',
      'unix:/a',
      '*.js',
      'a.com:80',
      '5m',
      '1GB',
      'on',
      ref('X'),
      'https://u:p@h/',
      -1,
      0,
      1e308,
    ),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('value'), { maxKeys: 5 }),
  ),
})).value;

/** The loader must answer, and say where each mistake is. */
function answers(text: string, options: Partial<LoadOptions> = {}): void {
  const result = load({ 'lb.json': text }, options);
  if (!('errors' in result)) return;
  assert.ok(result.errors.length > 0);
  for (const error of result.errors) {
    assert.ok(error.message.length > 0 && error.fix, error.message);
    assert.ok(error.column >= 1 && error.width >= 1);
  }
  formatErrors(result.errors);
}

test('no text makes the loader throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => answers(text)),
    { numRuns: 1000 },
  );
  const token = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"origins"',
    '"cache"',
    '"x"',
    '1',
    'null',
    '//',
    '/*',
    '\n',
    '"',
    "'",
    '\\u12',
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 30 }), (tokens) => answers(tokens.join(''))),
    { numRuns: 2000 },
  );
  answers('['.repeat(100_000));
});

test('no JSON value makes the loader throw', () => {
  fc.assert(
    fc.property(anyValue, (value) => answers(JSON.stringify(value) ?? '')),
    { numRuns: 3000 },
  );
});

test('no flag or variable makes the loader throw', () => {
  const names = fc.constantFrom(
    '--listen',
    '--admin',
    '-b',
    '--ttl',
    '--cache-static',
    '--cache-memory',
    '--workers',
    '--log-level',
  );
  const text = fc.oneof(
    fc.string(),
    fc.string({
      unit: fc.constantFrom('0', '5', '9', '.', ':', '[', ']', '-', '*', ',', '/', ' ', 'k', 'M', 's', 'h'),
    }),
  );
  const flag = fc.record({ flag: names, value: text });
  const variables = fc.dictionary(
    fc.constantFrom('LB_LISTEN', 'LB_ORIGINS', 'LB_TTL', 'LB_LOG_REDACT', 'LB_CONFIG', 'LB_ADMIN_TOKEN'),
    text,
  );
  fc.assert(
    fc.property(fc.array(flag, { maxLength: 5 }), variables, (given, env) => answers('{}', { flags: given, env })),
    { numRuns: 2000 },
  );
});
