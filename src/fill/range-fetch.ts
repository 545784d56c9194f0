import { type ContentRange, contentRangeOf, formatContentRange } from '../http/content-range.ts';
import { parseContentLength } from '../http/framing.ts';
import { combineHeader, type HeaderList, hasHeader, withHeader } from '../http/headers.ts';
import type { ByteRange, RangeSpec } from '../http/range.ts';
import { missingRanges } from '../http/range-set.ts';
import type { OriginRoute } from '../origin/balance-site.ts';
import { type OriginError, originError } from '../origin/origin-error.ts';
import type { EdgeContext } from './context.ts';
import { Fetch, type FetchSink, type RequestBuilder, type Source } from './fetch.ts';
import { type HeldParts, isSameRepresentation, sameRange } from './parts.ts';

/** Parts up to so many bytes are checked whole before they are begun, where nothing tells their length. */
const SMALL = 64 * 1024;

/** Requests that one answer may cost; where more parts are missing, all between the first and the last is asked for. */
const MAX_GAPS = 4;

/** A part of a resource that is wanted from the origin, as far as it is not stored. */
export interface RangeTask {
  /** As the client sent it. */
  spec: RangeSpec;
  /** The bytes that it selects of the representation of which parts are held. */
  wanted: ByteRange;
  /** What is stored of the resource. */
  held: HeldParts | undefined;
  /** The range is all of the resource, and its answer a 200. */
  whole: boolean;
}

/** A part that is not what its Content-Range says. */
export interface OddPart {
  range: ByteRange;
  complete: number;
  body: Buffer;
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
  #route!: OriginRoute;
  #build!: RequestBuilder;
  #fetch: Fetch;
  /** What is wanted, once it is known. */
  #wanted: ByteRange | undefined;
  #complete = -1;
  #gaps: ByteRange[] = [];
  /** Position of the next byte for the sink. */
  #at = 0;
  /** Last byte of the range that the origin is sending. */
  #end = -1;
  /** The origin answered with something else than the part that was asked for: that goes through as it is. */
  isThrough = false;
  /** The origin's representation is another one than that of the stored parts. */
  isOther = false;
  /** The whole of a part that says wrongly where it ends, and what it is; set before it goes through. */
  odd: OddPart | undefined;
  #began = false;
  /** All is asked for, not a part. */
  #isPlain = false;
  /** A part of which the head waits for the end. */
  #unsized: { headers: HeaderList; chunks: Buffer[]; length: number } | undefined;
  #isBroken = false;
  /** Nobody takes the answer any more. */
  #isAborted = false;
  #isPaused = false;

  constructor(context: EdgeContext, site: number, task: RangeTask, sink: FetchSink) {
    this.#context = context;
    this.#site = site;
    this.#task = task;
    this.#held = task.held;
    this.sink = sink;
    this.#fetch = new Fetch(context, site, this);
  }

  /** The origin answered with something else to a request for a part. */
  get sentAllUnasked(): boolean {
    return this.isThrough && !this.#isPlain;
  }

  get requestTime(): number {
    return this.#fetch.requestTime;
  }

  get isStarted(): boolean {
    return this.#began || this.#fetch.isStarted;
  }

  stickyCookie(secure: boolean): string | undefined {
    return this.#fetch.stickyCookie(secure);
  }

  /** @param build the request for the whole resource, unconditional */
  start(route: OriginRoute, build: RequestBuilder): void {
    this.#route = route;
    this.#build = build;
    const { spec } = this.#task;
    if (this.#held === undefined) {
      this.#ask(specText(spec));
      return;
    }
    this.#wanted = this.#task.wanted;
    this.#gaps = missingRanges(this.#wanted, this.#held.ranges);
    if (this.#gaps.length > MAX_GAPS)
      this.#gaps = [{ start: this.#gaps[0].start, end: this.#gaps[this.#gaps.length - 1].end }];
    this.#askForGap();
  }

  #askForGap(): void {
    const [{ start, end }] = this.#gaps;
    this.#ask(`bytes=${start}-${end}`);
  }

  #ask(range: string): void {
    const validator = this.#held?.validator;
    const conditions = validator === undefined ? ['range', range] : ['range', range, 'if-range', validator];
    this.#fetch.start(this.#route, (origin) => {
      const request = this.#build(origin);
      return { ...request, headers: [...request.headers, ...conditions] };
    });
  }

  abort(): void {
    this.#isAborted = true;
    this.#fetch.abort();
  }

  pause(): void {
    this.#isPaused = true;
    this.#fetch.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#fetch.resume();
  }

  onInform(status: number, headers: HeaderList): void {
    if (!this.#began) this.sink.onInform?.(status, headers);
  }

  onHead(status: number, headers: HeaderList): void {
    const given = status === 206 ? rangeOf(headers, declaredLength(headers)) : undefined;
    if (this.#began) this.#goOn(status, headers, given);
    else if ((status === 206 || status === 416) && this.#held !== undefined) {
      this.#beginJoined(headers, given, this.#held);
    } else if (status === 206 && this.#awaitsEnd(headers)) {
      this.#unsized = { headers, chunks: [], length: 0 };
    } else this.#beginAlone(status, headers, given);
  }

  /** Whether a part is so small that its length, which nothing tells or which is in doubt, can be learned from its end. */
  #awaitsEnd(headers: HeaderList): boolean {
    const { range } = contentRangeOf(headers) ?? {};
    if (this.#isPlain || range === undefined || range.end - range.start >= SMALL) return false;
    const length = declaredLength(headers);
    return length < 0 || (length <= SMALL && rangeOf(headers, length) === undefined);
  }

  /** An answer that is no part, or not the one that was asked for, goes through as it is. */
  #beginAlone(status: number, headers: HeaderList, given: ContentRange | undefined): void {
    const range = given?.range;
    if (range === undefined || given === undefined || this.#isPlain || !this.#isAsked(range, given.complete)) {
      this.isThrough = this.#began = true;
      this.sink.onHead(status, headers);
      return;
    }
    this.#wanted = range;
    this.#begin(headers, range, given.complete);
  }

  #isAsked(range: ByteRange, complete: number): boolean {
    return isAnswerTo(this.#task.spec, range, complete);
  }

  #beginJoined(headers: HeaderList, given: ContentRange | undefined, held: HeldParts): void {
    const isAsked = given?.range !== undefined && sameRange(given.range, this.#gaps[0]);
    if (isAsked && this.#wanted !== undefined && isSameRepresentation(held, headers, given.complete)) {
      this.#begin(headers, this.#wanted, given.complete);
      return;
    }
    if (this.#task.whole) {
      this.askForAll();
      return;
    }
    this.isOther = true;
    this.#beginAnew();
    this.#ask(specText(this.#task.spec));
  }

  /** Gives up what is under way, and what is stored. */
  #beginAnew(): void {
    this.#fetch.abort();
    this.#held = undefined;
    this.#gaps = [];
    this.#fetch = new Fetch(this.#context, this.#site, this);
  }

  /**
   * Where the origin sends all in place of a part, and all may be stored: gives that answer up and asks for all, so that
   * what is stored was asked for as its key says.
   */
  askForAll(): void {
    this.#isPlain = true;
    this.isThrough = this.#began = false;
    this.#beginAnew();
    this.#fetch.start(this.#route, this.#build);
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
    if (this.#unsized !== undefined) {
      this.#unsized.chunks.push(chunk);
      this.#unsized.length += chunk.length;
      if (this.#unsized.length > SMALL) this.#break('http_protocol_error');
      return;
    }
    if (!this.isThrough) {
      if (this.#at + chunk.length > this.#end + 1) {
        this.#break('http_protocol_error');
        return;
      }
      this.#at += chunk.length;
    }
    this.sink.onData(chunk);
  }

  onEnd(trailers: HeaderList): void {
    const unsized = this.#unsized;
    if (unsized !== undefined) {
      this.#unsized = undefined;
      const { headers, chunks, length } = unsized;
      const meant = exclusiveRange(headers, length);
      if (meant?.range !== undefined && this.#isAsked(meant.range, meant.complete)) {
        this.odd = { range: meant.range, complete: meant.complete, body: Buffer.concat(chunks) };
      }
      this.#beginAlone(206, headers, rangeOf(headers, length));
      for (const chunk of unsized.chunks) this.onData(chunk);
    }
    if (this.#isBroken) return;
    if (this.isThrough) this.sink.onEnd(trailers);
    else if (this.#at !== this.#end + 1) this.#break('http_response_incomplete');
    else this.#nextGap(trailers);
  }

  #nextGap(trailers: HeaderList): void {
    this.#gaps.shift();
    const wanted = this.#wanted ?? { start: 0, end: -1 };
    const gap = this.#gaps[0];
    this.#deliverHeld(gap?.start ?? wanted.end + 1);
    if (this.#isBroken || this.#isAborted) return;
    if (gap === undefined) {
      this.sink.onEnd(trailers);
      return;
    }
    this.#end = gap.end;
    this.#fetch = new Fetch(this.#context, this.#site, this);
    if (this.#isPaused) this.#fetch.pause();
    this.#askForGap();
  }

  onError(error: OriginError): void {
    this.sink.onError(error);
  }

  #break(type: 'http_protocol_error' | 'http_response_incomplete'): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#fetch.abort();
    this.sink.onError(originError(type));
  }
}

function specText({ start, end }: RangeSpec): string {
  return `bytes=${start < 0 ? '' : start}-${end < 0 ? '' : end}`;
}

/** Bytes that Content-Length tells of, -1 where there is none or one that is malformed. */
function declaredLength(headers: HeaderList): number {
  return parseContentLength(combineHeader(headers, 'content-length') ?? '');
}

/**
 * The range that a 206 says it holds; undefined where its length says otherwise.
 *
 * @param length of its body, -1 while it is not known
 */
function rangeOf(headers: HeaderList, length: number): ContentRange | undefined {
  const given = contentRangeOf(headers);
  if (given?.range === undefined || length < 0) return given;
  return length === given.range.end - given.range.start + 1 ? given : undefined;
}

/**
 * What a 206 holds whose origin takes the end of the last range for the first byte that is not sent; undefined where
 * it is wrong in another way, or could be joined with other parts by its validators.
 */
function exclusiveRange(headers: HeaderList, length: number): ContentRange | undefined {
  const { range, complete } = contentRangeOf(headers) ?? {};
  if (range === undefined || complete === undefined || hasHeader(headers, 'etag')) return undefined;
  const { start, end } = range;
  const isExclusive = length > 0 && length === end - start && end === complete - 1;
  if (!isExclusive || hasHeader(headers, 'last-modified')) return undefined;
  return { range: { start, end: end - 1 }, complete: end };
}

/** Whether a range is what was asked for (RFC 9110 section 14.4). */
function isAnswerTo({ start, end }: RangeSpec, given: ByteRange, complete: number): boolean {
  const isLast = complete < 0 || given.end === complete - 1;
  if (start < 0) return isLast && given.end - given.start + 1 <= end;
  return given.start === start && (end < 0 ? isLast : given.end === end || (given.end < end && isLast));
}
