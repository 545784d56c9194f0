/**
 * The ghost queue of S3-FIFO: fingerprints of entries lately evicted from the small queue. A table, not a list: buckets of
 * eight words, 20 bits of hash and 12 bits of coarse time each; a word counts while fewer evictions than there are
 * entries have passed since. Under the lock.
 */
import { type Arena, E_HI, E_LO, H_GHOST_CLOCK } from './layout.ts';

const WAYS = 8;
const TIME_BITS = 12;
const TIME_MASK = (1 << TIME_BITS) - 1;

/** Evictions per tick, so that a quarter of the clock's circle is a table's worth of evictions. */
function tickOf(a: Arena): number {
  return Math.max(1, (a.ghostMask + 1) >> (TIME_BITS - 2));
}

function now(a: Arena): number {
  return Math.floor((a.words[H_GHOST_CLOCK] >>> 0) / tickOf(a)) & TIME_MASK;
}

function bucketOf(a: Arena, lo: number): number {
  return a.at.ghosts + ((lo >>> 3) & a.ghostMask & ~(WAYS - 1));
}

/** Remembers the hash of an entry that is being evicted. */
export function addGhost(a: Arena, id: number): void {
  const words = a.words;
  const e = a.entry(id);
  const bucket = bucketOf(a, words[e + E_LO]);
  const time = now(a);
  let oldest = bucket;
  let age = -1;
  for (let at = bucket; at < bucket + WAYS; at++) {
    const old = words[at] === 0 ? TIME_MASK + 1 : (time - words[at]) & TIME_MASK;
    if (old > age) {
      oldest = at;
      age = old;
    }
  }
  words[oldest] = (words[e + E_HI] & ~TIME_MASK) | time;
  words[H_GHOST_CLOCK]++;
}

/** Whether the hash of entry `id` is remembered among the last `span` evictions; if so it is forgotten. */
export function takeGhost(a: Arena, id: number, span: number): boolean {
  const words = a.words;
  const e = a.entry(id);
  const bucket = bucketOf(a, words[e + E_LO]);
  const mark = words[e + E_HI] & ~TIME_MASK;
  const time = now(a);
  const limit = Math.min(span, a.ghostMask + 1) / tickOf(a);
  for (let at = bucket; at < bucket + WAYS; at++) {
    const word = words[at];
    if (word === 0 || (word & ~TIME_MASK) !== mark) continue;
    if (((time - word) & TIME_MASK) > limit) continue;
    words[at] = 0;
    return true;
  }
  return false;
}
