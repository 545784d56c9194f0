import { requestDirectives } from '../fill/judge.ts';
import { useOfParts } from '../fill/parts.ts';
import { getHeader, hasHeader } from '../http/headers.ts';
import { type ByteRange, isWholeRange, type RangeSpec, singleRange } from '../http/range.ts';
import { decideReuse } from '../http/reuse.ts';
import { PRECONDITION_NAMES } from '../http/stored-headers.ts';
import type { Situation } from './decision.ts';
import type { Entry } from './entry.ts';

/** What becomes of a GET for something that is not stored as a whole, as `src/request/parts.ts` decides it. */
export interface PartsPlan {
  /** `serve`: from stored parts; `range`: of a range what is not stored; `fill`: all of it; `pass`: as it is. */
  plan: 'serve' | 'range' | 'fill' | 'pass';
  /** In words, '' where there is nothing to say. */
  why: string;
}

export function planParts(situation: Situation): PartsPlan {
  const { request, found } = situation;
  const { headers } = request;
  const field = getHeader(headers, 'range');
  const sliced = planSlices(situation);
  if (sliced !== undefined) return sliced;
  if (field !== undefined && isJoined(situation)) return FILL;
  const spec = field === undefined ? undefined : singleRange(field);
  const hasConditions = found.marker !== undefined || PRECONDITION_NAMES.some((name) => hasHeader(headers, name));
  if (field !== undefined && (spec === undefined || hasConditions)) {
    const kinds = 'several ranges, one with conditions, or one of a resource that varies';
    return { plan: 'pass', why: `of what is not stored, ${kinds}, goes to the origin as it is` };
  }
  if (found.parts !== undefined) return planHeld(situation, found.parts, spec);
  const isWhole = spec === undefined || isWholeRange(spec);
  return isWhole ? FILL : { plan: 'range', why: 'the range is fetched, and kept as a part of the whole' };
}

/** Where the configuration has resources asked for in slices; the origin's answers may have kept an edge from it for a while. */
function planSlices({ request: { headers }, policy, found, hasBodyKey }: Situation): PartsPlan | undefined {
  if (policy.slice === 0 || policy.sliceAuto || found.marker !== undefined || hasBodyKey) return undefined;
  const isJudged = hasHeader(headers, 'if-match') || hasHeader(headers, 'if-unmodified-since');
  if (hasHeader(headers, 'range') && isJudged) return undefined;
  return {
    plan: 'fill',
    why: `the origin is asked for the slice that is needed first, of ${policy.slice} bytes at most`,
  };
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
  const { complete } = parts;
  const use = useOfParts(meta, parts, spec);
  if (use.kind === 'outside') return { plan: 'pass', why: `the range lies outside of its ${complete} bytes` };
  if (use.kind === 'all') return FILL;
  if (use.kind === 'gaps') {
    const what = `bytes ${use.missing.map(rangeText).join(' and ')} are not stored`;
    const plan = spec === undefined ? 'fill' : 'range';
    if (use.known !== undefined) return { plan, why: `${what}: they are fetched, and joined with what is` };
    return { plan, why: `${what}, and without a strong validator nothing is joined: all that is asked for is fetched` };
  }
  if (!mayUse(situation)) {
    return { plan: 'range', why: 'all that is asked for is stored in parts, but may not be used: it is fetched anew' };
  }
  return { plan: 'serve', why: `bytes ${rangeText(use.wanted)} of ${complete}, from stored parts that are fresh` };
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
