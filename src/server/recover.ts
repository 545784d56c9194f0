import { setTimeout } from 'node:timers/promises';
import type { Cache } from '../cache/cache.ts';
import { SlotTable } from '../disk/slots.ts';
import { Holds } from '../ratelimit/holds.ts';
import { openRateLimits } from '../ratelimit/memory.ts';
import { resetGauges } from '../stats/counters.ts';
import { Doorbells } from '../threads/doorbell.ts';
import { ConnectionCounts } from '../transport/connection-counts.ts';
import type { SharedMemory } from './shared-memory.ts';

/** Pause before what a dead edge held is asked for again, in ms. */
const RECOVER_PAUSE = 20;

/** Takes back what a dead edge held, and wakes those who wait for its fills. */
export async function recover(cache: Cache, memory: SharedMemory, worker: number): Promise<void> {
  resetGauges(memory.counters, worker);
  new ConnectionCounts(memory.connections).forget(worker);
  new Holds(openRateLimits(memory.rateLimits), 0).recover(worker);
  for (const { slots } of memory.disks) new SlotTable(slots).forgetReader(worker);
  await recoverCache(cache, memory, worker);
}

/** Takes back what any dead thread held of the cache. */
export async function recoverCache(cache: Cache, memory: SharedMemory, worker: number): Promise<void> {
  const { waitersLo, waitersHi, done } = cache.recover(worker);
  new Doorbells(memory.doorbells).ringMask(waitersLo, waitersHi, worker);
  if (done) return;
  // another thread that died holds the cache's lock; it is about to be recovered
  await setTimeout(RECOVER_PAUSE);
  await recoverCache(cache, memory, worker);
}
