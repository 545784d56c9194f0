import { PROXY_NAME } from '../fill/head.ts';
import { requestDirectives } from '../fill/judge.ts';
import type { StoredMeta } from '../fill/stored.ts';
import { etagsToSend } from '../fill/variants.ts';
import type { RequestDirectives } from '../http/cache-control.ts';
import { appendCacheStatus } from '../http/cache-status.ts';
import { evaluateConditional, ifRangeAllows } from '../http/conditional.ts';
import { combineHeader, getHeader } from '../http/headers.ts';
import { isSafeMethod } from '../http/method.ts';
import { type ByteRange, resolveRange } from '../http/range.ts';
import { decideReuse } from '../http/reuse.ts';
import type { CachePolicy } from '../site/plan.ts';
import type { Entry, Found } from './entry.ts';
import type { Times } from './freshness.ts';
import { FILL, planParts, rangeText } from './parts.ts';
import type { ExplainedRequest } from './request.ts';
import { missingOf } from './slices.ts';
import type { Decision } from './types.ts';

/** What decides about a request, once it is known what is stored. */
export interface Situation {
  request: ExplainedRequest;
  policy: CachePolicy;
  /** The body is a part of the key: the request is answered as a GET is. */
  hasBodyKey: boolean;
  found: Found;
  /** Of a stored response that no purge has removed. */
  times: Times | undefined;
  /** Of stored parts. */
  partsTimes: Times | undefined;
  /** The last answer was not stored: nobody waits for the next one. */
  uncacheable: boolean;
  /** Cache time. */
  now: number;
}

/** What lb would do, by the functions that decide when it does. */
export function decide(situation: Situation): Decision {
  const { request, found, times, hasBodyKey } = situation;
  const isRetrieval = request.method === 'GET' || request.method === 'HEAD' || hasBodyKey;
  if (!isRetrieval) return otherMethod(request.method, situation.policy);
  if (found.entry === undefined || times === undefined) return notStored(situation);
  return weigh(situation, found.entry, times);
}

function otherMethod(method: string, policy: CachePolicy): Decision {
  const why = [`${method} goes to the origin each time: GET and HEAD are answered from the cache`];
  if (policy.methods.includes(method)) {
    why[0] = `${method} is cached by its body here, but not with a Range or a body over body_limit`;
  }
  if (!isSafeMethod(method)) why.push('an answer that is no error invalidates what is stored for the same target');
  return { action: 'pass', status: null, cache_status: `${PROXY_NAME}; fwd=method`, why };
}

function notStored(situation: Situation): Decision {
  const { request, policy, found, uncacheable } = situation;
  const isVariant = found.marker !== undefined;
  const forward = `${PROXY_NAME}; fwd=${isVariant ? 'vary-miss' : 'uri-miss'}`;
  const why = [absence(found)];
  const parts = request.method === 'HEAD' ? FILL : planParts(situation);
  if (policy.clientDirectives && requestDirectives(request.headers).onlyIfCached && parts.plan !== 'serve') {
    return refusal(why);
  }
  if (uncacheable) {
    why.push('its last answer was not for storing, so this request would not wait for others (hit-for-miss)');
    return { action: 'pass', status: null, cache_status: `${forward}; detail=hit-for-miss`, why };
  }
  if (request.method === 'HEAD') {
    why.push('a HEAD for what is not stored goes to the origin on its own');
    return { action: 'pass', status: null, cache_status: forward, why };
  }
  if (parts.why !== '') why.push(parts.why);
  if (parts.plan === 'pass') return { action: 'pass', status: null, cache_status: forward, why };
  if (parts.plan === 'serve') {
    const own = appendCacheStatus(found.parts?.meta.upstream, `${PROXY_NAME}; hit`);
    return { action: 'hit', status: 206, cache_status: own, why };
  }
  if (parts.plan === 'range' ? found.fetchingRange : found.fetching) {
    why.push('it is being fetched: this request would get that answer as it comes, where it may be stored');
    return { action: 'miss', status: null, cache_status: `${forward}; collapsed`, why };
  }
  why.push('the origin is asked, and its answer stored where it may be; Cache-Status then says `stored`');
  if (etagsToSend(found.marker, undefined, ({ name }) => found.variants.has(name)).length > 0) {
    why.push('it is asked with the entity tags of the variants that are known: a 304 says which of them goes out');
  }
  return { action: 'miss', status: null, cache_status: forward, why };
}

/** RFC 9111 section 5.2.1.7. */
function refusal(why: readonly string[]): Decision {
  const cacheStatus = `${PROXY_NAME}; detail=only-if-cached`;
  return { action: 'refuse', status: 504, cache_status: cacheStatus, why: [...why, 'the request says only-if-cached'] };
}

function absence({ marker, parts }: Found): string {
  if (marker !== undefined) return 'the variant that this request selects is not stored';
  return parts === undefined
    ? 'nothing is stored under this key'
    : 'parts of it are stored under this key, not all of it';
}

function weigh(situation: Situation, entry: Entry, times: Times): Decision {
  const { request, policy, now } = situation;
  const { meta } = entry;
  const directives = policy.clientDirectives ? requestDirectives(request.headers) : undefined;
  const state = {
    ...times,
    alwaysRevalidate: false,
    mayServeStale: meta.strict !== true,
    staleWhileRevalidate: meta.swr ?? 0,
  };
  const remaining = times.freshUntil - now;
  const standing = standingOf(times, remaining);
  switch (decideReuse(state, now, directives)) {
    case 'fresh':
      return fromCache(situation, entry, 'hit', [standing]);
    case 'stale':
      return fromCache(situation, entry, 'stale', [standing, 'the request takes it stale (max-stale)'], 'max-stale');
    case 'refresh': {
      const why = [standing, 'it may be used while it is refreshed in the background (stale-while-revalidate)'];
      return fromCache(situation, entry, 'stale', why, 'stale-while-revalidate');
    }
    default:
      return revalidate(situation, entry, remaining, standing, directives);
  }
}

function standingOf({ freshUntil, validatedEach }: Times, remaining: number): string {
  if (remaining > 0) return `it is fresh for ${seconds(remaining)} more`;
  if (validatedEach) return 'no-cache: each use of it needs a validation';
  return freshUntil === 0 ? 'a purge has marked it stale' : `it has been stale for ${seconds(-remaining)}`;
}

/** The decision about a stored response that goes out; with the status that the request's conditions make of it. */
function fromCache(
  { request, found, times, now }: Situation,
  entry: Entry,
  action: 'hit' | 'stale',
  why: string[],
  detail = '',
): Decision {
  if (entry.disk !== undefined) why.push(`it is on the disk ${entry.disk}, and not in memory`);
  const own =
    detail === ''
      ? `${PROXY_NAME}; hit${entry.disk === undefined ? '' : '; detail=disk'}`
      : `${PROXY_NAME}; hit; ttl=${(times?.freshUntil ?? 0) - now}; detail=${detail}`;
  const { status, note, ranges } = statusFor(request, entry);
  const missing = entry.slices === undefined ? 0 : missingOf(entry.slices, ranges);
  if (missing > 0 && detail === '') return inSlices(entry, status, missing, [...why, ...(note === '' ? [] : [note])]);
  const variant = found.marker === undefined ? [] : ['the variant that the request selects is stored'];
  return {
    action,
    status,
    cache_status: appendCacheStatus(entry.meta.upstream, own),
    why: [...why, ...variant, ...(note === '' ? [] : [note])],
  };
}

/** A response of which slices are missing in memory. */
function inSlices({ meta }: Entry, status: number, missing: number, why: string[]): Decision {
  const cacheStatus = appendCacheStatus(meta.upstream, `${PROXY_NAME}; fwd=partial; stored`);
  const slices = missing === 1 ? 'one slice of what is asked for is' : `${missing} slices of what is asked for are`;
  why.push(`${slices} not in memory: a disk may have them, or the origin is asked for each as it is needed`);
  return { action: 'miss', status, cache_status: cacheStatus, why };
}

/** What of a stored response goes out. */
interface Sent {
  status: number;
  note: string;
  ranges: readonly ByteRange[];
}

/** RFC 9110 sections 13.2.2 and 14.2, for a stored response. */
function statusFor(request: ExplainedRequest, entry: Entry): Sent {
  const { bytes } = entry;
  const { ranges = [], ...sent } = statusAndRanges(request, entry);
  const isWhole = sent.status === 200 && request.method !== 'HEAD' && bytes > 0;
  return { ...sent, ranges: isWhole ? [{ start: 0, end: bytes - 1 }] : ranges };
}

function statusAndRanges(
  { method, headers }: ExplainedRequest,
  { meta, bytes }: Entry,
): Omit<Sent, 'ranges'> & Partial<Sent> {
  const ifNoneMatch = combineHeader(headers, 'if-none-match');
  const ifModifiedSince = combineHeader(headers, 'if-modified-since');
  if (meta.status !== 200) return { status: meta.status, note: '' };
  if (evaluateConditional({ method, ifNoneMatch, ifModifiedSince }, meta) === 304) {
    return { status: 304, note: 'the client has it already, by its own conditions' };
  }
  const range = method === 'GET' ? getHeader(headers, 'range') : undefined;
  if (range === undefined) return { status: 200, note: '' };
  if (!ifRangeAllows(getHeader(headers, 'if-range'), meta))
    return { status: 200, note: 'If-Range does not match: all of it' };
  const result = bytes === 0 ? FULL : resolveRange(range, bytes);
  if (result.kind === 'unsatisfiable') return { status: 416, note: `the range lies outside of its ${bytes} bytes` };
  if (result.kind === 'full') return { status: 200, note: 'the range is not honoured: all of it' };
  const { ranges } = result;
  return { status: 206, note: `bytes ${ranges.map(rangeText).join(' and ')} of ${bytes}`, ranges };
}

/** Of nothing there are no ranges. */
const FULL = { kind: 'full' } as const;

function revalidate(
  { policy, found, hasBodyKey }: Situation,
  { meta }: Entry,
  remaining: number,
  standing: string,
  directives: RequestDirectives | undefined,
): Decision {
  const cacheStatus = `${PROXY_NAME}; fwd=${remaining > 0 ? 'request' : 'stale'}`;
  const why = [standing];
  const demanded = remaining > 0 || directives?.noCache === true;
  if (demanded) why.push('the request wants it validated all the same (its Cache-Control)');
  if (directives?.onlyIfCached === true) return refusal(why);
  why.push(hasBodyKey ? ANEW : validators(meta));
  if (found.fetching) why.push('that is under way: this request would wait for it');
  if (demanded) return { action: 'revalidate', status: null, cache_status: cacheStatus, why };
  const { swr = 0, sie = 0, strict } = meta;
  const left = remaining + (strict ? sie : Math.max(sie, directives?.staleIfError ?? 0));
  if (left > 0) why.push(`should the origin fail, it is used for ${seconds(left)} more (stale-if-error)`);
  if (policy.staleDeadline > 0 && remaining + Math.max(swr, sie) > 0) {
    why.push(`should the origin take over ${policy.staleDeadline} ms, it goes out stale (stale_deadline)`);
  }
  return { action: 'revalidate', status: null, cache_status: cacheStatus, why };
}

const ANEW = 'the origin is asked for all of it';

function validators({ etag, lastModified }: StoredMeta): string {
  if (etag === undefined && lastModified === undefined) return `it has no validator: ${ANEW}`;
  return 'the origin is asked whether it has changed; a 304 makes it fresh again (fwd-status=304)';
}

function seconds(count: number): string {
  return `${count} second${count === 1 ? '' : 's'}`;
}
