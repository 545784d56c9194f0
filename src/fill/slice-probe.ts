import { contentRangeOf } from '../http/content-range.ts';
import { dateOf } from '../http/freshness.ts';
import { getHeader, type HeaderList, hasHeader, withHeader } from '../http/headers.ts';
import { type ByteRange, parseRange } from '../http/range.ts';
import type { EdgeContext } from './context.ts';
import type { FillTask } from './fill-task.ts';
import { bodyLength, type OriginAnswer } from './judge.ts';
import { sameRange, strongValidator } from './parts.ts';
import { isCoded, rangeRequest, selectsSliced } from './slices.ts';
import type { StoredMeta } from './stored.ts';

/** Positions from which on no slice is asked for: nothing is so large. */
const FAR = 2 ** 50;

/** What the answer to a request for one slice comes to. */
export type ProbeAnswer =
  /** An answer for all of the resource, to be treated as any. */
  | { kind: 'plain'; answer: OriginAnswer }
  /** No slices can be made of it: the resource is to be asked for as such. */
  | { kind: 'again' }
  /** The range lies beyond the end. */
  | { kind: 'unsatisfied' }
  /** A slice, with what the head of all of the resource would be. */
  | { kind: 'slices'; whole: OriginAnswer; complete: number };

/** What decides whether a resource is asked for in slices. */
export type SlicedRequest = Pick<FillTask, 'key' | 'marker'> & {
  client: Pick<FillTask['client'], 'policy' | 'body'>;
  stale?: { meta: StoredMeta } | undefined;
};

/** Bytes of the slices in which a resource is asked for, 0 where it is asked for as such. */
export function sliceSize({ slices }: EdgeContext, { client, key, marker, stale }: SlicedRequest, now: number): number {
  const { policy, body } = client;
  const isMeant = !policy.sliceAuto || stale?.meta.slices !== undefined;
  if (!isMeant || marker !== undefined || body !== undefined) return 0;
  const size = slices.size(policy);
  return size === 0 || slices.isRefused(key, now) ? 0 : size;
}

/** A fill's request for one slice, the one that its client needs first, by which the resource becomes known. */
export class SliceProbe {
  readonly size: number;
  /** The slice; -1 where no more than the resource's length is wanted. */
  readonly n: number;
  readonly #range: ByteRange;
  /** The client may be served without the first of the ranges that it asks for. */
  readonly #isDivisible: boolean;

  /** The resource is asked for in no coding. */
  #isPlain: boolean;

  /**
   * @param headers of the client's request
   * @param isPlain lb codes the resource for its clients itself, where it is not large
   */
  constructor(size: number, headers: HeaderList, isPlain: boolean) {
    this.size = size;
    this.#isPlain = isPlain;
    const specs = parseRange(getHeader(headers, 'range') ?? '');
    const starts = (specs ?? []).map(({ start }) => start).filter((start) => start >= 0);
    const first = specs === undefined ? 0 : Math.min(...starts);
    this.n = first < FAR ? Math.floor(first / size) : -1;
    this.#range = this.n < 0 ? { start: 0, end: 0 } : { start: this.n * size, end: (this.n + 1) * size - 1 };
    this.#isDivisible = (specs?.length ?? 0) > 1 || hasHeader(headers, 'if-range');
  }

  request(headers: HeaderList): HeaderList {
    return this.#isPlain
      ? rangeRequest(headers, this.#range)
      : [...headers, 'range', `bytes=${this.#range.start}-${this.#range.end}`];
  }

  /** Whether the resource is to be asked for once more, in no coding: the origin has answered with a part of a coded one. */
  tryPlain(headers: HeaderList): boolean {
    if (this.#isPlain || !isCoded(headers)) return false;
    this.#isPlain = true;
    return true;
  }

  read(answer: OriginAnswer): ProbeAnswer {
    if (answer.status === 206) return this.#readPart(answer);
    if (answer.status !== 416) return { kind: 'plain', answer };
    return this.#range.start === 0 || this.#isDivisible ? { kind: 'again' } : { kind: 'unsatisfied' };
  }

  #readPart(answer: OriginAnswer): ProbeAnswer {
    const { range, complete = -1 } = contentRangeOf(answer.headers) ?? {};
    const { start, end } = this.#range;
    const expected = { start, end: Math.min(end, complete - 1) };
    const length = bodyLength(answer);
    if (range === undefined || complete < 0 || !sameRange(range, expected)) return { kind: 'again' };
    if (length >= 0 && length !== range.end - range.start + 1) return { kind: 'again' };
    const whole = wholeOf(answer, complete);
    if (sameRange(range, { start: 0, end: complete - 1 })) return { kind: 'plain', answer: whole };
    return isSliceable(whole) ? { kind: 'slices', whole, complete } : { kind: 'again' };
  }
}

/** A part's head as that of all of the representation would be. */
export function wholeOf(part: OriginAnswer, complete: number): OriginAnswer {
  const sized = withHeader(withHeader(part.headers, 'content-range', undefined), 'transfer-encoding', undefined);
  return { ...part, status: 200, headers: withHeader(sized, 'content-length', String(complete)) };
}

/** Whether parts of a representation can be told to be of it, and are for every client. */
export function isSliceable(whole: OriginAnswer): boolean {
  const { headers } = whole;
  if (isCoded(headers) || selectsSliced(headers) !== '') return false;
  return validatorOf(whole) !== undefined;
}

function validatorOf(whole: OriginAnswer): string | undefined {
  const etag = getHeader(whole.headers, 'etag');
  const lastModified = getHeader(whole.headers, 'last-modified');
  return strongValidator({ etag, lastModified, date: dateOf(whole) });
}
