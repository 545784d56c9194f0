import { type Cache, CacheKey, createCache, type KeyPrefix, openCache } from '../../src/cache/cache.ts';
import type { Policy } from './policy.ts';

const HEAD = new Uint8Array(16);
const META = new Uint8Array(8);
const WORDS = [0, 0, 0, 0];
const SMALLEST = 1 << 20;

/** lb's own cache, with heads that are next to nothing, so that bodies are what fills it. */
export class LbCache implements Policy {
  readonly #cache: Cache;
  readonly #prefix: KeyPrefix;
  readonly #key = new CacheKey();
  readonly #body: Uint8Array;

  /** @param largest body bytes of the largest object */
  constructor(memory: number, eviction: 's3fifo' | 'lru', largest: number) {
    const secret = new Uint8Array(8).fill(7);
    this.#cache = openCache(createCache({ memory, workers: 1, eviction, secret, maxObject: largest }), 1);
    this.#prefix = this.#cache.prefix(Buffer.from('1|http|a.example|GET|'), 1, 'a.example');
    this.#body = new Uint8Array(largest);
  }

  access(id: number, size: number): boolean {
    const key = this.#key.set(this.#prefix, `/${id}`, '');
    if (this.#cache.lookup(key) !== 0) {
      this.#cache.unpin();
      return true;
    }
    this.#cache.put(key, HEAD, META, this.#body.subarray(0, size), WORDS);
    return false;
  }

  /** Body bytes held, found without leaving a trace. */
  held(sizes: Uint32Array): number {
    let bytes = 0;
    for (let id = 0; id < sizes.length; id++) {
      const found = this.#cache.peek(this.#key.set(this.#prefix, `/${id}`, ''));
      if (found.id !== 0) bytes += sizes[id];
      this.#cache.unpin();
    }
    return bytes;
  }
}

/** Memory with which lb holds about `bytes` of bodies: what it needs beside them is proportional. */
export function memoryFor(bytes: number, sizes: Uint32Array): number {
  let memory = Math.max(SMALLEST, Math.ceil(bytes * 1.3));
  const largest = Math.max(...sizes.subarray(0, 10_000));
  for (let round = 0; round < 2; round++) {
    const cache = new LbCache(memory, 's3fifo', largest * 2);
    let put = 0;
    for (let id = 0; id < sizes.length && put < memory * 2; id++) {
      cache.access(id, sizes[id]);
      put += sizes[id];
    }
    memory = Math.max(SMALLEST, Math.ceil((memory * bytes) / cache.held(sizes)));
  }
  return memory;
}
