/** What the cache's tests share: a small cache with keys and bodies by name. */
import { Cache, CacheKey, createCache, DONE, type KeyPrefix, openCache } from './cache.ts';
import { Arena, type CacheOptions } from './layout.ts';

export const NO_WORDS = [0, 0, 0, 0];
export const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
export const text = (view: Uint8Array): string => Buffer.from(view).toString('latin1');

/** A death at a kill point. */
export class Death extends Error {}

export class Bench {
  readonly sab: SharedArrayBuffer;
  readonly main: Cache;
  readonly prefix: KeyPrefix;
  readonly #key = new CacheKey();

  constructor(options: Partial<CacheOptions> = {}) {
    this.sab = createCache({ memory: 2 << 20, workers: 4, eviction: 's3fifo', secret: bytes('8 bytes!'), ...options });
    this.main = openCache(this.sab, 0);
    this.prefix = this.main.prefix(bytes('1|http|a.example|GET|'), 1, 'a.example');
  }

  open(worker: number): Cache {
    return openCache(this.sab, worker);
  }

  /** A worker that dies, by an exception that leaves all as it is, at the `nth` kill point that it comes to. */
  openMortal(worker: number, nth: number): { cache: Cache; points: string[] } {
    const arena = new Arena(this.sab, worker);
    const points: string[] = [];
    arena.kill = (point) => {
      points.push(point);
      if (points.length === nth) throw new Death(point);
    };
    return { cache: new Cache(arena), points };
  }

  /** The one key of this bench, set anew. */
  key(target: string, variant = '', prefix = this.prefix): CacheKey {
    return this.#key.set(prefix, target, variant);
  }

  put(cache: Cache, target: string, body: string | Uint8Array, variant = ''): number {
    const content = typeof body === 'string' ? bytes(body) : body;
    return cache.put(this.key(target, variant), bytes(`head ${target}`), bytes('meta'), content, NO_WORDS);
  }

  /** Body of the LIVE entry, or null. */
  get(cache: Cache, target: string, variant = ''): string | null {
    const id = cache.lookup(this.key(target, variant));
    if (id === 0) return null;
    const body = text(wholeBody(cache, id));
    cache.unpin();
    return body;
  }

  /** Claims, fills and finishes; whether it was stored. */
  fill(cache: Cache, target: string, body: Uint8Array, known = true): boolean {
    const { id, handle } = cache.claim(this.key(target));
    if (id === 0) return false;
    const done =
      cache.open(id, bytes(`head ${target}`), bytes('meta'), known ? body.length : -1, undefined, [1, 2]) &&
      cache.append(id, body) &&
      cache.finish(id, DONE);
    cache.drop(handle);
    return done;
  }
}

export function wholeBody(cache: Cache, id: number): Uint8Array {
  const parts: Uint8Array[] = [];
  const length = cache.bodyLength(id);
  for (let at = 0; at < length; at += parts[parts.length - 1].length) parts.push(cache.body(id, at));
  return Buffer.concat(parts);
}
