import { type ContentRange, formatContentRange, parseContentRange } from '../http/content-range.ts';
import { combineHeader, type HeaderList, hasHeader, withHeader } from '../http/headers.ts';
import type { ByteRange, RangeSpec } from '../http/range.ts';
import { missingRanges } from '../http/range-set.ts';
import { type OriginError, originError } from '../origin/origin-error.ts';
import type { OriginPool } from '../origin/pools.ts';
import type { EdgeContext } from './context.ts';
import { Fetch, type FetchSink, type OriginRequest, type Source } from './fetch.ts';
import { type HeldParts, isSameRepresentation } from './parts.ts';

/** A part of a resource that is wanted from the origin, as far as it is not stored. */
export interface RangeTask {
  spec: RangeSpec;
  /** What is stored of the resource, of which the wanted range is known to be a part then. */
  held: HeldParts | undefined;
  /** The range is all of the resource, and its answer a 200. */
  whole: boolean;
}

/**
 * An answer put together of stored parts and of ranges that the origin is asked for, one after the other: a fetch to
 * whoever takes it. Where the origin's representation is another one than the stored parts', all that is wanted comes
 * from the origin (RFC 9111 section 3.4).
 */
export class RangeFetch implements Source, FetchSink {
  sink: FetchSink;
  readonly #context: EdgeContext;
  readonly #site: number;
  readonly #task: RangeTask;
  #held: HeldParts | undefined;
  #origin!: OriginPool;
  #request!: OriginRequest;
  #fetch: Fetch;
  /** What is wanted, once it is known. */
  #wanted: ByteRange | undefined;
  #complete = -1;
  #gaps: ByteRange[] = [];
  /** Position of the next byte for the sink. */
  #at = 0;
  /** Last byte of the range that the origin is sending. */
  #end = -1;
  /** The origin answered with something else than a part: that goes through as it is. */
  #isThrough = false;
  #began = false;
  /** All is asked for, not a part. */
  #isPlain = false;

  constructor(context: EdgeContext, site: number, task: RangeTask, sink: FetchSink) {
    this.#context = context;
    this.#site = site;
    this.#task = task;
    this.#held = task.held;
    this.sink = sink;
    this.#fetch = new Fetch(context, site, this);
  }

  get requestTime(): number {
    return this.#fetch.requestTime;
  }

  get isStarted(): boolean {
    return this.#began || this.#fetch.isStarted;
  }

  /** @param request for the whole resource, unconditional */
  start(origin: OriginPool, request: OriginRequest): void {
    this.#origin = origin;
    this.#request = request;
    const { spec } = this.#task;
    if (this.#held === undefined) {
      this.#ask(`bytes=${spec.start < 0 ? '' : spec.start}-${spec.end < 0 ? '' : spec.end}`);
      return;
    }
    this.#wanted = { start: spec.start, end: spec.end };
    this.#gaps = missingRanges(this.#wanted, this.#held.ranges);
    this.#askForGap();
  }

  #askForGap(): void {
    const [{ start, end }] = this.#gaps;
    this.#ask(`bytes=${start}-${end}`);
  }

  #ask(range: string): void {
    const headers = [...this.#request.headers, 'range', range];
    const validator = this.#held?.validator;
    if (validator !== undefined) headers.push('if-range', validator);
    this.#fetch.start(this.#origin, { ...this.#request, headers });
  }

  abort(): void {
    this.#fetch.abort();
  }

  pause(): void {
    this.#fetch.pause();
  }

  resume(): void {
    this.#fetch.resume();
  }

  onInform(status: number, headers: HeaderList): void {
    if (!this.#began) this.sink.onInform?.(status, headers);
  }

  onHead(status: number, headers: HeaderList): void {
    const given = status === 206 ? rangeOf(headers) : undefined;
    if (status === 206 && given?.range === undefined) this.#break('http_protocol_error');
    else if (this.#began) this.#goOn(status, headers, given);
    else if (status === 200 && !this.#isPlain) this.#askForAll();
    else if (given?.range === undefined) {
      this.#isThrough = this.#began = true;
      this.sink.onHead(status, headers);
    } else if (this.#held === undefined) this.#beginAlone(headers, given);
    else this.#beginJoined(headers, given, this.#held);
  }

  #beginAlone(headers: HeaderList, given: ContentRange): void {
    if (given.range === undefined || !isAnswerTo(this.#task.spec, given.range, given.complete)) {
      this.#break('http_protocol_error');
      return;
    }
    this.#wanted = given.range;
    this.#begin(headers, given.range, given.complete);
  }

  #beginJoined(headers: HeaderList, given: ContentRange, held: HeldParts): void {
    const isAsked = given.range !== undefined && sameRange(given.range, this.#gaps[0]);
    if (isAsked && this.#wanted !== undefined && isSameRepresentation(held, headers, given.complete)) {
      this.#begin(headers, this.#wanted, given.complete);
      return;
    }
    if (this.#task.whole) {
      this.#askForAll();
      return;
    }
    this.#fetch.abort();
    this.#held = undefined;
    this.#gaps = [];
    this.#fetch = new Fetch(this.#context, this.#site, this);
    const { start, end } = this.#task.spec;
    this.#ask(`bytes=${start}-${end}`);
  }

  /** The origin would send all: it is asked for that, so that what is stored was asked for as its key says. */
  #askForAll(): void {
    this.#fetch.abort();
    this.#held = undefined;
    this.#isPlain = true;
    this.#fetch = new Fetch(this.#context, this.#site, this);
    this.#fetch.start(this.#origin, this.#request);
  }

  #begin(headers: HeaderList, wanted: ByteRange, complete: number): void {
    this.#began = true;
    this.#complete = complete;
    this.#at = wanted.start;
    const length = String(wanted.end - wanted.start + 1);
    const sized = withHeader(withHeader(headers, 'transfer-encoding', undefined), 'content-length', length);
    const { whole } = this.#task;
    const range = whole ? undefined : formatContentRange(wanted, complete);
    this.sink.onHead(whole ? 200 : 206, withHeader(sized, 'content-range', range));
    this.#end = this.#gaps[0]?.end ?? wanted.end;
    this.#deliverHeld(this.#gaps[0]?.start ?? wanted.start);
  }

  /** The answer to a further gap. */
  #goOn(status: number, headers: HeaderList, given: ContentRange | undefined): void {
    const range = given?.range;
    const isAsked = status === 206 && range !== undefined && sameRange(range, this.#gaps[0]);
    const held = this.#held;
    if (!isAsked || held === undefined || !isSameRepresentation(held, headers, this.#complete)) {
      this.#break('http_response_incomplete');
    }
  }

  /** Delivers what is stored up to the byte before `until`. */
  #deliverHeld(until: number): void {
    while (this.#at < until) {
      const bytes = this.#held?.read(this.#at, until - 1);
      if (bytes === undefined || bytes.length === 0) {
        this.#break('http_response_incomplete');
        return;
      }
      this.#at += bytes.length;
      this.sink.onData(bytes);
    }
  }

  onData(chunk: Buffer): void {
    if (!this.#isThrough) {
      if (this.#at + chunk.length > this.#end + 1) {
        this.#break('http_protocol_error');
        return;
      }
      this.#at += chunk.length;
    }
    this.sink.onData(chunk);
  }

  onEnd(trailers: HeaderList): void {
    if (this.#isThrough) this.sink.onEnd(trailers);
    else if (this.#at !== this.#end + 1) this.#break('http_response_incomplete');
    else this.#nextGap(trailers);
  }

  #nextGap(trailers: HeaderList): void {
    this.#gaps.shift();
    const wanted = this.#wanted ?? { start: 0, end: -1 };
    const gap = this.#gaps[0];
    this.#deliverHeld(gap?.start ?? wanted.end + 1);
    if (gap === undefined) {
      this.sink.onEnd(trailers);
      return;
    }
    this.#end = gap.end;
    this.#fetch = new Fetch(this.#context, this.#site, this);
    this.#askForGap();
  }

  onError(error: OriginError): void {
    this.sink.onError(error);
  }

  #break(type: 'http_protocol_error' | 'http_response_incomplete'): void {
    this.#fetch.abort();
    this.sink.onError(originError(type));
  }
}

/**
 * The range that a 206 says it holds; undefined where its length says otherwise. Only one mistake is understood, a last
 * range whose end is taken for the first byte that is not sent, and only where no validator lets it be joined with others.
 */
function rangeOf(headers: HeaderList): ContentRange | undefined {
  const given = parseContentRange(combineHeader(headers, 'content-range') ?? '');
  const length = combineHeader(headers, 'content-length');
  if (given?.range === undefined || length === undefined) return given;
  const { start, end } = given.range;
  if (Number(length) === end - start + 1) return given;
  const isExclusive = Number(length) === end - start && end === given.complete - 1 && end > start;
  if (!isExclusive || hasHeader(headers, 'etag') || hasHeader(headers, 'last-modified')) return undefined;
  return { range: { start, end: end - 1 }, complete: end };
}

function sameRange(a: ByteRange, b: ByteRange | undefined): boolean {
  return b !== undefined && a.start === b.start && a.end === b.end;
}

/** Whether a range is what was asked for (RFC 9110 section 14.4). */
function isAnswerTo({ start, end }: RangeSpec, given: ByteRange, complete: number): boolean {
  const isLast = complete < 0 || given.end === complete - 1;
  if (start < 0) return isLast && given.end - given.start + 1 <= end;
  return given.start === start && (end < 0 ? isLast : given.end === end || (given.end < end && isLast));
}
