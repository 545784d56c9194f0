import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatsSnapshot } from '../stats/snapshot.ts';
import { nameFilter, statRows } from './stats-rates.ts';

function snapshot(seconds: number, hits: number): StatsSnapshot {
  return {
    time: new Date(1_800_000_000_000 + seconds * 1000).toISOString(),
    uptime_seconds: 100 + seconds,
    process: { cache_objects: 3 },
    sites: { shop: { cache_hits_total: hits, http_requests_total: { GET: { '2xx': hits * 2 } } } },
    workers: { 1: { worker_heap_used_bytes: 7 } },
  };
}

test('rates of counters, now and since the start; gauges have none', () => {
  const rows = new Map(statRows(snapshot(2, 30), snapshot(0, 10)).map((row) => [row.name, row]));
  const hits = rows.get('site.shop.cache_hits_total');
  assert.deepEqual([hits?.kind, hits?.value, hits?.now], ['counter', 30, 10]);
  assert.equal(hits?.average, 30 / 102);
  assert.equal(rows.get('site.shop.http_requests_total.GET.2xx')?.now, 20);
  assert.deepEqual(rows.get('process.cache_objects'), {
    name: 'process.cache_objects',
    kind: 'gauge',
    value: 3,
    now: null,
    average: null,
  });
  assert.equal(rows.get('worker.1.worker_heap_used_bytes')?.value, 7);
});

test('a counter that fell is that of another process: it has no rate yet', () => {
  assert.equal(statRows(snapshot(2, 5), snapshot(0, 10))[0].now, null);
  assert.equal(statRows(snapshot(2, 5))[0].now, null);
});

test('quantiles of histograms are estimated within their buckets', () => {
  const buckets = { '0.1': 50, '0.5': 90, '1': 98, '+Inf': 100 };
  const { sites, ...rest } = snapshot(0, 0);
  const given = { ...rest, sites: { shop: { ...sites.shop, wait_seconds: { count: 100, sum: 30, buckets } } } };
  const value = (name: string) => statRows(given).find((row) => row.name === `site.shop.wait_seconds.${name}`)?.value;
  assert.deepEqual([value('count'), value('mean'), value('p50')], [100, 0.3, 0.1]);
  assert.equal(value('p99'), 1, 'over all bounds: the last of them');
});

test('names are picked by a part of them or by a glob', () => {
  const picks = (texts: string[], name: string) => nameFilter(texts)(name);
  assert.ok(picks([], 'any') && picks(['hits'], 'site.a.cache_hits_total') && picks(['x', 'site.*.c*'], 'site.a.c'));
  assert.ok(!picks(['site.*'], 'process.site.a') && !picks(['a.b'], 'aXb'));
});
