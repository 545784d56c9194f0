import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CountersReader,
  createCounters,
  openCounters,
  originErrorSlot,
  requestSlot,
  resetGauges,
  SITE_SLOTS,
  SLOT,
  WORKER_SLOT,
} from './counters.ts';
import { ORIGIN_ERROR_KINDS } from './origin-table.ts';
import { DURATION_BUCKETS, HISTOGRAM_SLOTS, METRIC_ROWS, SITE_METRICS, slotsOf } from './table.ts';

test('what workers count is summed by site, and sites do not mix', () => {
  const sab = createCounters({ workers: 2, sites: 3 });
  for (const worker of [1, 2]) {
    const counters = openCounters(sab, worker);
    counters.add(counters.site(0), SLOT.cacheHits, worker);
    counters.add(counters.site(2), SLOT.cacheHits, 10 * worker);
    counters.set(counters.worker, WORKER_SLOT.heapUsed, worker);
  }
  const reader = new CountersReader(sab);
  assert.deepEqual(
    [0, 1, 2].map((site) => reader.site(site, SLOT.cacheHits)),
    [3, 0, 30],
  );
  assert.equal(reader.total('cacheHits'), 33);
  assert.deepEqual(
    [0, 1, 2].map((worker) => reader.worker(worker, WORKER_SLOT.heapUsed)),
    [0, 1, 2],
  );
});

test('sites beyond the capacity share the overflow line', () => {
  const sab = createCounters({ workers: 1, sites: 2 });
  const counters = openCounters(sab, 1);
  assert.equal(counters.site(2), counters.site(5_000));
  counters.add(counters.site(5_000), SLOT.cacheMisses, 1);
  const reader = new CountersReader(sab);
  assert.equal(reader.site(1, SLOT.cacheMisses), 0);
  assert.equal(reader.site(2, SLOT.cacheMisses), 1);
});

test('every line starts on a cache line of its own and no two overlap', () => {
  const sab = createCounters({ workers: 3, sites: 4 });
  const bases: number[] = [];
  for (let worker = 0; worker <= 3; worker++) {
    const counters = openCounters(sab, worker);
    bases.push(counters.worker);
    for (let site = 0; site <= 4; site++) bases.push(counters.site(site));
  }
  bases.sort((a, b) => a - b);
  assert.ok(bases.every((base) => base % 8 === 0));
  const siteStride = Math.ceil(SITE_SLOTS / 8) * 8;
  assert.ok(bases.every((base, index) => index === 0 || base - bases[index - 1] >= 8));
  assert.ok(bases[bases.length - 1] + siteStride <= (sab.byteLength - 64) / 8);
});

test('a hit writes one cache line', () => {
  const slots = [SLOT.cacheHits, SLOT.responseBytes, requestSlot('GET', 200), requestSlot('GET', 304)];
  assert.deepEqual(new Set(slots.map((slot) => Math.floor(slot / 8))), new Set([0]));
});

test('methods and statuses map to distinct slots of the requests metric', () => {
  const methods = ['GET', 'HEAD', 'POST', 'BREW'];
  const statuses = [101, 200, 304, 404, 503];
  const slots = methods.flatMap((method) => statuses.map((status) => requestSlot(method, status)));
  assert.equal(new Set(slots).size, 20);
  assert.ok(slots.every((slot) => slot >= SLOT.requests && slot < SLOT.requests + slotsOf(SITE_METRICS.requests)));
  assert.equal(requestSlot('PUT', 201), requestSlot('BREW', 299));
  assert.equal(requestSlot('GET', 999), requestSlot('GET', 500));
  assert.equal(new Set(ORIGIN_ERROR_KINDS.map(originErrorSlot)).size, ORIGIN_ERROR_KINDS.length);
});

test('durations fall into the bucket whose bound they do not exceed, weighted', () => {
  const sab = createCounters({ workers: 1, sites: 1 });
  const counters = openCounters(sab, 1);
  const line = counters.site(0);
  counters.observe(line, SLOT.requestDuration, 0.0005);
  counters.observe(line, SLOT.requestDuration, 0.0006, 16);
  counters.observe(line, SLOT.requestDuration, 60);
  const slots = new Float64Array(SITE_SLOTS);
  new CountersReader(sab).siteLine(0, slots);
  const histogram = slots.slice(SLOT.requestDuration, SLOT.requestDuration + HISTOGRAM_SLOTS);
  assert.equal(histogram[0], 1);
  assert.equal(histogram[1], 16);
  assert.equal(histogram[DURATION_BUCKETS.length], 1);
  assert.equal(histogram[DURATION_BUCKETS.length + 1].toFixed(4), (0.0005 + 16 * 0.0006 + 60).toFixed(4));
  assert.equal(slots[SLOT.originRequests], 0);
});

test('the gauges of a dead worker fall to zero, its counters stay', () => {
  const sab = createCounters({ workers: 2, sites: 1 });
  for (const worker of [1, 2]) {
    const counters = openCounters(sab, worker);
    counters.add(counters.site(0), SLOT.cacheHits, 5);
    counters.set(counters.site(0), SLOT.poolRunning, 7);
    counters.set(counters.worker, WORKER_SLOT.activeRequests, 3);
  }
  resetGauges(sab, 1);
  const reader = new CountersReader(sab);
  assert.equal(reader.site(0, SLOT.cacheHits), 10);
  assert.equal(reader.site(0, SLOT.poolRunning), 7);
  assert.deepEqual(
    [1, 2].map((worker) => reader.worker(worker, WORKER_SLOT.activeRequests)),
    [0, 3],
  );
});

test('memory of another layout and unknown workers are refused', () => {
  assert.throws(() => openCounters(new SharedArrayBuffer(1024), 1), /another layout/);
  assert.throws(() => openCounters(createCounters({ workers: 1, sites: 1 }), 2), /no worker 2/);
});

test('names are prefixed, unique, and say their unit', () => {
  assert.equal(new Set(METRIC_ROWS.map((row) => row.name)).size, METRIC_ROWS.length);
  for (const row of METRIC_ROWS) {
    assert.match(row.name, /^lb_[a-z_]+$/);
    assert.equal(row.name.endsWith('_total'), row.type === 'counter', row.name);
  }
});
