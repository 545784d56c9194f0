import { cacheNow } from '../base/clock.ts';
import { BROKEN, CacheKey, DONE, FAILED, type Outcome, REFRESHED, RELEASED, USER_BORN } from '../cache/cache.ts';
import { parseContentLength } from '../http/framing.ts';
import { getHeader, type HeaderList, hasHeader } from '../http/headers.ts';
import type { Judgement } from '../http/judge.ts';
import { errorNumber, type OriginError, originError } from '../origin/origin-error.ts';
import type { OriginPool } from '../origin/pools.ts';
import { SLOT } from '../stats/counters.ts';
import type { EdgeContext } from './context.ts';
import { Fetch, type FetchSink } from './fetch.ts';
import type { LocalFlight } from './flights.ts';
import { renderHead } from './head.ts';
import {
  concernsThisRequestOnly,
  judge,
  type OriginAnswer,
  storedMeta,
  storedWords,
  type Variant,
  variantOf,
} from './judge.ts';
import { type ClientRequest, fillRequest } from './origin-request.ts';
import { refreshedEntry } from './refresh.ts';
import { encodeMeta, FLAG_VARY_MARKER, type StoredMeta } from './stored.ts';

/** Word of a REFRESHED flight: the origin has confirmed the entry, so that its followers may use it however stale. */
export const CONFIRMED = 304;

const NOTHING = new Uint8Array(0);

/** The client whose request began a fill, as long as it is there. */
export interface FillLeader {
  /** The answer is not stored: from here on it belongs to this client alone. Returns who takes it. */
  takeOver(fetch: Fetch): FetchSink;
  /** The answer was being stored but is too large: the client has `chunk` and the rest to itself. */
  takeRest(fetch: Fetch, chunk: Buffer): FetchSink;
}

/** A stale entry that a fill may refresh. */
export interface StaleEntry {
  id: number;
  /** Of the long pin, dropped when the fill ends. */
  handle: number;
  meta: StoredMeta;
}

/** What a fill is about. */
export interface FillTask {
  client: ClientRequest;
  /** Where the flight was claimed; copied. */
  key: CacheKey;
  /** The marker under which the key's variant was found. */
  marker: StoredMeta | undefined;
  stale: StaleEntry | undefined;
}

/** Who takes an answer that nobody wants. */
const NOBODY: FetchSink = { onHead() {}, onData() {}, onEnd() {}, onError() {} };

/**
 * One fetch for the cache, with or without a client: fetch, judge, store. Its followers, the leading client among them,
 * read from the flight's entry; nothing here waits for them.
 */
export class Fill implements FetchSink {
  /** Taken away when the client goes; the fill goes on while its answer may be stored. */
  leader: FillLeader | undefined;
  readonly #context: EdgeContext;
  readonly #flight: LocalFlight;
  readonly #task: FillTask;
  readonly #key = new CacheKey();
  readonly #fetch: Fetch;
  /** The newest purge when the origin was asked. */
  readonly #since: number;
  #landed = false;
  #words: number[] | undefined;
  #storeKey: CacheKey | undefined;

  constructor(context: EdgeContext, flight: LocalFlight, task: FillTask, leader: FillLeader) {
    this.#context = context;
    this.#flight = flight;
    this.#task = task;
    this.leader = leader;
    const { prefix, target, variant } = task.key;
    if (prefix !== null) this.#key.set(prefix, target, variant);
    this.#since = context.cache.purgeSequence();
    this.#fetch = new Fetch(context, task.client.host.plan.index, this);
  }

  start(origin: OriginPool): void {
    this.#flight.filling = true;
    this.#fetch.start(origin, fillRequest(this.#task.client, origin, this.#task.stale?.meta));
  }

  /** The leading client has gone. What the origin has not been asked for yet, and nobody waits for, is given up. */
  leave(): void {
    this.leader = undefined;
    if (this.#landed) return;
    const [lo, hi] = this.#context.cache.waiters(this.#flight.id);
    if (this.#fetch.isStarted || this.#flight.clients.size > 0 || lo !== 0 || hi !== 0) return;
    this.#fetch.abort();
    this.#fetch.sink = NOBODY;
    this.#end(RELEASED);
  }

  onHead(status: number, headers: HeaderList): void {
    const answer: OriginAnswer = {
      status,
      headers,
      requestTime: this.#fetch.requestTime,
      responseTime: Date.now() / 1000,
    };
    if (status === 304) this.#notModified(answer);
    else this.#decide(answer);
  }

  #decide(answer: OriginAnswer): void {
    const judgement = judge(this.#task.client, answer);
    if (judgement.storage.storable && this.#open(answer, judgement)) {
      this.#count(SLOT.cacheStores);
      this.#context.flights.announce(this.#flight);
      return;
    }
    if (answer.status < 500 && !concernsThisRequestOnly(judgement.storage.reason)) this.#rememberUncacheable();
    this.#release(answer);
  }

  #open(answer: OriginAnswer, judgement: Judgement): boolean {
    const variant = variantOf(this.#task.client, answer.headers, this.#task.marker);
    const head = renderHead(answer.headers, judgement.omitFields);
    const meta = storedMeta(judgement, answer, head, variant);
    const words = storedWords(judgement, answer.status);
    // before `open` publishes the head: whoever sees that reads Age from this word
    this.#context.cache.setWord(this.#flight.id, USER_BORN, words[1]);
    if (variant !== undefined) this.#storeKey = this.#keyOf(variant.key);
    const { cache } = this.#context;
    const opened = cache.open(this.#flight.id, head.block, encodeMeta(meta), bodyLength(answer), this.#storeKey);
    if (!opened) return false;
    this.#words = words;
    if (variant !== undefined && variant.nonce !== this.#task.marker?.variant) this.#putMarker(variant);
    return true;
  }

  #keyOf(variant: string): CacheKey {
    const { prefix, target } = this.#key;
    if (prefix === null) throw new Error('a fill has a key');
    return new CacheKey().set(prefix, target, variant);
  }

  /** Under the plain key: tells later requests which fields select a variant. */
  #putMarker(variant: Variant): void {
    const meta: StoredMeta = { status: 0, tail: 0, vary: variant.fields, variant: variant.nonce };
    this.#context.cache.put(this.#keyOf(''), NOTHING, encodeMeta(meta), NOTHING, [0, cacheNow(), FLAG_VARY_MARKER, 0]);
  }

  #rememberUncacheable(): void {
    this.#context.uncacheable.remember(this.#key, cacheNow());
  }

  /** Not stored: the leading client gets the answer, everybody else asks for themselves. */
  #release(answer: OriginAnswer): void {
    const sink = this.leader?.takeOver(this.#fetch) ?? NOBODY;
    this.#fetch.sink = sink;
    this.#end(RELEASED);
    if (sink === NOBODY) this.#fetch.abort();
    else sink.onHead(answer.status, answer.headers);
  }

  #notModified(answer: OriginAnswer): void {
    const { stale, client } = this.#task;
    if (stale === undefined) {
      this.#fail(originError('http_protocol_error'));
      return;
    }
    const validation = { client, key: this.#key, stale, since: this.#since };
    const refreshed = refreshedEntry(this.#context, validation, answer);
    this.#fetch.sink = NOBODY;
    if (refreshed) this.#count(SLOT.cacheRevalidations);
    this.#end(refreshed ? REFRESHED : RELEASED, refreshed ? [0, 0, 0, CONFIRMED] : undefined);
  }

  onData(chunk: Buffer): void {
    if (this.#context.cache.append(this.#flight.id, chunk)) this.#context.flights.announce(this.#flight);
    else this.#outgrown(chunk);
  }

  /** Larger than the cache takes: the leading client goes on alone, and the resource counts as uncacheable for a while. */
  #outgrown(chunk: Buffer): void {
    this.#rememberUncacheable();
    const sink = this.leader?.takeRest(this.#fetch, chunk) ?? NOBODY;
    this.#fetch.sink = sink;
    this.#end(BROKEN);
    if (sink === NOBODY) this.#fetch.abort();
  }

  onEnd(): void {
    this.#end(DONE, this.#words);
  }

  onError(error: OriginError): void {
    if (this.#words === undefined) this.#fail(error);
    else this.#end(BROKEN);
  }

  #fail(error: OriginError): void {
    this.#fetch.abort();
    this.#end(FAILED, [0, 0, 0, errorNumber(error.type)]);
  }

  /** Ends the flight. An answer shorter than it declared cannot get here: the fetch has failed then. */
  #end(outcome: Outcome, words?: number[]): void {
    this.#landed = true;
    this.#context.cache.finish(this.#flight.id, outcome, this.#storeKey, words);
    if (this.#task.stale !== undefined) this.#context.cache.drop(this.#task.stale.handle);
    this.#context.flights.announce(this.#flight);
    this.#context.flights.land(this.#flight);
  }

  #count(slot: number): void {
    this.#context.counters.add(this.#context.lines[this.#task.client.host.plan.index], slot, 1);
  }
}

/** Bytes of the body that follows: -1 where only its end will tell. */
function bodyLength(answer: OriginAnswer): number {
  if (answer.status === 204) return 0;
  if (hasHeader(answer.headers, 'transfer-encoding')) return -1;
  const declared = getHeader(answer.headers, 'content-length');
  return declared === undefined ? -1 : parseContentLength(declared);
}
