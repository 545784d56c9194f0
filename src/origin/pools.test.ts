import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SiteConfig } from '../config/config.ts';
import type { Origin } from './origin.ts';
import { OriginPools } from './pools.ts';
import { WORD } from './state.ts';
import { siteConfig } from './testing.ts';

const HINTS = { path: '/', target: '/', headers: [], address: '', host: { authority: 'site.test' } };

function originsOf(pools: OriginPools, site = 0): readonly Origin[] {
  return pools.route(site, HINTS).site.origins;
}

function started(site: SiteConfig): OriginPools {
  return new OriginPools([site], { multiTenant: false });
}

test('a reload keeps the origins that stay, with their connections and state', async () => {
  const pools = started(siteConfig({ origins: ['a.test:80', 'b.test:80'] }));
  const [, b] = originsOf(pools);
  b.state.store(WORD.failures, 3);
  pools.update([siteConfig({ origins: ['b.test:80', 'c.test:80'], balance: { policy: 'p2c' } })]);
  const [first, second] = originsOf(pools);
  assert.equal(first, b);
  assert.equal(first.state.load(WORD.failures), 3);
  assert.equal(second.url, 'http://c.test:80');
  await pools.destroy();
});

test('where only the terms of health change, connections stay; where theirs do, they are made anew', async () => {
  const origins = ['a.test:80', 'b.test:80'];
  const pools = started(siteConfig({ origins }));
  const [before] = originsOf(pools);
  pools.update([siteConfig({ origins, passive_health: { failures: 9 } })]);
  const [other] = originsOf(pools);
  assert.notEqual(other, before);
  assert.equal(other.pool, before.pool);
  pools.update([siteConfig({ origins, timeouts: { first_byte: '9s' } })]);
  assert.notEqual(originsOf(pools)[0].pool, before.pool);
  const changed = siteConfig({ origins, timeouts: { first_byte: '9s' } });
  const [kept] = originsOf(pools);
  pools.update([changed], undefined, { servers: ['127.0.0.1:5353'], minTtl: 1, maxTtl: 2 });
  assert.notEqual(originsOf(pools)[0].pool, kept.pool, 'names are resolved by other servers');
  await pools.destroy();
});

test('a site that is no more still answers requests that are under way; one that is twice is two', async () => {
  const pools = started(siteConfig({ origins: ['a.test:80', 'a.test:80'] }));
  const [one, two] = originsOf(pools);
  assert.notEqual(one, two);
  one.state.store(WORD.failures, 1);
  assert.equal(two.state.load(WORD.failures), 0);
  const other = { ...siteConfig({ origins: ['b.test:80'] }), name: 'other', number: 1 };
  pools.update([other]);
  assert.equal(originsOf(pools)[0], one);
  assert.equal(originsOf(pools, 1)[0].url, 'http://b.test:80');
  assert.throws(() => pools.route(7, HINTS), /no site 7/);
  assert.equal(pools.stats(0).connected, 0);
  await pools.destroy();
});

test('what was prepared and given up changes nothing', async () => {
  const site = siteConfig({ origins: ['a.test:80'] });
  const pools = started(site);
  const [before] = originsOf(pools);
  pools.discard(pools.prepare([siteConfig({ origins: ['b.test:80'] })]));
  assert.deepEqual(originsOf(pools), [before]);
  const broken = siteConfig({ origins: ['a.test:443'] });
  assert.throws(() =>
    pools.prepare([{ ...broken, originTls: { ...broken.originTls, ca: '/nowhere/ca.pem', verify: true } }]),
  );
  const limited = siteConfig({ origins: ['https://a.test'], origin_http2: 'off', origin_limits: { connections: 2 } });
  assert.throws(() => pools.prepare([{ ...limited, originTls: { ...limited.originTls, ca: '/nowhere/ca.pem' } }]));
  assert.deepEqual(originsOf(pools), [before]);
  await pools.destroy();
});

test('other name servers count even where a first attempt at them was given up', async () => {
  const site = siteConfig({ origins: ['a.test:80'] });
  const dns = { servers: ['127.0.0.1:5353'], minTtl: 1, maxTtl: 2 };
  const pools = started(site);
  const [{ pool }] = originsOf(pools);
  pools.discard(pools.prepare([site], undefined, dns));
  pools.update([site], undefined, dns);
  assert.notEqual(originsOf(pools)[0].pool, pool);
  await pools.destroy();
});
