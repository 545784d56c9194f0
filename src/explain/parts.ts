import { getHeader, hasHeader } from '../http/headers.ts';
import { type ByteRange, parseRange, resolveSpec } from '../http/range.ts';
import { missingRanges } from '../http/range-set.ts';
import type { Situation } from './decision.ts';

/** What becomes of a GET for something that is not stored as a whole, as `src/request/parts.ts` decides it. */
export interface PartsPlan {
  /** `serve`: from stored parts; `fetch`: of a range what is not stored; `fill`: all of it; `pass`: as it is. */
  plan: 'serve' | 'fetch' | 'fill' | 'pass';
  /** In words, '' where there is nothing to say. */
  why: string;
}

/** Fields with which a request for a part goes to the origin as it is. */
const CONDITIONS = ['if-range', 'if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since'];

export function planParts({ request, policy, found, partsTimes, now }: Situation): PartsPlan {
  const { headers } = request;
  const field = getHeader(headers, 'range');
  const specs = field === undefined ? undefined : parseRange(field);
  const spec = specs?.length === 1 ? specs[0] : undefined;
  const hasConditions = found.marker !== undefined || CONDITIONS.some((name) => hasHeader(headers, name));
  if (field !== undefined && (spec === undefined || hasConditions)) {
    const kinds = 'several ranges, one with conditions, or one of a resource that varies';
    return { plan: 'pass', why: `of what is not stored, ${kinds}, goes to the origin as it is` };
  }
  const parts = found.parts?.meta.parts;
  if (parts === undefined || partsTimes === undefined) {
    const isWhole = spec === undefined || (spec.start === 0 && spec.end < 0);
    return isWhole
      ? { plan: 'fill', why: '' }
      : { plan: 'fetch', why: 'the range is fetched, and kept as a part of the whole' };
  }
  const wanted = spec === undefined ? { start: 0, end: parts.complete - 1 } : resolveSpec(spec, parts.complete);
  if (wanted === undefined) return { plan: 'pass', why: `the range lies outside of its ${parts.complete} bytes` };
  const missing = missingRanges(wanted, parts.ranges);
  if (missing.length > 0) {
    const what = `bytes ${missing.map(rangeText).join(' and ')} are not stored`;
    return { plan: 'fetch', why: `${what}: they are fetched, or all that is asked for where its validator is weak` };
  }
  if (now >= partsTimes.freshUntil || policy.clientDirectives) {
    return { plan: 'fetch', why: 'all that is asked for is stored in parts, but they are fetched anew' };
  }
  return { plan: 'serve', why: `bytes ${rangeText(wanted)} of ${parts.complete}, from stored parts that are fresh` };
}

/** `0-99` */
export function rangeText({ start, end }: ByteRange): string {
  return `${start}-${end}`;
}
