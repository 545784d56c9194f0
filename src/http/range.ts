import { splitList } from './headers.ts';

/** One range as asked for: `start` to `end`, both inclusive; `end` -1 means to the last byte; `start` -1: the last `end` bytes. */
export interface RangeSpec {
  start: number;
  end: number;
}

/** One range of a representation, both ends inclusive. */
export interface ByteRange {
  start: number;
  end: number;
}

/** What is to be sent for a Range field. */
export type RangeResult =
  /** 200 and everything: no range, one that is malformed, or one not worth honouring. */
  | { kind: 'full' }
  /** 206: one range, or several in the order asked for, none overlapping. */
  | { kind: 'ranges'; ranges: ByteRange[] }
  /** 416. */
  | { kind: 'unsatisfiable' };

export interface RangeLimits {
  /** Most ranges honoured in one request; more are answered by everything. */
  ranges: number;
}

export const DEFAULT_RANGE_LIMITS: Readonly<RangeLimits> = { ranges: 16 };

const FULL: RangeResult = Object.freeze({ kind: 'full' });
const UNSATISFIABLE: RangeResult = Object.freeze({ kind: 'unsatisfiable' });

/**
 * A Range field (RFC 9110 section 14.2). Undefined where it is to be ignored: another unit, or malformed. Positions
 * beyond 2^53 are brought to Number.MAX_SAFE_INTEGER.
 */
export function parseRange(value: string): RangeSpec[] | undefined {
  const equals = value.indexOf('=');
  if (equals < 0 || value.slice(0, equals).toLowerCase() !== 'bytes') return undefined;
  const specs: RangeSpec[] = [];
  for (const member of splitList(value.slice(equals + 1))) {
    const match = /^(\d*)-(\d*)$/.exec(member);
    if (match === null || (match[1] === '' && match[2] === '')) return undefined;
    const start = match[1] === '' ? -1 : position(match[1]);
    const end = match[2] === '' ? -1 : position(match[2]);
    if (start >= 0 && end >= 0 && end < start) return undefined;
    specs.push({ start, end });
  }
  return specs.length === 0 ? undefined : specs;
}

/**
 * Whether a Range field asks for more ranges than the limit, or for some that overlap however long the representation is:
 * such a request is answered by everything.
 */
export function isExcessiveRange(value: string, limits: Readonly<RangeLimits> = DEFAULT_RANGE_LIMITS): boolean {
  const specs = parseRange(value);
  if (specs === undefined || specs.length === 1) return false;
  if (specs.length > limits.ranges) return true;
  const fromEnd = specs.filter(({ start }) => start < 0);
  const placed = specs
    .filter(({ start }) => start >= 0)
    .map(({ start, end }) => ({ start, end: end < 0 ? Infinity : end }));
  const reachesEnd = placed.some(({ end }) => end === Infinity);
  return fromEnd.length > 1 || (fromEnd.length === 1 && reachesEnd) || overlap(placed);
}

/** The one range that a Range field asks for; undefined where it asks for several, or is to be ignored. */
export function singleRange(value: string): RangeSpec | undefined {
  const specs = parseRange(value);
  return specs?.length === 1 ? specs[0] : undefined;
}

/** Whether a range is all of a resource, however long: `bytes=0-`. */
export function isWholeRange({ start, end }: RangeSpec): boolean {
  return start === 0 && end < 0;
}

function position(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

/**
 * What a Range field asks of a representation of `length` bytes. A request with ranges
 * that overlap, or with more of them than the limit, is answered by everything: no byte is sent twice (RFC 9110 section
 * 14.2 leaves that to the server, and names the attack).
 */
export function resolveRange(
  value: string | undefined,
  length: number,
  limits: Readonly<RangeLimits> = DEFAULT_RANGE_LIMITS,
): RangeResult {
  const specs = value === undefined ? undefined : parseRange(value);
  if (specs === undefined || specs.length > limits.ranges) return FULL;
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const range = resolveSpec(spec, length);
    if (range !== undefined) ranges.push(range);
  }
  if (ranges.length === 0) return UNSATISFIABLE;
  return overlap(ranges) ? FULL : { kind: 'ranges', ranges };
}

/** The bytes that one spec selects of `length`, or undefined where it selects none. */
export function resolveSpec(spec: RangeSpec, length: number): ByteRange | undefined {
  if (length === 0) return undefined;
  if (spec.start < 0) return spec.end === 0 ? undefined : { start: Math.max(0, length - spec.end), end: length - 1 };
  if (spec.start >= length) return undefined;
  return { start: spec.start, end: spec.end < 0 ? length - 1 : Math.min(spec.end, length - 1) };
}

function overlap(ranges: readonly ByteRange[]): boolean {
  const sorted = ranges.toSorted((a, b) => a.start - b.start);
  return sorted.some((range, i) => i > 0 && range.start <= sorted[i - 1].end);
}
