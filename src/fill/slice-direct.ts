import type { HeaderList } from '../http/headers.ts';
import type { ByteRange } from '../http/range.ts';
import { type OriginError, originError } from '../origin/origin-error.ts';
import { SLOT } from '../stats/counters.ts';
import type { EdgeContext } from './context.ts';
import { Fetch, type FetchSink } from './fetch.ts';
import { type ClientRequest, fillRequest } from './origin-request.ts';
import { forgetSliced, isGone, isRangeOf, rangeRequest, type SlicedResource } from './slices.ts';

/** Bytes that wait for the client before the origin is held back. */
const QUEUE = 256 * 1024;

/**
 * Bytes of a sliced resource for one client alone, where the cache has no room for the slice: as fast as the client takes
 * them.
 */
export class DirectRange implements FetchSink {
  /** The origin has another representation by now, or gave none of the bytes; the status of its answer, where that says why. */
  failure: OriginError | 'changed' | number | undefined;
  readonly range: ByteRange;
  readonly #context: EdgeContext;
  readonly #resource: SlicedResource;
  readonly #fetch: Fetch;
  readonly #onMore: () => void;
  readonly #queue: Buffer[] = [];
  #queued = 0;
  /** Position of the first byte in the queue. */
  #at: number;
  #telling = false;

  constructor(
    context: EdgeContext,
    resource: SlicedResource,
    client: ClientRequest,
    range: ByteRange,
    onMore: () => void,
  ) {
    this.#context = context;
    this.#resource = resource;
    this.#onMore = onMore;
    this.range = range;
    this.#at = range.start;
    const site = client.host.plan.index;
    this.#fetch = new Fetch(context, site, this);
    context.counters.add(context.lines[site], SLOT.sliceFetches, 1);
    this.#fetch.start(context.pools.route(site, client), (origin) => {
      const request = fillRequest(client, origin);
      return { ...request, headers: rangeRequest(request.headers, range, resource.validator) };
    });
  }

  /** What has come of the bytes from `at` on; what is before it is let go of. */
  run(at: number): Uint8Array | undefined {
    while (this.#queue.length > 0 && this.#at + this.#queue[0].length <= at) {
      const { length } = this.#queue[0];
      this.#at += length;
      this.#queued -= length;
      this.#queue.shift();
    }
    if (this.#queued < QUEUE) this.#fetch.resume();
    return this.#queue.length === 0 ? undefined : this.#queue[0].subarray(at - this.#at);
  }

  abort(): void {
    this.#fetch.abort();
  }

  onHead(status: number, headers: HeaderList): void {
    if (status === 206 && isRangeOf(this.#resource, this.range, headers)) return;
    this.#fetch.abort();
    if (isGone(status)) forgetSliced(this.#context, this.#resource);
    this.#fail(isGone(status) ? 'changed' : status);
  }

  onData(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (this.#at + this.#queued + chunk.length > this.range.end + 1) {
      this.#fetch.abort();
      this.#fail(originError('http_protocol_error'));
      return;
    }
    this.#queue.push(chunk);
    this.#queued += chunk.length;
    if (this.#queued >= QUEUE) this.#fetch.pause();
    this.#tell();
  }

  onEnd(): void {
    if (this.#at + this.#queued <= this.range.end) this.#fail(originError('http_response_incomplete'));
  }

  onError(error: OriginError): void {
    this.#fail(error);
  }

  #fail(failure: OriginError | 'changed' | number): void {
    this.failure = failure;
    this.#tell();
  }

  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      this.#onMore();
    });
  }
}
