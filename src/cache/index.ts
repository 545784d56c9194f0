/**
 * The index: buckets of one cache line, 16 words of 8-bit tag and 24-bit entry id; a key may stand in two buckets.
 * Readers take no lock: a word is written in one store, and what it leads to is verified after pinning. Writers hold the
 * lock. LIVE entries and flights of a key share its buckets under different tags.
 */

import { type CacheKey, sameKey, slotHasKey } from './key.ts';
import { type Arena, BUCKET_WORDS, E_HI, E_LO, E_SLOT, E_STATE, ID_MASK, LIVE, STATE_MASK } from './layout.ts';

/** The tag of a LIVE entry, in place (the upper 8 bits); bucket numbers come from the lower bits of both hash words. */
export const LIVE_TAG = 0;
/** Flips the tag of a flight. */
export const FLIGHT_TAG = 0x8000_0000 | 0;

export function firstBucket(a: Arena, lo: number): number {
  return a.at.index + (lo & a.bucketMask) * BUCKET_WORDS;
}

export function secondBucket(a: Arena, hi: number): number {
  return a.at.index + (hi & a.bucketMask) * BUCKET_WORDS;
}

function wordFor(id: number, lo: number, kind: number): number {
  return ((lo & ~ID_MASK) ^ kind) | id;
}

/** Word offset of the index word of entry `id`, or -1. */
export function locate(a: Arena, id: number, kind: number): number {
  const e = a.entry(id);
  const lo = a.words[e + E_LO];
  const wanted = wordFor(id, lo, kind);
  const first = firstBucket(a, lo);
  for (let at = first; at < first + BUCKET_WORDS; at++) if (a.words[at] === wanted) return at;
  const second = secondBucket(a, a.words[e + E_HI]);
  for (let at = second; at < second + BUCKET_WORDS; at++) if (a.words[at] === wanted) return at;
  return -1;
}

/** Writes `id` over the word at `at`. */
export function replaceAt(a: Arena, at: number, id: number, kind: number): void {
  Atomics.store(a.words, at, wordFor(id, a.words[a.entry(id) + E_LO], kind));
}

/** False when both buckets are full: see `crowd`. */
export function insert(a: Arena, id: number, kind: number): boolean {
  const words = a.words;
  const e = a.entry(id);
  const first = firstBucket(a, words[e + E_LO]);
  const second = secondBucket(a, words[e + E_HI]);
  const at = emptiest(a, first, second);
  if (at < 0) return false;
  replaceAt(a, at, id, kind);
  return true;
}

/** The first empty word in the emptier of two buckets, or -1: readers scan from the start. */
function emptiest(a: Arena, first: number, second: number): number {
  let one = -1;
  let two = -1;
  let balance = 0;
  for (let i = BUCKET_WORDS - 1; i >= 0; i--) {
    if (a.words[first + i] === 0) {
      one = first + i;
      balance++;
    }
    if (a.words[second + i] === 0) {
      two = second + i;
      balance--;
    }
  }
  return balance >= 0 ? one : two;
}

/** Entry ids in the two buckets of a hash, for making room. */
export function crowd(a: Arena, lo: number, hi: number): number[] {
  const ids: number[] = [];
  for (const bucket of [firstBucket(a, lo), secondBucket(a, hi)]) {
    for (let i = 0; i < BUCKET_WORDS; i++) ids.push(a.words[bucket + i] & ID_MASK);
  }
  return ids;
}

export function erase(a: Arena, id: number, kind: number): void {
  const at = locate(a, id, kind);
  if (at >= 0) Atomics.store(a.words, at, 0);
}

/** Under the lock: the LIVE entry (kind LIVE_TAG) or the flight (FLIGHT_TAG) of a key, purged or not; 0 none. */
export function find(a: Arena, key: CacheKey, kind: number): number {
  const { lo, hi } = key;
  for (let probe = 0; probe < 2; probe++) {
    const bucket = probe === 0 ? firstBucket(a, lo) : secondBucket(a, hi);
    for (let at = bucket; at < bucket + BUCKET_WORDS; at++) {
      const id = candidate(a, at, lo, hi, kind);
      if (id !== 0 && slotHasKey(a, a.words[a.entry(id) + E_SLOT], key)) return id;
    }
  }
  return 0;
}

/** Under the lock: the LIVE entry with the same key as entry `id`, or 0. */
export function findTwin(a: Arena, id: number): number {
  const e = a.entry(id);
  const lo = a.words[e + E_LO];
  const hi = a.words[e + E_HI];
  for (let probe = 0; probe < 2; probe++) {
    const bucket = probe === 0 ? firstBucket(a, lo) : secondBucket(a, hi);
    for (let at = bucket; at < bucket + BUCKET_WORDS; at++) {
      const twin = candidate(a, at, lo, hi, LIVE_TAG);
      if (twin !== 0 && sameKey(a, a.words[a.entry(twin) + E_SLOT], a.words[e + E_SLOT])) return twin;
    }
  }
  return 0;
}

/** The entry of the index word at `at` if it has this hash and kind, or 0. */
function candidate(a: Arena, at: number, lo: number, hi: number, kind: number): number {
  const words = a.words;
  const id = words[at] & ID_MASK;
  if (id === 0 || (words[at] & ~ID_MASK) !== ((lo & ~ID_MASK) ^ kind)) return 0;
  const e = a.entry(id);
  if (words[e + E_LO] !== lo || words[e + E_HI] !== hi) return 0;
  return ((words[e + E_STATE] & STATE_MASK) === LIVE) === (kind === LIVE_TAG) ? id : 0;
}
