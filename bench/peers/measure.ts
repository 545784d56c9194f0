import type { Case } from './cases.ts';
import type { Child } from './child.ts';
import { startLoad } from './load.ts';
import type { OriginCounter } from './origin.ts';
import { coreBusyMicros, treeCpuMicros } from './proc.ts';

/** One run of a client against one server. */
export interface Sample {
  round: number;
  requests: number;
  requestsPerSecond: number;
  /** User and system time of all the server's processes and threads, per request. */
  cpuMicrosPerRequest: number;
  /** Latencies in microseconds, at full load. */
  p50: number;
  p99: number;
  p999: number;
  /** Share of the requests that the origin did not see. */
  hitRatio: number;
  /** Share of the time in which the server kept a core busy. */
  coreUse: number;
  /** Share of the time in which something else kept the server's core busy. */
  otherUse: number;
  /** Requests without an answer, or with a status of 400 or above. */
  failed: number;
}

/** Share of its core's time that others may take before a sample is doubtful. */
export const DISTURBED = 0.1;

export interface Target {
  child: Child;
  port: number;
  tlsPort: number;
}

export interface MeasureOptions {
  work: Case;
  target: Target;
  counter: OriginCounter;
  seconds: number;
  round: number;
  loadCore: number | undefined;
  serverCore: number | undefined;
  cwd: string;
  /** What `steady/client.c` was built to; undefined where it could not be. */
  client: string | undefined;
  /** Called with the client's process, so that it can be ended with the run. */
  onLoad(load: Child): void;
}

/** Drives one server with one case for some seconds. Throws when the server or the client dies. */
export async function measure(options: MeasureOptions): Promise<Sample> {
  const { work, target, counter, seconds, round, loadCore, serverCore, cwd, client } = options;
  const clock = () => ({
    at: performance.now() * 1000,
    own: treeCpuMicros(target.child.pid),
    core: serverCore === undefined ? 0 : coreBusyMicros(serverCore),
  });
  const seenBefore = await counter.settle();
  const before = clock();
  const load = startLoad({ work, target, seconds, seed: round + 1, core: loadCore, cwd, client });
  options.onLoad(load.child);
  const result = await load.finish();
  const after = clock();
  const forwarded = (await counter.read()) - seenBefore;
  if (!target.child.alive) throw new Error(`it died during ${work.name}: ${target.child.output}`);
  if (result.requests === 0) throw new Error(`it answered nothing during ${work.name}`);

  const elapsed = after.at - before.at;
  const own = after.own - before.own;
  return {
    round,
    requests: result.requests,
    requestsPerSecond: (result.requests / result.micros) * 1e6,
    cpuMicrosPerRequest: own / result.requests,
    p50: result.p50,
    p99: result.p99,
    p999: result.p999,
    hitRatio: Math.max(0, 1 - forwarded / result.requests),
    coreUse: own / elapsed,
    otherUse: Math.max(0, (after.core - before.core - own) / elapsed),
    failed: result.failed + result.statuses,
  };
}
