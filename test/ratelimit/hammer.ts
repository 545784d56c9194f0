/** A thread of exact.test.ts: takes requests out of one bucket until the virtual clock says that time is over. */
import { parentPort, workerData } from 'node:worker_threads';
import { Limiter, RateLimits } from '../../src/ratelimit/limiter.ts';
import type { LimitSubject } from '../../src/ratelimit/subject.ts';
import type { HammerTerms } from './exact.test.ts';

const { memory, clock, worker, limits, duration } = workerData as HammerTerms;
const ticks = new Int32Array(clock);
const site = { name: 'a', rateLimits: limits, rules: [] };
const shared = new RateLimits(memory, worker);
const limiter = Limiter.of(
  site,
  'requests',
  limits.map((_, i) => i + 1),
  shared,
  () => 'XX',
  () => {},
);
const subject: LimitSubject = {
  method: 'GET',
  path: '/',
  query: '',
  host: { host: 'a.test' },
  clientAddress: () => '192.0.2.1',
  field: () => '',
  ownId: () => '',
  keepRow: (row) => shared.holds.release(row),
};

let passed = 0;
let asked = 0;
for (;;) {
  // each request moves time on by a tick
  const now = Atomics.add(ticks, 0, 1) / 16;
  if (now >= duration) break;
  asked++;
  if (limiter?.check(subject, now) === undefined) passed++;
}
parentPort?.postMessage({ passed, asked });
