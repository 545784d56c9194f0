import { CacheKey } from '../cache/cache.ts';
import { entryOf } from '../fill/entry.ts';
import type { StaleEntry } from '../fill/fill-task.ts';
import { bodyLength, judge, nonceOf, type OriginAnswer, selectingFields, variantName } from '../fill/judge.ts';
import { refreshedEntry } from '../fill/refresh.ts';
import { parseContentLength } from '../http/framing.ts';
import { getHeader, type HeaderList } from '../http/headers.ts';
import type { Judgement } from '../http/judge.ts';
import type { Exchange } from './exchange.ts';

/** Largest answer to a POST that is stored, in bytes: it is collected in memory. */
const MAX_POSTED = 1024 * 1024;

/** What the cache makes of an answer that is passed on to one client. */
export interface Kept {
  onHead(answer: OriginAnswer): void;
  onData(chunk: Buffer): void;
  onEnd(): void;
  /** The answer is cut short, or nobody wants it. */
  abort(): void;
}

/** What the cache may make of the answer to a request that is passed on. */
export function keptAnswer(x: Exchange): Kept | undefined {
  if (x.method === 'HEAD' && x.stale !== undefined) return new HeadUpdate(x, x.stale);
  const isPosted = x.method === 'POST' && x.body === undefined;
  const { storePosted, key } = x.policyOf();
  const isPlain = key === undefined && x.host.plan.rules?.editsRequests !== true;
  return isPosted && storePosted && isPlain ? new PostedRepresentation(x) : undefined;
}

/**
 * HEAD on a stale response: what it says of the same representation makes the stored one fresh again, and of another
 * one invalid (RFC 9111 section 4.3.5).
 */
class HeadUpdate implements Kept {
  readonly #x: Exchange;
  readonly #stale: StaleEntry;
  readonly #key: CacheKey;
  readonly #since: number;

  constructor(x: Exchange, stale: StaleEntry) {
    this.#x = x;
    this.#stale = stale;
    this.#key = x.key.copy();
    this.#since = x.context.cache.purgeSequence();
  }

  onHead(answer: OriginAnswer): void {
    const { context, headers } = this.#x;
    const { meta, id } = this.#stale;
    const { status, headers: given } = answer;
    if (status === 304 || (status >= 400 && status !== 404 && status !== 410)) return;
    // found by the first line of a selecting field, of which there are several
    const { vary, variant } = meta;
    if (vary !== undefined && variantName(nonceOf(variant), vary, headers ?? []) !== variant) return;
    const etag = getHeader(given, 'etag');
    const modified = getHeader(given, 'last-modified');
    const length = getHeader(given, 'content-length');
    const contradicts =
      status !== meta.status ||
      (etag !== undefined && etag !== meta.etag) ||
      (modified !== undefined && modified !== meta.lastModified) ||
      (length !== undefined && parseContentLength(length) !== (meta.slices?.complete ?? context.cache.bodyLength(id)));
    if (contradicts) context.cache.remove(this.#key);
    else if (etag !== undefined || modified !== undefined) {
      const validation = { client: this.#x.clientRequest(), key: this.#key, stale: this.#stale, since: this.#since };
      refreshedEntry(context, validation, answer);
    }
  }

  onData(): void {}

  onEnd(): void {}

  abort(): void {}
}

/**
 * The answer to a POST that says how long it is fresh, and by Content-Location that it is what a GET of the target would
 * get: it is stored for that (RFC 9110 section 9.3.3) once all of it is there. No GET waits for it.
 */
class PostedRepresentation implements Kept {
  readonly #x: Exchange;
  readonly #key: CacheKey;
  readonly #since: number;
  #invalidations = 0;
  readonly #hidden: readonly string[];
  #answer: OriginAnswer | undefined;
  #judgement: Judgement | undefined;
  #chunks: Buffer[] = [];

  constructor(x: Exchange) {
    this.#x = x;
    this.#hidden = x.host.plan.hidden;
    this.#key = new CacheKey().set(x.host.prefix, x.target, '');
    this.#since = x.context.cache.purgeSequence();
  }

  onHead(answer: OriginAnswer): void {
    const length = bodyLength(answer);
    if (answer.status !== 200 || length < 0 || length > MAX_POSTED || !this.#isOfTarget(answer.headers)) return;
    const judgement = judge(this.#x.clientRequest(), answer);
    const isExplicit = ['s-maxage', 'max-age', 'expires'].includes(judgement.freshness.source);
    const recodes = this.#x.policyOf().compression !== undefined;
    if (!judgement.storage.storable || !isExplicit || selectingFields(answer.headers, recodes) !== '') return;
    this.#answer = answer;
    this.#judgement = judgement;
    this.#invalidations = this.#x.context.cache.invalidations();
  }

  #isOfTarget(headers: HeaderList): boolean {
    const location = getHeader(headers, 'content-location');
    if (location === undefined) return false;
    const own = this.#x.uri();
    return URL.parse(location, own)?.href === URL.parse(own)?.href;
  }

  onData(chunk: Buffer): void {
    if (this.#answer !== undefined) this.#chunks.push(chunk);
  }

  onEnd(): void {
    if (this.#answer !== undefined && this.#judgement !== undefined) this.#store(this.#answer, this.#judgement);
    this.abort();
  }

  #store(answer: OriginAnswer, judgement: Judgement): void {
    const { cache } = this.#x.context;
    const { head, meta, words, tags } = entryOf(cache, answer, judgement, this.#hidden);
    const body = Buffer.concat(this.#chunks);
    const isOutdated = () => cache.invalidations() !== this.#invalidations;
    if (isOutdated() || body.length !== bodyLength(answer)) return;
    const stored = cache.put(this.#key, head, meta, body, words, this.#since, tags);
    if (stored !== 0 && isOutdated()) cache.remove(this.#key);
  }

  abort(): void {
    this.#answer = undefined;
    this.#chunks = [];
  }
}
