import { BROKEN, DONE, FAILED, REFRESHED, RELEASED, STREAMING, USER_AUX, WAITING } from '../cache/cache.ts';
import { DiskRecord } from '../disk/record.ts';
import { ANSWERED, CHANGED } from '../fill/flight-words.ts';
import type { FlightClient } from '../fill/flights.ts';
import { PROXY_NAME } from '../fill/head.ts';
import { DirectRange } from '../fill/slice-direct.ts';
import { type HeldSlice, hasSlice, holdSlice, releaseSlice, stateOf } from '../fill/slice-hold.ts';
import { type SlicedResource, slicedResource, sliceRange } from '../fill/slices.ts';
import type { StoredMeta } from '../fill/stored.ts';
import type { ByteRange } from '../http/range.ts';
import { errorOfNumber, originError } from '../origin/origin-error.ts';
import { admit } from './admit.ts';
import type { Exchange } from './exchange.ts';
import { answeredProblem, originProblem } from './follow.ts';
import { isLoop } from './loop.ts';
import type { RequestProblem } from './outcome.ts';
import { NOT_CACHED } from './problem.ts';
import { DiskSlice } from './sliced-disk.ts';
import { FINISH, LOOKUP, RESPOND, type Step, WAIT } from './step.ts';

/** Times that one slice is asked for anew where its fetch broke off, or was given up by another thread. */
const RETRIES = 3;

/** Slices that are looked for beforehand, to tell a hit from a part of one. */
const MAX_LOOKED = 256;

/** Times that a request begins anew because the origin has another representation by now. */
const MAX_CHANGES = 6;

/** The body of a response that is stored in slices: one slice at a time is pinned, and the next one is on its way. */
export class SlicedBody implements FlightClient {
  /** Why no more bytes come; undefined while they may. */
  failure: RequestProblem | 'changed' | undefined;
  readonly #x: Exchange;
  readonly #resource: SlicedResource;
  #n = -1;
  #held: HeldSlice | undefined;
  #disk: DiskSlice | undefined;
  #direct: DirectRange | undefined;
  #retries = 0;
  /** The slice after it, where it will be needed; it wakes nobody. */
  #next: { n: number; held: HeldSlice } | undefined;
  readonly #idle: FlightClient = { onFlight() {} };
  /** The slice that was looked for ahead of the client, last. */
  #ahead = -1;

  constructor(x: Exchange, resource: SlicedResource) {
    this.#x = x;
    this.#resource = resource;
  }

  /** Whether all slices of these ranges are stored, as far as is looked. */
  isStored(ranges: readonly ByteRange[]): boolean {
    const { size } = this.#resource.slices;
    let left = MAX_LOOKED;
    for (const { start, end } of ranges) {
      const last = Math.floor(end / size);
      for (let n = Math.floor(start / size); n <= last && left > 0; n++, left--) {
        if (!hasSlice(this.#x.context, this.#resource, n)) return false;
      }
    }
    return true;
  }

  /** At most `limit` bytes from position `at` on, all of which will be wanted; undefined where none are there. */
  run(at: number, limit: number): Uint8Array | undefined {
    const n = Math.floor(at / this.#resource.slices.size);
    if (n !== this.#n) this.#enter(n);
    for (;;) {
      if (this.failure !== undefined) return undefined;
      if (this.#direct !== undefined) return this.#runDirect(this.#direct, at, limit);
      if (this.#held === undefined && this.#disk === undefined) this.#find(n, at, limit);
      const run = this.#disk === undefined ? this.#runHeld(at, limit) : this.#runDisk(this.#disk, at, limit);
      if (run !== 'again') return run;
    }
  }

  #enter(n: number): void {
    this.#leave();
    this.#n = n;
    this.#retries = 0;
    const next = this.#next;
    this.#next = undefined;
    if (next === undefined) return;
    const { held } = next;
    const state = stateOf(this.#x.context, held);
    // one that has failed meanwhile is asked for once more
    const isUsable = next.n === n && (state === DONE || state === WAITING || state === STREAMING);
    if (isUsable) {
      this.#held = held;
      held.flight?.clients.add(this);
      held.flight?.clients.delete(this.#idle);
    } else releaseSlice(this.#x.context, held, this.#idle);
  }

  #find(n: number, at: number, limit: number): void {
    const found = this.#want(n, this);
    if (found instanceof DiskRecord) this.#disk = new DiskSlice(this.#x, found);
    else if (found !== undefined) this.#held = found;
    else this.#goDirect(n, at, limit);
  }

  #want(n: number, waiting: FlightClient): HeldSlice | DiskRecord | undefined {
    const below = this.#retries === 0;
    return holdSlice(this.#x.context, { resource: this.#resource, n, client: this.#x.clientRequest(), waiting, below });
  }

  /** What a disk cannot give is fetched. */
  #runDisk(disk: DiskSlice, at: number, limit: number): Uint8Array | undefined | 'again' {
    const { slices } = this.#resource;
    const { start, end } = sliceRange(slices, this.#n);
    const run = disk.run(at - start, Math.min(limit, end - at + 1));
    return run === undefined && disk.failed ? this.#tryAgain() : run;
  }

  #runHeld(at: number, limit: number): Uint8Array | undefined | 'again' {
    const held = this.#held;
    if (held === undefined) return 'again';
    const { cache } = this.#x.context;
    const { size } = this.#resource.slices;
    const offset = at - this.#n * size;
    // the state is read before the length, so that DONE and BROKEN mean that the length is final
    const state = stateOf(this.#x.context, held);
    if (offset < cache.bodyLength(held.id)) {
      const run = cache.body(held.id, offset);
      if (offset + run.length >= size / 2 && at + limit > (this.#n + 1) * size) this.#lookAhead(this.#n + 1);
      return run.length > limit ? run.subarray(0, limit) : run;
    }
    switch (state) {
      case FAILED:
        this.failure = problemOf(cache.word(held.id, USER_AUX));
        return undefined;
      case RELEASED:
        this.#leave();
        this.#goDirect(this.#n, at, limit);
        return 'again';
      case REFRESHED:
      case BROKEN:
      case DONE:
        return this.#tryAgain();
      default:
        return undefined;
    }
  }

  /** The fetch broke off, or there was no need for it: what is missing of the slice is had by another one. */
  #tryAgain(): 'again' {
    this.#leave();
    if (this.#retries++ >= RETRIES) this.failure = originProblem(originError('http_response_incomplete'));
    return 'again';
  }

  #lookAhead(n: number): void {
    if (this.#ahead === n) return;
    this.#ahead = n;
    const held = this.#want(n, this.#idle);
    if (held instanceof DiskRecord) held.close();
    else if (held !== undefined) this.#next = { n, held };
  }

  #goDirect(n: number, at: number, limit: number): void {
    const { end } = sliceRange(this.#resource.slices, n);
    const range = { start: at, end: Math.min(end, at + limit - 1) };
    const { context } = this.#x;
    this.#direct = new DirectRange(context, this.#resource, this.#x.clientRequest(), range, () => this.onFlight());
  }

  #runDirect(direct: DirectRange, at: number, limit: number): Uint8Array | undefined {
    if (at > direct.range.end || at < direct.range.start) {
      this.#leave();
      return this.run(at, limit);
    }
    const run = direct.run(at);
    if (run === undefined && direct.failure !== undefined) {
      this.failure = failureOf(direct.failure);
    }
    return run !== undefined && run.length > limit ? run.subarray(0, limit) : run;
  }

  /** Some of the slice has come, or its flight has ended. */
  onFlight(): void {
    const x = this.#x;
    if (x.sliced === this && !x.blocked && !x.aborted) x.proceed(RESPOND);
  }

  /** Lets go of all slices; those that are being fetched come all the same, where the cache has room for them. */
  release(): void {
    this.#leave();
    if (this.#next !== undefined) releaseSlice(this.#x.context, this.#next.held, this.#idle);
    this.#next = undefined;
  }

  #leave(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) releaseSlice(this.#x.context, held, this);
    this.#disk?.release();
    this.#direct?.abort();
    this.#disk = this.#direct = undefined;
  }
}

function failureOf(failure: NonNullable<DirectRange['failure']>): RequestProblem | 'changed' {
  if (typeof failure === 'number') return answeredProblem(failure);
  return failure === 'changed' ? failure : originProblem(failure);
}

function problemOf(word: number): RequestProblem | 'changed' {
  if (word === CHANGED) return 'changed';
  return word > ANSWERED ? answeredProblem(word - ANSWERED) : originProblem(errorOfNumber(word));
}

/**
 * Prepares a body that comes in slices, of the entry that is pinned: as far as they are not stored they are fetched.
 *
 * @returns whether it may begin; else the request's `problem` says why not
 */
export function openSliced(x: Exchange, meta: StoredMeta, ranges: readonly ByteRange[]): boolean {
  if (!admit(x)) return false;
  const resource = slicedResource(x.key.copy(), x.keyParts, meta);
  if (resource === undefined) throw new Error('what is stored in slices has a strong validator');
  x.sliced = new SlicedBody(x, resource);
  if (x.sliced.isStored(ranges)) return true;
  if (isLoop(x)) return false;
  if (x.clientDirectives()?.onlyIfCached === true) {
    x.problem = NOT_CACHED;
    x.cacheStatus = 'lb; detail=only-if-cached';
    return false;
  }
  if (x.cacheStatus === '') {
    x.cacheStatus = `${PROXY_NAME}; fwd=partial; stored`;
    x.outcome = 'miss';
  }
  return true;
}

/** No more of the body is there: it is on its way, or the answer is given up, where nothing of it has left in favour of another. */
export function awaitSlice(x: Exchange, sliced: SlicedBody): Step {
  const { failure } = sliced;
  if (failure === undefined) return WAIT;
  if (x.headSent) {
    x.reply.destroy();
    return FINISH;
  }
  x.dropSliced();
  if (failure === 'changed' && x.attempts++ < MAX_CHANGES) return LOOKUP;
  x.cacheStatus = `${PROXY_NAME}; fwd=partial`;
  x.problem = failure === 'changed' ? originProblem(originError('http_response_incomplete')) : failure;
  return RESPOND;
}
