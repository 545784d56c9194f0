import { cacheNow } from '../base/clock.ts';
import { BROKEN, CacheKey, DONE, FAILED, type Outcome, REFRESHED, RELEASED, USER_BORN } from '../cache/cache.ts';
import { MAX_TAGS } from '../cache/layout.ts';
import { contentCoding } from '../http/content-coding.ts';
import { getHeader, type HeaderList, onlyFields } from '../http/headers.ts';
import { stripHopByHop } from '../http/hop-by-hop.ts';
import type { Judgement } from '../http/judge.ts';
import { randomHex } from '../http/random-id.ts';
import { isErrorStatus } from '../http/status-cache.ts';
import type { StorageReason } from '../http/storable.ts';
import type { OriginRoute } from '../origin/balance-site.ts';
import { errorNumber, errorOfNumber, type OriginError } from '../origin/origin-error.ts';
import { SLOT } from '../stats/counters.ts';
import type { FillSpan } from '../tracing/tracer.ts';
import { adopt } from './adopt.ts';
import type { EdgeContext } from './context.ts';
import { entryOf } from './entry.ts';
import { Fetch, type FetchSink, type RequestBuilder, type Source } from './fetch.ts';
import type { FillLeader, FillTask } from './fill-task.ts';
import { ANSWERED, CONFIRMED, SLICED, WHOLE } from './flight-words.ts';
import type { LocalFlight } from './flights.ts';
import { renderLines } from './head.ts';
import { withLifetime } from './immutable.ts';
import { bodyLength, concernsResource, judge, type OriginAnswer, variantOf } from './judge.ts';
import { keepOdd } from './odd-part.ts';
import { fillRequest } from './origin-request.ts';
import { keepPart, PARTS_NAME, partsOf } from './parts.ts';
import { RangeFetch } from './range-fetch.ts';
import { refreshedEntry } from './refresh.ts';
import { beginSlices, largeAnswer, type WholeAnswer } from './slice-begin.ts';
import { SliceProbe, sliceSize } from './slice-probe.ts';
import { etagsToSend, Variants, variantOfEtag } from './variants.ts';

/** How a flight has ended, as its span has it. */
const SPAN_OUTCOMES: Readonly<Record<Outcome, string>> = {
  [DONE]: 'stored',
  [REFRESHED]: 'refreshed',
  [RELEASED]: 'not-stored',
  [FAILED]: 'failed',
  [BROKEN]: 'broken',
};

/** Who takes an answer that nobody wants. */
const NOBODY: FetchSink = { onHead() {}, onData() {}, onEnd() {}, onError() {} };

/**
 * One fetch for the cache, with or without a client: fetch, judge, store. Its followers, the leading client among them,
 * read from the flight's entry; nothing here waits for them.
 */
export class Fill implements FetchSink {
  /** Taken away when the client goes; the fill goes on while its answer may be stored. */
  leader: FillLeader | undefined;
  /** Told once, when the flight has ended. */
  ended: (() => void) | undefined;
  /** Lines that are not stored (`private="..."`, `no-cache="..."`) and that the leading client gets all the same. */
  ownLines = '';
  readonly #context: EdgeContext;
  readonly #flight: LocalFlight;
  readonly #task: FillTask;
  readonly #key = new CacheKey();
  #fetch: Source;
  readonly #variants: Variants;
  #route: OriginRoute | undefined;
  /** The origin may answer by 304. */
  #isConditional = false;
  readonly #range: RangeFetch | undefined;
  /** Where the resource is asked for in slices. */
  #probe: SliceProbe | undefined;
  #span: FillSpan | undefined;
  /** The newest purge when the origin was asked. */
  readonly #since: number;
  readonly #invalidations: number;
  #landed = false;
  #words: number[] | undefined;
  #storeKey: CacheKey | undefined;
  #tags: number[] = [];

  constructor(context: EdgeContext, flight: LocalFlight, task: FillTask, leader?: FillLeader) {
    this.#context = context;
    this.#flight = flight;
    this.#task = task;
    this.leader = leader;
    const { prefix, target, variant } = task.key;
    if (prefix !== null) this.#key.set(prefix, target, variant);
    this.#since = context.cache.purgeSequence();
    this.#invalidations = context.cache.invalidations();
    const site = task.client.host.plan.index;
    this.#range = task.range && new RangeFetch(context, site, task.range, this);
    this.#fetch = this.#range ?? new Fetch(context, site, this);
    const size = task.range === undefined ? sliceSize(context, task, cacheNow()) : 0;
    if (size > 0) this.#probe = new SliceProbe(size, task.client.headers, task.client.policy.compression !== undefined);
    this.#variants = new Variants(context, (name) => this.#keyOf(name));
  }

  start(route: OriginRoute): void {
    this.#flight.filling = true;
    this.#span = this.#task.client.trace?.fill();
    if (this.#span !== undefined) this.#task.client.cause = this.#span;
    this.#route = route;
    const { client, stale, marker } = this.#task;
    const etags = etagsToSend(marker, stale?.meta, (variant) => this.#variants.isStored(variant));
    const lastModified = stale?.meta.lastModified;
    // a request with a body goes out without conditions
    this.#isConditional = client.body === undefined && (etags.length > 0 || lastModified !== undefined);
    const validators = { etags, lastModified };
    this.#send(route, (origin) => fillRequest(client, origin, validators, this.#range !== undefined));
  }

  /** Asks the origin, for a slice where there is a probe. */
  #send(route: OriginRoute, build: RequestBuilder): void {
    const probe = this.#probe;
    this.#fetch.start(route, (origin) => {
      const request = build(origin);
      return probe === undefined ? request : { ...request, headers: probe.request(request.headers) };
    });
  }

  /** What the origin has answered does not do: it is asked without conditions, for all or for a slice. */
  #askAgain(): void {
    const { client } = this.#task;
    const route = this.#route;
    if (route === undefined) throw new Error('a fill that has begun has a route');
    this.#fetch.sink = NOBODY;
    this.#isConditional = false;
    this.#fetch = new Fetch(this.#context, client.host.plan.index, this);
    this.#send(route, (origin) => fillRequest(client, origin));
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

  onInform(status: number, headers: HeaderList): void {
    this.leader?.inform(status, headers);
  }

  onHead(status: number, headers: HeaderList): void {
    const answer: OriginAnswer = {
      status,
      headers,
      requestTime: this.#fetch.requestTime,
      responseTime: Date.now() / 1000,
    };
    if (status === 304) this.#notModified(answer);
    else if (isErrorStatus(status) && this.#mayUseStale()) this.#fail(ANSWERED + status);
    else this.#read(answer);
  }

  /** An answer to a request for all, or for a slice. */
  #read(answer: OriginAnswer): void {
    const read = this.#probe?.read(answer) ?? { kind: 'plain', answer };
    if (read.kind === 'plain') this.#decide(withLifetime(this.#task.client, read.answer));
    else if (read.kind === 'unsatisfied') this.#release(answer);
    else if (read.kind === 'again') {
      const isLast = this.#probe?.tryPlain(answer.headers) !== true;
      if (isLast) this.#context.slices.refuse(this.#key, cacheNow());
      if (isLast) this.#probe = undefined;
      this.#fetch.sink = NOBODY;
      this.#fetch.abort();
      this.#askAgain();
    } else this.#slice(read.whole, read.complete);
  }

  /** What is known of a large resource is stored, so that its slices are as they are asked for; the one that comes is the first. */
  #slice(given: OriginAnswer, complete: number): void {
    const whole = withLifetime(this.#task.client, given);
    const judgement = judge(this.#task.client, whole);
    const { storage } = judgement;
    const isOfResource = !storage.storable && concernsResource(storage.reason, whole.status);
    if (!storage.storable) this.#remember(storage.reason, whole.status, isOfResource);
    if (isOfResource) this.#removeStale();
    this.ownLines = renderLines(onlyFields(stripHopByHop(whole.headers), judgement.omitFields));
    const fetch = this.#fetch;
    fetch.sink = NOBODY;
    const began = { whole, complete, judgement, probe: this.#probe, fetch };
    const times = { since: this.#since, invalidations: this.#invalidations };
    const isStored = beginSlices(this.#context, { ...this.#task, key: this.#keyOf(''), ...began, ...times });
    if (isStored) this.#count(SLOT.cacheStores);
    // without a marker each client asks for what it wants
    if (isStored) this.#end(REFRESHED, [0, 0, 0, SLICED]);
    else this.#end(RELEASED);
  }

  #decide(answer: OriginAnswer): void {
    const odd = this.#range?.odd;
    if (odd !== undefined) {
      const { client } = this.#task;
      const flight = this.#flight.id;
      keepOdd(this.#context, { client, answer, odd, key: this.#keyOf(PARTS_NAME), flight, since: this.#since });
      this.#release(answer);
      return;
    }
    const judgement = judge(this.#task.client, answer, this.#isPart(answer.status));
    if (this.#range !== undefined) this.#forgetParts(this.#range);
    if (answer.status === 200 && this.#range?.sentAllUnasked === true && judgement.storage.storable) {
      this.#fetchAll(this.#range);
      return;
    }
    const large = judgement.storage.storable ? this.#readLarge(answer) : undefined;
    if (large !== undefined) {
      this.#slice(large.whole, large.complete);
      return;
    }
    const refusal = judgement.storage.storable ? this.#open(answer, judgement) : judgement.storage.reason;
    if (refusal === undefined) {
      this.#count(SLOT.cacheStores);
      this.#context.flights.announce(this.#flight);
      return;
    }
    const isOfResource = concernsResource(refusal, answer.status);
    this.#remember(refusal, answer.status, isOfResource);
    if (isOfResource) this.#removeStale();
    this.#release(answer);
  }

  /** An answer in whose place slices are to be had. */
  #readLarge(answer: OriginAnswer): WholeAnswer | undefined {
    if (this.#probe !== undefined || (answer.status === 206 && !this.#isPart(206))) return undefined;
    return largeAnswer(this.#context, { ...this.#task, key: this.#keyOf('') }, answer, cacheNow());
  }

  /** The stored parts are of a representation that the origin has no more. */
  #forgetParts(range: RangeFetch): void {
    const isOther = range.isOther || (range.isThrough && this.#task.range?.held !== undefined);
    if (isOther) this.#context.cache.remove(this.#keyOf(PARTS_NAME));
  }

  /** The origin sends all in place of a part: whoever waits for that part waits for one fetch of all, with everybody else. */
  #fetchAll(range: RangeFetch): void {
    if (this.#task.range?.whole === true) {
      range.askForAll();
      return;
    }
    this.#fetch.sink = NOBODY;
    this.#fetch.abort();
    this.#end(REFRESHED, [0, 0, 0, WHOLE]);
  }

  /** The origin's newest answer is not for storing, so that the one before it must not be used any more. */
  #removeStale(): void {
    const { cache } = this.#context;
    const { stale } = this.#task;
    const current = stale !== undefined && cache.lookup(this.#key) === stale.id;
    cache.unpin();
    if (current) cache.remove(this.#key);
    const partsKey = this.#keyOf(PARTS_NAME);
    const hasParts = cache.lookup(partsKey) !== 0;
    cache.unpin();
    if (hasParts) cache.remove(partsKey);
  }

  /** Begins to store the answer; why that cannot be, or undefined. */
  #open(answer: OriginAnswer, judgement: Judgement): StorageReason | undefined {
    const { client, marker } = this.#task;
    const variant = variantOf(client, answer.headers, marker);
    const isPart = this.#isPart(answer.status);
    const parts = isPart ? partsOf(answer.headers) : undefined;
    const isCoded = isPart && contentCoding(answer.headers) !== 'identity';
    if (isPart && (variant !== undefined || parts === undefined || isCoded)) return 'partial';
    // what a request for a part is refused with is no answer to a request for all
    if (this.#task.range !== undefined && !isPart && answer.status !== 200) return 'partial';
    const current = marker === undefined ? undefined : this.#variants.marker(marker.variant);
    // what the marker told of was changed by an unsafe request since, and this answer may be older than the change
    if (marker !== undefined && current === undefined) return 'outdated';
    const { maxVariants } = client.policy;
    const isFound = variant === undefined || this.#variants.note(variant, judgement.etag, maxVariants, current);
    if (!isFound) return 'variants';
    this.ownLines = renderLines(onlyFields(stripHopByHop(answer.headers), judgement.omitFields));
    const { cache } = this.#context;
    const content = client.policy.compression === undefined ? undefined : randomHex(8);
    const entry = entryOf(cache, answer, judgement, client.host.plan.hidden, { variant, parts, content });
    const { head, meta, words, tags } = entry;
    // before `open` publishes the head: whoever sees that reads Age from this word
    cache.setWord(this.#flight.id, USER_BORN, words[1]);
    if (variant !== undefined) this.#storeKey = this.#keyOf(variant.key);
    else if (this.#task.range !== undefined && !isPart) this.#storeKey = this.#keyOf('');
    const opened = cache.open(this.#flight.id, head, meta, bodyLength(answer), this.#storeKey, tags);
    if (!opened) return tags.length > MAX_TAGS ? 'tags' : this.#tooLarge(bodyLength(answer));
    this.#words = words;
    this.#tags = tags;
    return undefined;
  }

  /** Whether the answer is a part that was asked for. */
  #isPart(status: number): boolean {
    return status === 206 && this.#range?.isThrough === false;
  }

  #keyOf(variant: string): CacheKey {
    const { prefix, target } = this.#key;
    if (prefix === null) throw new Error('a fill has a key');
    return new CacheKey().set(prefix, target, this.#task.parts + variant);
  }

  /** @param passes whether requests for the resource are to pass for a while */
  #remember(reason: StorageReason, status: number, passes: boolean): void {
    const key = this.#task.range === undefined ? this.#key : this.#keyOf('');
    this.#context.uncacheable.remember(key, cacheNow(), reason, status, passes);
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
    const { stale, client, marker } = this.#task;
    const etag = getHeader(answer.headers, 'etag');
    const other = stale === undefined ? variantOfEtag(marker, etag) : undefined;
    if (!this.#isConditional) {
      this.#fail(errorNumber('http_protocol_error'));
      return;
    }
    let refreshed = false;
    if (other !== undefined) {
      const [otherKey, flight] = [this.#keyOf(other.name), this.#flight.id];
      const adoption = { other, otherKey, flight, variants: this.#variants, since: this.#since };
      refreshed = adopt(this.#context, { ...adoption, task: this.#task, key: this.#key }, answer);
    } else if (stale !== undefined) {
      const validation = { client, key: this.#key, stale, flight: this.#flight.id, since: this.#since };
      refreshed = refreshedEntry(this.#context, validation, answer);
    }
    if (!refreshed && stale === undefined) {
      this.#askAgain();
      return;
    }
    this.#fetch.sink = NOBODY;
    if (refreshed) this.#count(SLOT.cacheRevalidations);
    this.#end(refreshed ? REFRESHED : RELEASED, refreshed ? [0, 0, 0, CONFIRMED] : undefined);
  }

  onData(chunk: Buffer): void {
    if (this.#context.cache.append(this.#flight.id, chunk)) this.#context.flights.announce(this.#flight);
    else this.#outgrown(chunk);
  }

  /** Why so many bytes are not stored, of a body that need not be over: the cache may have room for them the next time. */
  #tooLarge(length: number): 'too-large' | 'no-room' {
    return this.#context.slices.isLarge(length) ? 'too-large' : 'no-room';
  }

  /** The cache takes no more: the leading client goes on alone. What is too large for it counts as uncacheable for a while. */
  #outgrown(chunk: Buffer): void {
    const reason = this.#tooLarge(this.#context.cache.bodyLength(this.#flight.id) + chunk.length);
    this.#remember(reason, 200, reason === 'too-large');
    const sink = this.leader?.takeRest(this.#fetch, chunk) ?? NOBODY;
    this.#fetch.sink = sink;
    this.#end(BROKEN);
    if (sink === NOBODY) this.#fetch.abort();
  }

  onEnd(): void {
    this.#end(DONE, this.#words);
  }

  onError(error: OriginError): void {
    if (this.#words === undefined) this.#fail(errorNumber(error.type));
    else this.#end(BROKEN);
  }

  /** Whether a stale response may stand in for an origin that fails (RFC 5861 section 4). */
  #mayUseStale(): boolean {
    const { stale } = this.#task;
    return stale !== undefined && cacheNow() < stale.errorUntil;
  }

  /** @param word what the flight's followers are told: the number of an error, or ANSWERED and a status */
  #fail(word: number): void {
    const { stale } = this.#task;
    if (stale !== undefined) this.#context.stored.of(stale.id).failed = cacheNow();
    this.#remember('no-answer', word > ANSWERED ? word - ANSWERED : errorOfNumber(word).status, false);
    this.#fetch.sink = NOBODY;
    this.#fetch.abort();
    this.#end(FAILED, [0, 0, 0, word]);
  }

  /** Ends the flight. An answer shorter than it declared cannot get here: the fetch has failed then. */
  #end(outcome: Outcome, words?: number[]): void {
    this.#landed = true;
    this.#span?.end(SPAN_OUTCOMES[outcome]);
    const { cache } = this.#context;
    const invalidations = cache.invalidations();
    const stored = cache.finish(this.#flight.id, outcome, this.#storeKey, words);
    if (this.#task.stale !== undefined) cache.drop(this.#task.stale.handle);
    this.#context.flights.announce(this.#flight);
    this.ended?.();
    try {
      if (outcome === DONE && stored && words?.[3] === 206) this.#keepPart(invalidations);
    } finally {
      this.#context.flights.land(this.#flight);
    }
  }

  #keepPart(invalidations: number): void {
    const partsKey = this.#keyOf(PARTS_NAME);
    const wholeKey = this.#keyOf('');
    const part = { id: this.#flight.id, key: this.#key, partsKey, wholeKey, tags: this.#tags, invalidations };
    keepPart(this.#context, part);
  }

  #count(slot: number): void {
    this.#context.counters.add(this.#context.lines[this.#task.client.host.plan.index], slot, 1);
  }
}
