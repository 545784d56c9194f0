import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCounters, openCounters, requestSlot, SLOT, WORKER_SLOT } from './counters.ts';
import { createSnapshot } from './snapshot.ts';

test('everything counted, by site, by worker and of the process', () => {
  const counters = createCounters({ workers: 1, sites: 1 });
  const snapshot = createSnapshot({
    counters,
    siteName: (index) => ['shop'][index],
    workers: () => [{ id: 1, up: true, restarts: 2, uptimeSeconds: 5 }],
    cache: () => ({ memory: 1024, used: 512, objects: 3, evictions: 9, pins: 1, flights: 2 }),
    logDropped: () => ({ ring_full: 4, output_full: 5 }),
    version: '1.2.3',
  });
  const edge = openCounters(counters, 1);
  edge.add(edge.site(0), requestSlot('GET', 200), 2);
  edge.add(edge.site(0), SLOT.cacheHits, 7);
  edge.observe(edge.site(0), SLOT.requestDuration, 0.002, 16);
  edge.set(edge.worker, WORKER_SLOT.heapUsed, 77);
  const { time, uptime_seconds, process, sites, workers } = snapshot();
  assert.ok(Date.parse(time) <= Date.now() && uptime_seconds > 0);
  assert.equal(sites.shop.cache_hits_total, 7);
  assert.deepEqual(sites.shop.http_requests_total, { GET: { '2xx': 2 } });
  const histogram = sites.shop.http_request_duration_seconds as {
    count: number;
    sum: number;
    buckets: Record<string, number>;
  };
  assert.equal(histogram.count, 16);
  assert.equal(histogram.sum, 0.032);
  assert.deepEqual([histogram.buckets['0.001'], histogram.buckets['0.0025'], histogram.buckets['+Inf']], [0, 16, 16]);
  assert.equal(workers[1].worker_heap_used_bytes, 77);
  assert.equal(workers[1].worker_restarts_total, 2);
  assert.equal(process.cache_objects, 3);
  assert.deepEqual(process.log_lines_dropped_total, { ring_full: 4, output_full: 5 });
});
