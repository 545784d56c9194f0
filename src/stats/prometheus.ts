// The Prometheus exposition, on the main thread. Nothing is kept between scrapes.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type Collect, collectorsOf, type MetricSources } from './samples.ts';
import type { MetricRow } from './table.ts';

/** Makes the function that `GET /metrics` answers from. */
export function createExposition(sources: MetricSources): () => Promise<string> {
  const registry = new Registry();
  const { read, collectors } = collectorsOf(sources);
  for (const [row, collect] of collectors) register(registry, row, collect);
  return () => {
    read();
    return registry.metrics();
  };
}

/**
 * Adds a metric whose values are computed at the scrape. prom-client's own storage (a hash map by labels, and no way to
 * set a histogram) is passed by: its `get` is what the registry asks.
 */
function register(registry: Registry, row: MetricRow, collect: Collect): void {
  const { name, help, type } = row;
  const options = { name, help, registers: [] };
  const get = async () => ({ name, help, type, values: collect(), aggregator: 'sum' as const });
  const metric =
    type === 'counter' ? new Counter(options) : type === 'gauge' ? new Gauge(options) : new Histogram(options);
  registry.registerMetric(Object.assign(metric, { get, getForPromString: get }));
}
