import { requestDirectives } from '../fill/judge.ts';
import { knownParts } from '../fill/parts.ts';
import { getHeader, hasHeader } from '../http/headers.ts';
import { type ByteRange, parseRange, type RangeSpec, resolveSpec } from '../http/range.ts';
import { missingRanges } from '../http/range-set.ts';
import { decideReuse } from '../http/reuse.ts';
import type { Situation } from './decision.ts';
import type { Entry } from './entry.ts';

/** What becomes of a GET for something that is not stored as a whole, as `src/request/parts.ts` decides it. */
export interface PartsPlan {
  /** `serve`: from stored parts; `range`: of a range what is not stored; `fill`: all of it; `pass`: as it is. */
  plan: 'serve' | 'range' | 'fill' | 'pass';
  /** In words, '' where there is nothing to say. */
  why: string;
}

/** Fields with which a request for a part goes to the origin as it is. */
const CONDITIONS = ['if-range', 'if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since'];

export function planParts(situation: Situation): PartsPlan {
  const { request, found } = situation;
  const { headers } = request;
  const field = getHeader(headers, 'range');
  if (field !== undefined && isJoined(situation)) return FILL;
  const specs = field === undefined ? undefined : parseRange(field);
  const spec = specs?.length === 1 ? specs[0] : undefined;
  const hasConditions = found.marker !== undefined || CONDITIONS.some((name) => hasHeader(headers, name));
  if (field !== undefined && (spec === undefined || hasConditions)) {
    const kinds = 'several ranges, one with conditions, or one of a resource that varies';
    return { plan: 'pass', why: `of what is not stored, ${kinds}, goes to the origin as it is` };
  }
  if (found.parts !== undefined) return planHeld(situation, found.parts, spec);
  const isWhole = spec === undefined || (spec.start === 0 && spec.end < 0);
  return isWhole ? FILL : { plan: 'range', why: 'the range is fetched, and kept as a part of the whole' };
}

/** Whoever asks for a part of what is being fetched as a whole gets it from there. */
function isJoined({ request: { headers }, found }: Situation): boolean {
  const isUnconditional = !hasHeader(headers, 'if-match') && !hasHeader(headers, 'if-unmodified-since');
  return found.fetching && found.marker === undefined && isUnconditional;
}

export const FILL = { plan: 'fill', why: '' } as const satisfies PartsPlan;

function planHeld(situation: Situation, { meta }: Entry, spec: RangeSpec | undefined): PartsPlan {
  const { parts } = meta;
  if (parts === undefined) return { plan: 'pass', why: '' };
  const { complete, ranges } = parts;
  const wanted = spec === undefined ? { start: 0, end: complete - 1 } : resolveSpec(spec, complete);
  if (wanted === undefined) return { plan: 'pass', why: `the range lies outside of its ${complete} bytes` };
  const missing = missingRanges(wanted, ranges);
  if (missing.length > 0) {
    const what = `bytes ${missing.map(rangeText).join(' and ')} are not stored`;
    const plan = spec === undefined ? 'fill' : 'range';
    if (knownParts(meta) !== undefined) return { plan, why: `${what}: they are fetched, and joined with what is` };
    return { plan, why: `${what}, and without a strong validator nothing is joined: all that is asked for is fetched` };
  }
  if (spec === undefined) return FILL;
  if (!mayUse(situation)) {
    return { plan: 'range', why: 'all that is asked for is stored in parts, but may not be used: it is fetched anew' };
  }
  return { plan: 'serve', why: `bytes ${rangeText(wanted)} of ${complete}, from stored parts that are fresh` };
}

/** Parts are used fresh only. */
function mayUse({ request, policy, partsTimes, now }: Situation): boolean {
  if (partsTimes === undefined) return false;
  const state = { ...partsTimes, alwaysRevalidate: false, mayServeStale: false, staleWhileRevalidate: 0 };
  return decideReuse(state, now, policy.clientDirectives ? requestDirectives(request.headers) : undefined) === 'fresh';
}

/** `0-99` */
export function rangeText({ start, end }: ByteRange): string {
  return `${start}-${end}`;
}
