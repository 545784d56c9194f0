import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCache, openCache } from '../cache/cache.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { changesBetween, withStartSettings } from './changes.ts';
import { plannedListeners } from './listeners.ts';
import { Live } from './live.ts';

function configOf(settings: object): Config {
  const readFile = () => JSON.stringify(settings);
  const loaded = loadConfig({ flags: [], env: {}, cwd: '/', file: 'lb.json', readFile });
  if ('errors' in loaded) throw new Error(loaded.errors[0].message);
  return loaded.config;
}

const site = { origins: ['192.0.2.1:80'] };

test('a site keeps its number over reloads, and the number of a removed one is not used again', () => {
  const cache = openCache(createCache({ memory: 8 << 20, workers: 1, eviction: 's3fifo' }), 0);
  const live = new Live(configOf({ sites: { 'a.test': site, 'b.test': site } }), cache);
  const numbers = (names: readonly string[]): number[] => {
    const config = configOf({ sites: Object.fromEntries(names.map((name) => [name, site])) });
    live.number(config);
    live.replace(config);
    return live.sites.map(({ index }) => index);
  };
  assert.deepEqual(numbers(['b.test', 'c.test']), [1, 2]);
  assert.deepEqual(numbers(['d.test', 'c.test', 'b.test', 'a.test']), [3, 2, 1, 0]);
  assert.equal(live.generation, 3);
  assert.equal(live.siteName(0), 'a.test');
  assert.equal(live.hosts.https.siteOf('d.test')?.index, 3);
});

test('what differs is told, and what needs a restart stays as it was', () => {
  const before = configOf({ listen: ':1', workers: 1, sites: { 'a.test': site, 'b.test': site } });
  const after = configOf({
    listen: [':1', ':2'],
    workers: 2,
    cache: { memory: '16MB' },
    sites: { 'b.test': { origins: ['192.0.2.2:80'], timeouts: { connect: '1s' } }, 'c.test': site },
  });
  const { changed, needsRestart } = changesBetween(before, after);
  assert.deepEqual(changed, ['listen', 'site removed: a.test', 'b.test: origins, timeouts', 'site added: c.test']);
  assert.deepEqual(needsRestart, ['workers', 'cache.memory']);
  const merged = withStartSettings(before, after);
  assert.equal(merged.workers, 1);
  assert.equal(merged.cache.memory, before.cache.memory);
  assert.deepEqual(merged.listenMore, after.listenMore);
  assert.deepEqual(changesBetween(before, before), { changed: [], needsRestart: [] });
  const longer = configOf({ listen: ':1', max_request_header: '60KB', sites: { 'a.test': site, 'b.test': site } });
  assert.deepEqual(changesBetween(before, longer), {
    changed: ['max_request_header'],
    needsRestart: ['max_request_header'],
  });
});

test('what a reload says has changed: settings, not where they stand', () => {
  const rules = [{ match: '/a', respond: { status: 404 } }];
  const cache = { pages: { match: '/b', ttl: '1h' } };
  const before = configOf({ ...site, rules, cache });
  const moved = configOf({ watch: false, ...site, cache, rules });
  assert.notDeepEqual(before.sites[0].rules, moved.sites[0].rules);
  assert.deepEqual(changesBetween(before, moved).changed, []);
  const other = configOf({ ...site, listen: ':99', rules: [{ match: '/c', respond: { status: 404 } }], cache });
  assert.deepEqual(changesBetween(before, other).changed, ['listen', 'default: rules']);
});

test('listeners: who accepts, and which is the same after a reload', () => {
  const plain = configOf({ ...site, listen: ['127.0.0.1:0', '127.0.0.1:0', ':81'] });
  const ids = plannedListeners(plain, true).map(({ id, by }) => `${by} ${id}`);
  assert.equal(new Set(ids).size, 3);
  assert.ok(ids.every((id) => id.startsWith('uws')));
  assert.deepEqual(plannedListeners(plain, true), plannedListeners(structuredClone(plain), true));
  for (const config of [configOf({ ...site, h2c: true }), configOf({ ...site, proxy_protocol: ['127.0.0.0/8'] })]) {
    assert.deepEqual(
      plannedListeners(config, true).map(({ by }) => by),
      ['node'],
    );
  }
  assert.deepEqual(
    plannedListeners(plain, false).map(({ by }) => by),
    ['node', 'node', 'node'],
  );
});
