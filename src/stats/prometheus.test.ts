import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCounters, openCounters, originErrorSlot, requestSlot, SLOT, WORKER_SLOT } from './counters.ts';
import { createExposition } from './prometheus.ts';
import type { MetricSources } from './samples.ts';
import { METRIC_ROWS } from './table.ts';

function sources(sites: number, names: (index: number) => string | undefined): MetricSources {
  return {
    counters: createCounters({ workers: 2, sites }),
    siteName: names,
    workers: () => [
      { id: 1, up: true, restarts: 0, uptimeSeconds: 12.5 },
      { id: 2, up: false, restarts: 3, uptimeSeconds: 0 },
    ],
    cache: () => ({ memory: 1024, used: 512, objects: 3, evictions: 9, pins: 1, flights: 2 }),
    logDropped: () => ({ ring_full: 4, output_full: 5 }),
    version: '1.2.3',
  };
}

test('every metric of the tables is exposed with help and type', async () => {
  const text = await createExposition(sources(1, () => 'default'))();
  for (const row of METRIC_ROWS) {
    assert.ok(text.includes(`# TYPE ${row.name} ${row.type}\n`), row.name);
    assert.ok(text.includes(`# HELP ${row.name} ${row.help}\n`), row.name);
  }
});

test('values come from shared memory at each scrape', async () => {
  const given = sources(2, (index) => ['a', 'b'][index]);
  const expose = createExposition(given);
  const edge = openCounters(given.counters, 1);
  const other = openCounters(given.counters, 2);
  edge.add(edge.site(0), requestSlot('GET', 200), 2);
  other.add(other.site(0), requestSlot('GET', 204), 3);
  edge.add(edge.site(1), originErrorSlot('tls'), 1);
  edge.observe(edge.site(0), SLOT.requestDuration, 0.002, 16);
  edge.set(edge.worker, WORKER_SLOT.heapUsed, 77);
  const text = await expose();
  for (const line of [
    'lb_http_requests_total{site="a",method="GET",code="2xx"} 5',
    'lb_cache_hits_total{site="b"} 0',
    'lb_origin_errors_total{site="b",kind="tls"} 1',
    'lb_http_request_duration_seconds_bucket{site="a",le="0.001"} 0',
    'lb_http_request_duration_seconds_bucket{site="a",le="0.0025"} 16',
    'lb_http_request_duration_seconds_bucket{site="a",le="+Inf"} 16',
    'lb_http_request_duration_seconds_sum{site="a"} 0.032',
    'lb_http_request_duration_seconds_count{site="a"} 16',
    'lb_worker_heap_used_bytes{worker="1"} 77',
    'lb_worker_up{worker="2"} 0',
    'lb_worker_restarts_total{worker="2"} 3',
    'lb_cache_evictions_total 9',
    'lb_log_lines_dropped_total{reason="ring_full"} 4',
    `lb_build_info{version="1.2.3",node="${process.versions.node}"} 1`,
  ]) {
    assert.ok(text.includes(`${line}\n`), line);
  }
  assert.ok(!text.includes('method="POST"'), 'combinations never counted are left out');
  edge.add(edge.site(0), requestSlot('GET', 200), 1);
  assert.match(await expose(), /lb_http_requests_total\{site="a",method="GET",code="2xx"\} 6\n/);
});

test('of very many sites only those in use are exposed, and those without a line as one', async () => {
  const given = sources(5_000, (index) => `site${index}`);
  const edge = openCounters(given.counters, 1);
  edge.add(edge.site(4_000), SLOT.cacheHits, 1);
  edge.add(edge.site(9_000), SLOT.cacheHits, 2);
  const text = await createExposition(given)();
  assert.match(text, /lb_cache_hits_total\{site="site4000"\} 1\n/);
  assert.match(text, /lb_cache_hits_total\{site="_other"\} 2\n/);
  assert.ok(!text.includes('site="site4001"'));
});

test('two expositions do not share a registry', async () => {
  createExposition(sources(1, () => 'a'));
  createExposition(sources(1, () => 'a'));
});
