import { CacheKey, KeyPrefix } from '../cache/cache.ts';

/** A cache key in parts that can be sent. */
export interface KeyMessage {
  prefix: Pick<KeyPrefix, 'site' | 'host' | 'words' | 'state' | 'hostAt'>;
  target: string;
  variant: string;
}

/** Tells variants apart. One piece: a text put together by `+` or a template keeps all of its pieces for as long as it is kept. */
export function nameOf(key: CacheKey, content: string, to: string): string {
  return [key.lo, key.hi, content, to].join(' ');
}

export function packKey({ prefix, target, variant }: CacheKey): KeyMessage {
  const { site, host, words, state, hostAt } = prefix;
  return { prefix: { site, host, words, state, hostAt }, target, variant };
}

/** On a thread whose cache has the same secret. */
export function unpackKey({ prefix, target, variant }: KeyMessage): CacheKey {
  const { site, host, words, state, hostAt } = prefix;
  return new CacheKey().set(new KeyPrefix(site, host, words, state, hostAt), target, variant);
}
