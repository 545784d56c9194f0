import { type InitialAge, initialAge, parseAge } from './age.ts';
import type { ResponseDirectives } from './cache-control.ts';
import { type Freshness, freshnessLifetime, receivedDate } from './freshness.ts';
import { getAllHeaders, getHeader } from './headers.ts';
import { isErrorStatus } from './status-cache.ts';
import { judgeStorability, type Storability, type StorageInput, type StoragePolicy } from './storable.ts';

export interface JudgePolicy extends StoragePolicy {
  /** Seconds of stale use while a response with a lifetime is refreshed, and when the origin fails, where the origin does not say; default 0. */
  staleWhileRevalidate?: number;
  staleIfError?: number;
}

export interface JudgeInput extends StorageInput {
  /** When the request went to the origin, seconds since 1970, may have a fraction. */
  requestTime: number;
}

/** All that is decided about a response when it arrives. */
export interface Judgement {
  storage: Storability;
  freshness: Freshness;
  age: InitialAge;
  directives: ResponseDirectives;
  /** Whole seconds since 1970 until which the stored response is fresh; in the past where it arrives stale. */
  freshUntil: number;
  /** Whole seconds since 1970 from which Age counts: the arrival less the initial age. */
  born: number;
  /** no-cache: to be validated before each reuse, however fresh. */
  alwaysRevalidate: boolean;
  /** Whether it may be served stale without the origin's leave, by configuration or for a client's max-stale: no must-revalidate, proxy-revalidate, s-maxage or no-cache. */
  mayServeStale: boolean;
  /** Seconds after freshUntil in which origin or configuration permit stale use (RFC 5861); 0 where something forbids it. */
  staleWhileRevalidate: number;
  staleIfError: number;
  etag: string | undefined;
  lastModified: string | undefined;
  /** Lowercase names of fields to leave out of what is stored (`no-cache="..."`, `private="..."`). */
  omitFields: string[];
}

/** Decides about a response at its arrival, once, for the cache and for whoever wants it explained. */
export function judgeResponse(input: JudgeInput, policy: Readonly<JudgePolicy>): Judgement {
  const { directives } = input;
  const freshness = freshnessLifetime(input, policy);
  const age = ageAtArrival(input);
  const arrival = Math.floor(input.responseTime);
  const configured = freshness.source === 'rule' || freshness.source === 'auto';
  const strict = directives.mustRevalidate || directives.proxyRevalidate;
  const alwaysRevalidate = directives.noCache && !freshness.overridden;
  const mayServeStale = !strict && !alwaysRevalidate && directives.sMaxage === undefined;
  // an error that is stored never outlives its lifetime, and a configured window is for what was found
  const isError = isErrorStatus(input.status);
  const isConfigurable = mayServeStale && freshness.source !== 'none' && input.status < 400;
  const window = (given: number | undefined, configured = 0): number =>
    strict || alwaysRevalidate || isError ? 0 : (given ?? (isConfigurable ? configured : 0));
  const judgement: Judgement = {
    storage: judgeStorability(input, policy),
    freshness,
    age,
    directives,
    // a configured lifetime counts from the arrival: it says how long this cache keeps a response
    freshUntil: arrival + freshness.lifetime - (configured ? 0 : age.correctedInitialAge),
    born: arrival - age.correctedInitialAge,
    alwaysRevalidate,
    mayServeStale,
    staleWhileRevalidate: window(directives.staleWhileRevalidate, policy.staleWhileRevalidate),
    staleIfError: window(directives.staleIfError, policy.staleIfError),
    etag: getHeader(input.headers, 'etag'),
    lastModified: getHeader(input.headers, 'last-modified'),
    omitFields: [...directives.privateFields, ...directives.noCacheFields],
  };
  if (judgement.storage.storable && !isReusable(judgement, arrival)) {
    const detail = 'it arrives stale, without a validator or leave to use it stale';
    judgement.storage = { storable: false, reason: 'stale', detail };
  }
  return judgement;
}

function ageAtArrival(input: JudgeInput): InitialAge {
  return initialAge(
    receivedDate(input),
    parseAge(getAllHeaders(input.headers, 'age')),
    input.requestTime,
    input.responseTime,
  );
}

function isReusable(judgement: Judgement, arrival: number): boolean {
  if (judgement.etag !== undefined || judgement.lastModified !== undefined) return true;
  if (judgement.alwaysRevalidate) return false;
  if (judgement.freshUntil > arrival) return true;
  return arrival < judgement.freshUntil + Math.max(judgement.staleWhileRevalidate, judgement.staleIfError);
}
