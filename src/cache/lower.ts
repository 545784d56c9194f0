/** What the cache tells a tier below it, such as disks, and what it needs to know of what comes from there. */
import { slotHeader } from './entries.ts';
import {
  type Arena,
  E_AUX,
  E_BORN,
  E_FLAGS,
  E_FRESH_UNTIL,
  E_HI,
  E_LENGTH,
  E_LO,
  E_SEQ,
  S_HOST,
  S_KEY_WORDS,
  S_PREFIX_WORDS,
  S_SITE,
  SLOT_WORDS,
} from './layout.ts';
import { headOf, metaOf } from './storage.ts';
import { type TagHashes, tagsOf } from './tags.ts';

/** One thread's way to a tier below the cache. Both are called under the cache's lock: they must be short, and never throw. */
export interface LowerTier {
  /**
   * Entry `id` of this generation, whose key hashes to (lo, hi), may be kept below. It is LIVE at this moment; it stays so only for
   * whoever pins it (`Cache.pinEntry`).
   * @param again it was used again since it was stored, and was about to be evicted; else it has just been stored
   */
  offer(id: number, generation: number, lo: number, hi: number, again: boolean): void;
  /** Whatever is kept below under this hash is no longer valid: its entry was replaced or removed. */
  forget(lo: number, hi: number): void;
}

/** What an entry that is being loaded from a tier below was made from. */
export interface Below {
  /**
   * Whether it is still valid there: nobody has called `LowerTier.forget` for it since it was found. Called under the
   * cache's lock, so that what stands then stands until the entry is LIVE.
   */
  stands(): boolean;
}

/**
 * Brings `length` bytes of a body, from its byte `at` on, into `memory` at `offset`. Called for one part after the other, from the first;
 * false: there are none, or not now. Must not throw.
 */
export type BodyReader = (memory: Uint8Array, offset: number, length: number, at: number) => boolean;

/** All that is stored of an entry beside its body. The arrays are copies, `head` and `meta` are views of pinned memory. */
export interface EntryRecord {
  lo: number;
  hi: number;
  site: number;
  /** Byte offset of the host in the prefix << 16 | its bytes. */
  hostAt: number;
  /** Of the key's words, those of the prefix. */
  prefixCount: number;
  /** Prefix and own words of the key (key.ts). */
  keyWords: Int32Array;
  tags: TagHashes;
  /** freshUntil, born, flags, aux. */
  userWords: [number, number, number, number];
  /** The purge that it is as new as. */
  sequence: number;
  meta: Uint8Array<SharedArrayBuffer>;
  head: Uint8Array<SharedArrayBuffer>;
  /** Body bytes; see `Cache.body`. */
  length: number;
}

/** Reads a pinned LIVE entry. */
export function recordOf(a: Arena, id: number): EntryRecord {
  const { words } = a;
  const e = a.entry(id);
  // Before the user words: a soft purge first changes these, then the sequence.
  const sequence = Atomics.load(words, e + E_SEQ);
  const header = slotHeader(a, id);
  const prefixCount = words[header + S_PREFIX_WORDS];
  const key = header + SLOT_WORDS;
  const user = (word: number): number => Atomics.load(words, e + word);
  return {
    lo: words[e + E_LO],
    hi: words[e + E_HI],
    site: words[header + S_SITE],
    hostAt: words[header + S_HOST],
    prefixCount,
    keyWords: words.slice(key, key + prefixCount + words[header + S_KEY_WORDS]),
    tags: tagsOf(a, header),
    userWords: [user(E_FRESH_UNTIL), user(E_BORN), user(E_FLAGS), user(E_AUX)],
    sequence,
    meta: metaOf(a, id),
    head: headOf(a, id),
    length: words[e + E_LENGTH],
  };
}
