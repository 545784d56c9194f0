import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCache, openCache } from '../cache/cache.ts';
import { loadConfig } from '../config/load.ts';
import { SitePlan } from './plan.ts';

const cache = openCache(createCache({ memory: 2 << 20, workers: 1, eviction: 'lru' }), 1);

/** The plan of a site with these settings under `cache`. */
function planOf(settings: object): SitePlan {
  const readFile = () => JSON.stringify({ origins: ['a:80'], cache: settings });
  const loaded = loadConfig({ flags: [], env: {}, cwd: '/', readFile });
  assert.ok(!('errors' in loaded));
  return new SitePlan(0, loaded.config.sites[0], cache);
}

const plan = planOf({
  styles: { match: '*.css', ttl: 10 },
  assets: { match: '/assets/*', ttl: 20, override: true, force: true },
  packages: { match: '/@*%2f*', ttl: 30 },
  rest: { match: '/rest/*', ttl: 40 },
});

const lifetimes: [string, number | undefined][] = [
  ['/x.css', 10],
  ['/assets/x.css', 10],
  ['/assets/x', 20],
  ['/assets/a%20b/100%25', 20],
  ['/assets/a%2fb', 20],
  ['/assets/a//b', 20],
  ['/assets/x;v=1', 20],
  ['/assets/.well-known', 20],
  ['/@scope%2fname', 30],
  ['/other', undefined],
  ['/account;x.css', undefined],
  ['/account%3fx.css', undefined],
  ['/assets/../account', undefined],
  ['/assets/..%252faccount', undefined],
  ['/rest/..;/account', undefined],
];
for (const [path, ttl] of lifetimes) {
  test(`the ttl of rules for ${path} is ${ttl}`, () => assert.equal(plan.policyFor(path).ruleTtl, ttl));
}

test('a rule in doubt keys as ever, and lets nothing live longer than the site does', () => {
  const generous = {
    stale_if_error: '2h',
    stale_while_revalidate: '1m',
    negative_ttl: 9,
    error_ttl: 9,
    heuristic: 0.5,
  };
  const rule = { match: '/a/*', ttl: 9, force: true, override: true, methods: 'POST', store_set_cookie: true };
  const site = planOf({
    stale_if_error: '1h',
    heuristic: 0.2,
    a: { ...rule, ...generous, key: { headers: 'x-tenant' } },
  });
  const noRule = site.policyFor('/');
  const doubted = site.policyFor('/a/%2e%2e/b');
  const { rule: matched, key } = site.policyFor('/a/b');
  assert.deepEqual(doubted, { ...noRule, rule: matched, key, bodyLimit: doubted.bodyLimit });
  assert.equal(doubted.staleIfError, 3600);
  assert.deepEqual(key?.fields, ['x-tenant']);
});

test('a rule in doubt that is stricter than its site stays so', () => {
  const site = planOf({
    stale_if_error: '1h',
    negative_ttl: 9,
    a: { match: '/a/*', heuristic: 0, stale_if_error: 0, negative_ttl: 0 },
  });
  const { heuristic, staleIfError, negativeTtl } = site.policyFor('/a/%2e%2e/b');
  assert.deepEqual({ heuristic, staleIfError, negativeTtl }, { heuristic: false, staleIfError: 0, negativeTtl: 0 });
});
