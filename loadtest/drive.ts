import autocannon from 'autocannon';
import { purgeStorm } from './purge-storm.ts';
import type { Measured, Scenario } from './scenario.ts';
import type { Target } from './target.ts';

export interface Load {
  /** Length of the measurement in seconds. */
  seconds: number;
  connections: number;
  /** Token of the admin listener, where it wants one. */
  token?: string;
}

const REQUEST_LIMIT_SECONDS = 10;

/** Warms the cache, runs one scenario for its time, and gives what was seen. */
export async function drive(scenario: Scenario, target: Target, load: Load): Promise<Measured> {
  for (const path of scenario.warm) await (await fetch(new URL(path, target.url))).arrayBuffer();
  const seenBefore = target.origin?.count() ?? 0;
  const stop = new AbortController();
  const storm = scenario.purging
    ? purgeStorm({ ...target, token: load.token, until: stop.signal, originCount: target.origin?.count })
    : undefined;
  try {
    const result = await autocannon({
      url: target.url,
      connections: load.connections,
      duration: load.seconds,
      timeout: REQUEST_LIMIT_SECONDS,
      requests: scenario.requests.map((request) => ({ ...request })),
    });
    return {
      requests: result.requests.total,
      requestsPerSecond: result.requests.average,
      p50: result.latency.p50,
      p99: result.latency.p99,
      unanswered: result.errors + result.timeouts,
      statuses: { '2xx': result['2xx'], '3xx': result['3xx'], '4xx': result['4xx'], '5xx': result['5xx'] },
      originRequests: target.origin && target.origin.count() - seenBefore,
      purges: await finish(stop, storm),
    };
  } finally {
    stop.abort();
  }
}

async function finish<T>(stop: AbortController, work: Promise<T> | undefined): Promise<T | undefined> {
  stop.abort();
  return work;
}
