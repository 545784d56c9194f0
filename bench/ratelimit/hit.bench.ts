/**
 * What rate limits cost a request that passes, in microseconds of processor time, on one thread. `node bench/ratelimit/hit.bench.ts`
 * The clock is read each time, as it is for a request.
 */
import type { RateLimitConfig } from '../../src/config/config.ts';
import { parseRate } from '../../src/config/limit-values.ts';
import { monotonicNow } from '../../src/ratelimit/clock.ts';
import { Limiter, RateLimits } from '../../src/ratelimit/limiter.ts';
import { createRateLimits } from '../../src/ratelimit/memory.ts';
import type { LimitSubject } from '../../src/ratelimit/subject.ts';

const ROUNDS = 7;
const REQUESTS = 400_000;

const V4 = Array.from({ length: 4096 }, (_, i) => `198.51.${i >> 8}.${i & 255}`);
const V6 = Array.from({ length: 4096 }, (_, i) => `2001:db8:${i.toString(16)}:7::42:${(i & 255).toString(16)}`);

function limit(changes: Partial<RateLimitConfig>): RateLimitConfig {
  const parsed = parseRate('1000000');
  if (!('rate' in parsed)) throw new Error(parsed.message);
  return { ...parsed, name: 'a', ...changes };
}

function measure(name: string, rateLimits: RateLimitConfig[], addresses: readonly string[]): void {
  const shared = new RateLimits(createRateLimits(1, monotonicNow()), 1);
  const report = () => {};
  const site = { name: 'a', rateLimits, rules: [] };
  const limiter = Limiter.of(site, 'requests', [1, 2, 3], shared, () => 'DE', report);
  let address = '';
  const subject: LimitSubject = {
    method: 'GET',
    path: '/api/products/1',
    query: '',
    host: { host: 'a.test' },
    clientAddress: () => address,
    field: () => address,
    ownId: () => '',
    keepRow: (row) => shared.holds.release(row),
  };
  let refused = 0;
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begin = process.cpuUsage();
    for (let i = 0; i < REQUESTS; i++) {
      address = addresses[(i * 31) & 4095];
      if (limiter?.check(subject, monotonicNow()) !== undefined) refused++;
    }
    const { user, system } = process.cpuUsage(begin);
    times.push((user + system) / REQUESTS);
  }
  times.sort((a, b) => a - b);
  const [best, median] = [times[0], times[ROUNDS >> 1]];
  console.log(`${name.padEnd(44)} best ${best.toFixed(3)} us, median ${median.toFixed(3)} us, refused ${refused}`);
}

measure('by IPv4 address', [limit({})], V4);
measure('by IPv6 network', [limit({})], V6);
measure('by a header of 12 characters', [limit({ by: ['header:x-key'] })], V4);
measure('by address, for a path and methods', [limit({ match: ['/api/*'], methods: ['GET'] })], V4);
measure(
  'three limits by address',
  ['a', 'b', 'c'].map((name) => limit({ name })),
  V4,
);
measure('concurrent, by address', [limit({ rate: 0, concurrent: 1000 })], V4);
