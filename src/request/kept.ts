import { BROKEN, CacheKey, DONE, type Outcome, RELEASED, USER_BORN } from '../cache/cache.ts';
import type { StaleEntry } from '../fill/fill.ts';
import type { LocalFlight } from '../fill/flights.ts';
import { renderHead } from '../fill/head.ts';
import { bodyLength, judge, type OriginAnswer, selectingFields, storedMeta, storedWords } from '../fill/judge.ts';
import { refreshedEntry } from '../fill/refresh.ts';
import { encodeMeta } from '../fill/stored.ts';
import { parseCacheTags } from '../http/cache-tags.ts';
import { parseContentLength } from '../http/framing.ts';
import { getHeader, type HeaderList } from '../http/headers.ts';
import type { Exchange } from './exchange.ts';

/** Largest answer to a POST that is stored, in bytes: its client's pace is that of the fill. */
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
  if (x.method === 'POST' && x.body === undefined && x.policyOf().key === undefined) return new PostedRepresentation(x);
  return undefined;
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
    const { context } = this.#x;
    const { meta, id } = this.#stale;
    const { status, headers } = answer;
    if (status === 304 || (status >= 400 && status !== 404 && status !== 410)) return;
    const length = getHeader(headers, 'content-length');
    const isSame =
      status === meta.status &&
      isUnchanged(meta.etag, getHeader(headers, 'etag')) &&
      isUnchanged(meta.lastModified, getHeader(headers, 'last-modified')) &&
      (length === undefined || parseContentLength(length) === context.cache.bodyLength(id));
    const validation = { client: this.#x.clientRequest(), key: this.#key, stale: this.#stale, since: this.#since };
    if (isSame) refreshedEntry(context, validation, answer);
    else context.cache.remove(this.#key);
  }

  onData(): void {}

  onEnd(): void {}

  abort(): void {}
}

/** Whether a field that a HEAD says anything of is as it was stored. */
function isUnchanged(stored: string | undefined, given: string | undefined): boolean {
  return given === undefined || given === stored;
}

/**
 * The answer to a POST that says how long it is fresh, and by Content-Location that it is what a GET of the target would
 * get: it is stored for that (RFC 9110 section 9.3.3).
 */
class PostedRepresentation implements Kept {
  readonly #x: Exchange;
  readonly #key: CacheKey;
  #flight: LocalFlight | undefined;
  #words: [number, number, number, number] | undefined;

  constructor(x: Exchange) {
    this.#x = x;
    this.#key = new CacheKey().set(x.host.prefix, x.target, '');
  }

  onHead(answer: OriginAnswer): void {
    const x = this.#x;
    const { cache, flights } = x.context;
    const length = bodyLength(answer);
    if (answer.status !== 200 || length < 0 || length > MAX_POSTED || !this.#isOfTarget(answer.headers)) return;
    const client = x.clientRequest();
    const judgement = judge(client, answer);
    const isExplicit = ['s-maxage', 'max-age', 'expires'].includes(judgement.freshness.source);
    if (!judgement.storage.storable || !isExplicit || selectingFields(answer.headers) !== '') return;
    const claim = cache.claim(this.#key);
    if (!claim.leader) {
      if (claim.id !== 0) cache.drop(claim.handle);
      return;
    }
    this.#flight = flights.enter(claim);
    this.#flight.filling = true;
    this.#words = storedWords(judgement, answer.status);
    cache.setWord(claim.id, USER_BORN, this.#words[1]);
    const head = renderHead(answer.headers, judgement.omitFields, x.host.plan.hidden);
    const tags = parseCacheTags(answer.headers).map((tag) => cache.tagHash(tag));
    const meta = encodeMeta(storedMeta(judgement, answer, head));
    if (cache.open(claim.id, head.block, meta, length, undefined, tags)) flights.announce(this.#flight);
    else this.#end(RELEASED);
  }

  #isOfTarget(headers: HeaderList): boolean {
    const location = getHeader(headers, 'content-location');
    if (location === undefined) return false;
    const own = `${this.#x.context.scheme}://${this.#x.host.authority}${this.#x.target}`;
    return URL.parse(location, own)?.href === URL.parse(own)?.href;
  }

  onData(chunk: Buffer): void {
    if (this.#flight === undefined) return;
    if (this.#x.context.cache.append(this.#flight.id, chunk)) this.#x.context.flights.announce(this.#flight);
    else this.#end(BROKEN);
  }

  onEnd(): void {
    this.#end(DONE);
  }

  abort(): void {
    this.#end(BROKEN);
  }

  #end(outcome: Outcome): void {
    const flight = this.#flight;
    if (flight === undefined) return;
    this.#flight = undefined;
    const { cache, flights } = this.#x.context;
    cache.finish(flight.id, outcome, undefined, outcome === DONE ? this.#words : undefined);
    flights.announce(flight);
    flights.land(flight);
  }
}
