import { Remembered } from '../base/remembered.ts';
import { CacheKey, KeyPrefix } from '../cache/cache.ts';
import type { VariantMaker, VariantWish } from './variants.ts';

/** A wish as it goes from an edge to main: what names the original, and no entry, which only the edge has pinned. */
export interface WishMessage extends Omit<VariantWish, 'key' | 'id'> {
  key: KeyMessage;
}

/** A cache key in parts that can be sent. */
export interface KeyMessage {
  prefix: Pick<KeyPrefix, 'site' | 'host' | 'words' | 'state' | 'hostAt'>;
  target: string;
  variant: string;
}

/** How long an edge waits before it asks for the same variant again, in ms: main drops wishes when it has too many. */
const PATIENCE = 5000;

/** Variants that an edge remembers to have asked for. */
const ASKED = 4096;

/** An edge's side of variants in the background: it has main make them. */
export class BackgroundVariants implements VariantMaker {
  readonly #send: (wish: WishMessage) => void;
  readonly #asked = new Remembered(ASKED);

  constructor(send: (wish: WishMessage) => void) {
    this.#send = send;
  }

  want({ key, id: _, ...wish }: VariantWish): void {
    const name = nameOf(key, wish.content, wish.to);
    const now = performance.now();
    if (this.#asked.has(name, now)) return;
    this.#asked.add(name, now + PATIENCE);
    this.#send({ ...wish, key: packKey(key) });
  }
}

/** Tells variants apart. */
export function nameOf(key: CacheKey, content: string, to: string): string {
  return `${key.lo} ${key.hi} ${content} ${to}`;
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
