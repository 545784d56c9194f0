import { absorb, type HashState, hashFrom, initialState } from './hash.ts';
import {
  type Arena,
  E_HI,
  E_LO,
  E_SLOT,
  H_SECRET_HI,
  H_SECRET_LO,
  S_HOST,
  S_KEY_WORDS,
  S_PREFIX_WORDS,
  S_SITE,
  SLOT_WORDS,
  UNIT,
} from './layout.ts';

/**
 * The constant part of a key (site, scheme, host, method class), hashed once. Made by `cache.prefix`, good for caches of
 * the same secret. Stored in front of every key.
 */
export class KeyPrefix {
  readonly site: number;
  readonly host: string;
  readonly words: Int32Array;
  /** Of the hash, after the prefix. */
  readonly state: HashState;
  /** Byte offset of the host in the words << 16 | its bytes. */
  readonly hostAt: number;

  constructor(site: number, host: string, words: Int32Array, state: HashState, hostAt: number) {
    this.site = site;
    this.host = host;
    this.words = words;
    this.state = state;
    this.hostAt = hostAt;
  }
}

const NO_PREFIX = new KeyPrefix(-1, '', new Int32Array(0), initialState(0, 0), 0);

/** bytes: any, length-prefixed by the caller; host: lowercase latin1, appended unless it stands in `bytes`; 64 KB at most. */
export function makePrefix(a: Arena, bytes: Uint8Array, site: number, host: string): KeyPrefix {
  const hostBytes = Buffer.from(host, 'latin1');
  let stored = Buffer.from(bytes);
  let offset = stored.indexOf(hostBytes);
  if (offset < 0) {
    offset = stored.length;
    stored = Buffer.concat([stored, hostBytes]);
  }
  if (stored.length > 65535) throw new RangeError('key prefix: over 65,535 bytes');
  const words = new Int32Array(Math.ceil(stored.length / 4));
  new Uint8Array(words.buffer).set(stored);
  const state = initialState(a.words[H_SECRET_LO], a.words[H_SECRET_HI]);
  absorb(state, Int32Array.of(site, stored.length), 2);
  absorb(state, words, words.length);
  return new KeyPrefix(site, host, words, state, (offset << 16) | hostBytes.length);
}

const NO_WORDS = new Int32Array(0);

/** Words of which V8 makes an array as cheaply as any object; a larger one takes memory of its own. */
const ON_HEAP = 16;

/**
 * A reusable key. `words` holds target and variant as they are stored: their lengths, then each packed four characters
 * a word; so comparing with a stored key is comparing words.
 */
export class CacheKey {
  prefix: KeyPrefix = NO_PREFIX;
  target = '';
  variant = '';
  lo = 0;
  hi = 0;
  words: Int32Array = NO_WORDS;
  /** Words in use. */
  count = 0;

  /**
   * target: path[?query]; variant: '' or a secondary key. Latin1: a character over 255 throws RangeError.
   * Allocates only when a key is longer than all before it.
   */
  set(prefix: KeyPrefix, target: string, variant: string): this {
    const need = 2 + ((target.length + 3) >> 2) + ((variant.length + 3) >> 2);
    if (need > this.words.length) this.words = new Int32Array(need <= ON_HEAP ? ON_HEAP : need * 2);
    const words = this.words;
    words[0] = target.length;
    words[1] = variant.length;
    const end = pack(words, 2, target);
    this.count = variant.length === 0 ? end : pack(words, end, variant);
    this.prefix = prefix;
    this.target = target;
    this.variant = variant;
    hashFrom(prefix.state, words, this.count, this);
    return this;
  }

  /** A key of its own that says the same. */
  copy(): CacheKey {
    return new CacheKey().set(this.prefix, this.target, this.variant);
  }
}

/** Packs latin1 text little-endian into words from `at`; returns the next free word. */
function pack(words: Int32Array, at: number, text: string): number {
  const length = text.length;
  const whole = length & ~3;
  let seen = 0;
  let i = 0;
  for (; i < whole; i += 4) {
    const a = text.charCodeAt(i);
    const b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2);
    const d = text.charCodeAt(i + 3);
    seen |= a | b | c | d;
    words[at++] = a | (b << 8) | (c << 16) | (d << 24);
  }
  if (i < length) {
    let word = 0;
    for (let shift = 0; i < length; i++, shift += 8) {
      const code = text.charCodeAt(i);
      seen |= code;
      word |= code << shift;
    }
    words[at++] = word;
  }
  if (seen > 255) throw new RangeError('key: a character over 255');
  return at;
}

/** Whether the meta slot at unit address `slot` stores exactly this key. */
export function slotHasKey(a: Arena, slot: number, key: CacheKey): boolean {
  const words = a.words;
  let at = slot * (UNIT / 4);
  const prefix = key.prefix.words;
  const own = key.words;
  const prefixCount = prefix.length;
  const count = key.count;
  if (words[at + S_PREFIX_WORDS] !== prefixCount || words[at + S_KEY_WORDS] !== count) return false;
  at += SLOT_WORDS;
  for (let i = 0; i < prefixCount; i++) if (words[at + i] !== prefix[i]) return false;
  at += prefixCount;
  for (let i = 0; i < count; i++) if (words[at + i] !== own[i]) return false;
  return true;
}

/** Whether the key in the meta slot at unit address `slot` has this key's prefix and target, whatever its variant. */
export function slotHasTarget(a: Arena, slot: number, key: CacheKey): boolean {
  const words = a.words;
  const header = slot * (UNIT / 4);
  const prefix = key.prefix.words;
  if (words[header + S_PREFIX_WORDS] !== prefix.length) return false;
  const at = header + SLOT_WORDS;
  for (let i = 0; i < prefix.length; i++) if (words[at + i] !== prefix[i]) return false;
  const own = at + prefix.length;
  const [length] = key.words;
  if (words[own] !== length) return false;
  // behind the lengths of target and variant
  for (let i = 2; i < 2 + ((length + 3) >> 2); i++) if (words[own + i] !== key.words[i]) return false;
  return true;
}

/** Whether two meta slots store the same key. */
export function sameKey(a: Arena, slot: number, other: number): boolean {
  const words = a.words;
  const one = slot * (UNIT / 4);
  const two = other * (UNIT / 4);
  if (words[one + S_PREFIX_WORDS] !== words[two + S_PREFIX_WORDS]) return false;
  if (words[one + S_KEY_WORDS] !== words[two + S_KEY_WORDS]) return false;
  const end = SLOT_WORDS + words[one + S_PREFIX_WORDS] + words[one + S_KEY_WORDS];
  for (let i = SLOT_WORDS; i < end; i++) if (words[one + i] !== words[two + i]) return false;
  return true;
}

/** Writes a key behind the slot header at word `header`; there must be room. */
export function writeKey(a: Arena, header: number, key: CacheKey): void {
  const words = a.words;
  const prefix = key.prefix.words;
  words[header + S_PREFIX_WORDS] = prefix.length;
  words[header + S_KEY_WORDS] = key.count;
  words[header + S_SITE] = key.prefix.site;
  words[header + S_HOST] = key.prefix.hostAt;
  words.set(prefix, header + SLOT_WORDS);
  const own = header + SLOT_WORDS + prefix.length;
  for (let i = 0; i < key.count; i++) words[own + i] = key.words[i];
}

/** The key that an entry stores, fit for comparing and storing; its texts are left empty. */
export function storedKey(a: Arena, id: number): CacheKey {
  const words = a.words;
  const e = a.entry(id);
  const header = words[e + E_SLOT] * (UNIT / 4);
  const own = header + SLOT_WORDS + words[header + S_PREFIX_WORDS];
  const key = new CacheKey();
  key.count = words[header + S_KEY_WORDS];
  key.words = words.slice(own, own + key.count);
  key.lo = words[e + E_LO];
  key.hi = words[e + E_HI];
  const prefix = words.slice(header + SLOT_WORDS, own);
  key.prefix = new KeyPrefix(words[header + S_SITE], '', prefix, NO_PREFIX.state, words[header + S_HOST]);
  return key;
}
