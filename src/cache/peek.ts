/** Looking without leaving a trace, for whoever only wants to know. */
import { NO_BAN, type Verdict } from './ban-index.ts';
import type { BanView } from './bans.ts';
import { FLIGHT_TAG, find, LIVE_TAG } from './index.ts';
import type { CacheKey } from './key.ts';
import { type Arena, E_SEQ, E_SLOT, E_USE, UNIT } from './layout.ts';
import { acquire, release } from './lock.ts';
import { hazardOf } from './pin.ts';
import { type TagHashes, tagsOf } from './tags.ts';

/** What stands under a key. */
export interface Peek {
  /** The LIVE entry, under the transient pin, purged or not; 0 for none. */
  id: number;
  /** What purges that it has not met yet do to it at its next look-up. */
  ban: Verdict;
  /** Uses noted, counted up to 3; null where eviction is by LRU. */
  uses: number | null;
  tags: TagHashes;
  /** A flight is under way. */
  fetching: boolean;
}

/** As `Cache.lookup`, but a use is not noted and no purge applied. Takes the lock for a moment. */
export function peek(a: Arena, bans: BanView, key: CacheKey): Peek {
  const { words } = a;
  acquire(a);
  const id = find(a, key, LIVE_TAG);
  const fetching = find(a, key, FLIGHT_TAG) !== 0;
  // nothing is removed under the lock, so the pin comes in time
  Atomics.store(words, hazardOf(a, a.worker), id);
  release(a);
  if (id === 0) return { id, ban: NO_BAN, uses: null, tags: [], fetching };
  const e = a.entry(id);
  const slot = words[e + E_SLOT];
  const since = Atomics.load(words, e + E_SEQ);
  bans.refresh();
  const ban = bans.verdictOfSlot(slot, since);
  return { id, ban, uses: a.lru ? null : words[e + E_USE], tags: tagsOf(a, slot * (UNIT / 4)), fetching };
}
