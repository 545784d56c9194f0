import { Remembered } from '../base/remembered.ts';
import { type Cache, CacheKey, type KeyPrefix, USER_BORN, USER_FRESH_UNTIL } from '../cache/cache.ts';
import type { Coding, DictionaryCoding } from '../http/content-coding.ts';
import { type KeyMessage, nameOf, packKey } from './key-message.ts';
import type { VariantWish } from './variants.ts';

/**
 * Dictionaries in the cache. Each is an entry of its own, so that it counts in the limit, is purged with its original, and
 * stays when its original is replaced by the next version, which is what it is for:
 *
 * - the dictionary: under the key of its original with `dictionary:<hash>` behind the key's variant; its body is the
 *   original's content without any coding;
 * - a pointer: under the target `/` of the same host with the variant `dictionary:<hash>`; its meta names the former.
 *
 * A request names a dictionary by its hash alone, and finds it by way of the pointer. Both have the prefix of the host, so
 * that dictionaries are of one origin.
 */

/** Largest dictionary, in bytes without coding. */
export const MAX_DICTIONARY: number = 4 * 1024 * 1024;

/** Bytes of the dictionaries that a thread keeps copies of. */
const MAX_KEPT = 16 * 1024 * 1024;

/** How long an edge waits before it has main see to a dictionary again, in ms, and how many it remembers. */
const PATIENCE = 5000;
const OFFERED = 4096;

const PREFIX = 'dictionary:';

const NOTHING = new Uint8Array(0);

/** What a pointer says. */
interface Pointer {
  /** Of the dictionary's original. */
  target: string;
  /** Of the dictionary. */
  variant: string;
}

/** A dictionary that a client and lb have in common. */
export interface FoundDictionary {
  /** Hexadecimal. */
  readonly hash: string;
  readonly key: CacheKey;
  readonly bytes: Buffer;
}

/** A stored response that is a dictionary, on its way from an edge to main. */
export interface DictionaryMessage extends Pick<VariantWish, 'content' | 'from' | 'length'> {
  key: KeyMessage;
}

/** A wish for a variant with a dictionary, on its way from an edge to main. */
export interface ByDictionaryMessage extends DictionaryMessage {
  to: DictionaryCoding;
  hash: string;
  dictionary: KeyMessage;
}

/** What an edge asks main for. */
export type DictionaryRequest =
  | ({ what: 'dictionary' } & DictionaryMessage)
  | ({ what: 'by-dictionary' } & ByDictionaryMessage);

/** The key of a dictionary. @param original its original's, or one of the same key with another variant */
function dictionaryKey(original: CacheKey, hash: string): CacheKey {
  return new CacheKey().set(original.prefix, original.target, `${original.variant}${PREFIX}${hash}`);
}

function pointerKey(prefix: KeyPrefix, hash: string): CacheKey {
  return new CacheKey().set(prefix, '/', `${PREFIX}${hash}`);
}

/** Whether a dictionary is stored and can be found by its hash. */
export function hasDictionary(cache: Cache, original: CacheKey, hash: string): boolean {
  const isThere =
    cache.peek(dictionaryKey(original, hash)).id !== 0 && cache.peek(pointerKey(original.prefix, hash)).id !== 0;
  cache.unpin();
  return isThere;
}

/**
 * Stores a dictionary as new as its original, whose purges it shares.
 * @param id the original, pinned
 * @param hash SHA-256 of `bytes`, hexadecimal
 * @returns whether it is stored
 */
export function storeDictionary(
  cache: Cache,
  original: CacheKey,
  id: number,
  hash: string,
  bytes: Uint8Array,
): boolean {
  const words: [number, number, number, number] = [cache.word(id, USER_FRESH_UNTIL), cache.word(id, USER_BORN), 0, 0];
  const key = dictionaryKey(original, hash);
  const pointer: Pointer = { target: key.target, variant: key.variant };
  const meta = new TextEncoder().encode(JSON.stringify(pointer));
  const seq = cache.sequence(id);
  const tags = cache.tags(id);
  if (cache.put(key, NOTHING, NOTHING, bytes, words, seq, tags) === 0) return false;
  return cache.put(pointerKey(original.prefix, hash), NOTHING, meta, NOTHING, words, seq, tags) !== 0;
}

interface Kept {
  readonly id: number;
  readonly generation: number;
  readonly found: FoundDictionary;
}

/** One thread's way to dictionaries. */
export class Dictionaries {
  readonly #cache: Cache;
  readonly #send: (request: DictionaryRequest) => void;
  readonly #asked = new Remembered(OFFERED, PATIENCE);
  /** Copies by the hash of the dictionary's key, the one that was used last at the end. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  constructor(cache: Cache, send: (request: DictionaryRequest) => void) {
    this.#cache = cache;
    this.#send = send;
  }

  /**
   * The dictionary of a hash, if it is stored. Ends the transient pin.
   * @param isMeant whether the response that it was made of is a dictionary for the request at hand, by its path
   */
  find(prefix: KeyPrefix, hash: string, isMeant: (path: string) => boolean): FoundDictionary | undefined {
    const cache = this.#cache;
    const id = cache.lookup(pointerKey(prefix, hash));
    const meta = id === 0 ? undefined : cache.meta(id).slice();
    cache.unpin();
    if (meta === undefined) return undefined;
    const { target, variant } = JSON.parse(new TextDecoder().decode(meta)) as Pointer;
    if (!isMeant(target.split('?', 1)[0])) return undefined;
    return this.#read(new CacheKey().set(prefix, target, variant), hash);
  }

  /** A stored response goes out as a dictionary: main is to keep it as such. Quick; may be called for each such answer. */
  offer(key: CacheKey, content: string, from: Coding | 'identity', length: number): void {
    if (length > MAX_DICTIONARY || !this.#isNew(nameOf(key, content, PREFIX))) return;
    this.#send({ what: 'dictionary', key: packKey(key), content, from, length });
  }

  /** As `VariantMaker.want`, for a variant with a dictionary. */
  want(
    { key, content, from, length }: Pick<VariantWish, 'key' | 'content' | 'from' | 'length'>,
    to: DictionaryCoding,
    by: FoundDictionary,
  ): void {
    if (!this.#isNew(nameOf(key, content, `${to}:${by.hash}`))) return;
    const dictionary = packKey(by.key);
    this.#send({ what: 'by-dictionary', key: packKey(key), content, from, to, length, hash: by.hash, dictionary });
  }

  #isNew(name: string): boolean {
    const now = performance.now();
    if (this.#asked.has(name, now)) return false;
    this.#asked.add(name, now);
    return true;
  }

  #read(key: CacheKey, hash: string): FoundDictionary | undefined {
    const cache = this.#cache;
    const id = cache.lookup(key);
    const name = `${key.lo} ${key.hi}`;
    const kept = this.#kept.get(name);
    this.#forget(name);
    if (id === 0) return undefined;
    const generation = cache.generation(id);
    const isSame = kept !== undefined && kept.id === id && kept.generation === generation;
    const found = isSame ? kept.found : { hash, key, bytes: this.#copy(id) };
    cache.unpin();
    this.#keep(name, { id, generation, found });
    return found;
  }

  #copy(id: number): Buffer {
    const cache = this.#cache;
    const bytes = Buffer.allocUnsafeSlow(cache.bodyLength(id));
    for (let at = 0; at < bytes.length; ) {
      const piece = cache.body(id, at);
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  #keep(name: string, kept: Kept): void {
    this.#kept.set(name, kept);
    this.#bytes += kept.found.bytes.length;
    for (const [other] of this.#kept) {
      if (this.#bytes <= MAX_KEPT) break;
      this.#forget(other);
    }
  }

  #forget(name: string): void {
    this.#bytes -= this.#kept.get(name)?.found.bytes.length ?? 0;
    this.#kept.delete(name);
  }
}
