import { Remembered } from '../base/remembered.ts';
import type { DictionaryRequest } from './dictionaries.ts';
import { type KeyMessage, nameOf, packKey } from './key-message.ts';
import type { VariantMaker, VariantWish } from './variants.ts';

/** What an edge asks main for: work in the background on a stored response. */
export type BackgroundRequest = ({ what: 'variant' } & WishMessage) | DictionaryRequest;

/** A wish as it goes from an edge to main: what names the original, and no entry, which only the edge has pinned. */
export interface WishMessage extends Omit<VariantWish, 'key' | 'id'> {
  key: KeyMessage;
}

/** How long an edge waits before it asks for the same variant again, in ms: main drops wishes when it has too many. */
const PATIENCE = 5000;

/** Variants that an edge remembers to have asked for. */
const ASKED = 4096;

/** An edge's side of variants in the background: it has main make them. */
export class BackgroundVariants implements VariantMaker {
  readonly #send: (request: BackgroundRequest) => void;
  readonly #asked = new Remembered(ASKED, PATIENCE);

  constructor(send: (request: BackgroundRequest) => void) {
    this.#send = send;
  }

  want({ key, content, from, to, type, length, site }: VariantWish): void {
    const name = nameOf(key, content, to);
    const now = performance.now();
    if (this.#asked.has(name, now)) return;
    this.#asked.add(name, now);
    this.#send({ what: 'variant', key: packKey(key), content, from, to, type, length, site });
  }
}
