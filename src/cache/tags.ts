/**
 * Tags of entries: hashes that stand in the meta slot in front of the meta, for purges by tag to find. Their texts are
 * not kept. Two tags of one hash are one to a purge, which then purges too much, never too little (see layout.ts).
 */
import { hashFrom, initialState } from './hash.ts';
import {
  type Arena,
  H_SECRET_HI,
  H_SECRET_LO,
  MAX_TAGS,
  S_KEY_WORDS,
  S_META,
  S_PREFIX_WORDS,
  S_TAGS,
  SLOT_HEADER,
} from './layout.ts';

/** Tag hashes of an entry, at most MAX_TAGS; duplicates only cost room. */
export type TagHashes = ArrayLike<number>;

export const NO_TAGS: TagHashes = Object.freeze([]);

/** Sets tags apart from keys in the hash: no key begins with it. */
const DOMAIN = 0x7461_6773;

/** Makes a thread's hash function for tags: latin1 text to 1..2^32-1. It throws RangeError for characters over 255. */
export function tagHasher(a: Arena): (tag: string) => number {
  const start = initialState(a.words[H_SECRET_LO] ^ DOMAIN, a.words[H_SECRET_HI]);
  const out = { lo: 0, hi: 0 };
  let words = new Int32Array(64);
  return (tag) => {
    const count = 1 + ((tag.length + 3) >> 2);
    if (count > words.length) words = new Int32Array(count * 2);
    words.fill(0, 0, count);
    words[0] = tag.length;
    for (let i = 0; i < tag.length; i++) {
      const code = tag.charCodeAt(i);
      if (code > 255) throw new RangeError('tag: a character over 255');
      words[1 + (i >> 2)] |= code << ((i & 3) * 8);
    }
    hashFrom(start, words, count, out);
    return out.lo >>> 0 || 1;
  };
}

/** Whether an entry can have that many. */
export function fitTags(tags: TagHashes): boolean {
  return tags.length <= MAX_TAGS;
}

/** Writes tags in front of the meta of the slot whose header is at word `header`; S_META is set and leaves room for them. */
export function writeTags(a: Arena, header: number, tags: TagHashes): void {
  const first = header + a.words[header + S_META] / 4 - tags.length;
  for (let i = 0; i < tags.length; i++) a.words[first + i] = tags[i];
  a.words[header + S_TAGS] = tags.length;
}

/** Bytes that tags take in the slot. */
export function tagBytes(a: Arena, header: number): number {
  return Math.max(0, a.words[header + S_TAGS]) * 4;
}

/** A copy of an entry's tags; none while they are not known. */
export function tagsOf(a: Arena, header: number): TagHashes {
  const end = header + a.words[header + S_META] / 4;
  return a.words.slice(end - tagBytes(a, header) / 4, end);
}

/** Bytes of the slot between its key and its tags: what a longer key may take, beyond the key itself. */
export function keyRoom(a: Arena, header: number): number {
  return a.words[header + S_META] - tagBytes(a, header) - SLOT_HEADER;
}

/** Bytes of the key in the slot. */
export function keyBytes(a: Arena, header: number): number {
  return (a.words[header + S_PREFIX_WORDS] + a.words[header + S_KEY_WORDS]) * 4;
}
