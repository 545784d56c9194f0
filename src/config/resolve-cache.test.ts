import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SiteConfig } from './config.ts';
import { formatErrors } from './errors.ts';
import { loadConfig } from './load.ts';

/** The sites of an lb.json. */
function sites(file: object, flags: [string, string][] = [], env: Record<string, string> = {}): SiteConfig[] {
  const readFile = () => JSON.stringify(file);
  const loaded = loadConfig({ flags: flags.map(([flag, value]) => ({ flag, value })), env, cwd: '/', readFile });
  assert.ok(!('errors' in loaded), 'errors' in loaded ? formatErrors(loaded.errors) : '');
  return loaded.config.sites;
}

const ORIGIN = { origins: ['a:80'] };

test('what a rule says goes over what its site says, and the rest is the site’s', () => {
  const [{ cache }] = sites({
    ...ORIGIN,
    cache: {
      stale_if_error: '1h',
      stale_deadline: '300ms',
      negative_ttl: 5,
      key: { query_exclude: ':tracking', device: true, cookies: ['a'] },
      pages: { match: '/p/*', stale_if_error: '2h', key: { device: false, headers: 'X-Tenant' } },
      other: { match: '/o/*', client_directives: 'on', heuristic: 0, methods: 'POST', key: { cookies: [] } },
    },
  });
  const [pages, other] = cache.rules;
  assert.deepEqual([cache.staleIfError, pages.staleIfError, other.staleIfError], [3600, 7200, 3600]);
  assert.deepEqual([pages.staleDeadline, pages.negativeTtl, pages.heuristic, other.heuristic], [300, 5, 0.1, 0]);
  assert.deepEqual([cache.clientDirectives, other.clientDirectives], [false, true]);
  assert.deepEqual([pages.methods, other.methods, other.bodyLimit], [[], ['POST'], 65536]);
  assert.deepEqual(pages.key, {
    queryInclude: undefined,
    queryExclude: [':tracking'],
    querySort: false,
    headers: ['x-tenant'],
    cookies: ['a'],
    device: false,
    country: false,
  });
  assert.deepEqual(other.key, { ...cache.key, cookies: [] });
});

test('a rule’s own value stands also against the flag of its site', () => {
  const file = { ...ORIGIN, cache: { stale_if_error: 1, api: { match: '/a', stale_if_error: 2 } } };
  const [{ cache }] = sites(file, [['--stale-if-error', '3']], { LB_STALE_DEADLINE: '250ms' });
  assert.deepEqual([cache.staleIfError, cache.rules[0].staleIfError], [3, 2]);
  assert.deepEqual([cache.staleDeadline, cache.rules[0].staleDeadline], [250, 250]);
});

test('each site has what stands at the top, and its own over it', () => {
  const [a, b] = sites({
    cache: { stale_while_revalidate: 10, targets: [], key: { query_include: [] }, api: { match: '/a' } },
    sites: {
      'a.com': { origins: ['a:80'], cache: { stale_while_revalidate: 20, max_variants: 3 } },
      'b.com': { origins: ['b:80'], cache: { targets: 'My-Cache-Control', key: { query_include: 'q,lang_*' } } },
    },
  });
  assert.deepEqual([a.cache.staleWhileRevalidate, b.cache.staleWhileRevalidate], [20, 10]);
  assert.deepEqual([a.cache.rules[0].staleWhileRevalidate, b.cache.rules[0].staleWhileRevalidate], [20, 10]);
  assert.deepEqual([a.cache.maxVariants, b.cache.maxVariants], [3, 64]);
  assert.deepEqual([a.cache.targets, b.cache.targets], [[], ['my-cache-control']]);
  assert.deepEqual([a.cache.key.queryInclude, b.cache.rules[0].key.queryInclude], [[], ['q', 'lang_*']]);
});

test('a parameter may be included by a pattern and excluded by name', () => {
  const key = { query_include: ['a*'], query_exclude: ['ab', ':tracking'] };
  assert.deepEqual(sites({ ...ORIGIN, cache: { key } })[0].cache.key.queryExclude, ['ab', ':tracking']);
});
