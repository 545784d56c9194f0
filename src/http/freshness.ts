import { MAX_DELTA_SECONDS, type ResponseDirectives } from './cache-control.ts';
import { parseHttpDate } from './date.ts';
import { getAllHeaders, getHeader, type HeaderList } from './headers.ts';
import { isCacheableByDefault, isErrorStatus, isRuleStatus } from './status-cache.ts';

/** What the configuration says about lifetimes, for the rule that matched a request. All times in seconds. */
export interface FreshnessPolicy {
  /** A rule's lifetime, for responses to which the origin gives none. Undefined where no rule matched. */
  ruleTtl?: number;
  /** The rule's lifetime replaces the origin's; never over private or no-store. */
  override?: boolean;
  /** As override, and over private and no-store too. */
  force?: boolean;
  /** Lifetime of 404 and 410 to which the origin gives none; 0 or undefined for none. */
  negativeTtl?: number;
  /** Lifetime of 500, 502, 503 and 504 to which the origin gives none; 0 or undefined for none. */
  errorTtl?: number;
  /** Lifetime of static assets to which neither origin nor rule gives one. */
  autoTtl?: number;
  /** Heuristic freshness (RFC 9111 section 4.2.2); false switches it off, default DEFAULT_HEURISTIC. */
  heuristic?: Heuristic | false;
}

/** A response is fresh for `fraction` of the time since it was modified, at most `max` seconds. */
export interface Heuristic {
  fraction: number;
  max: number;
}

export const DEFAULT_HEURISTIC: Readonly<Heuristic> = { fraction: 0.1, max: 86400 };

/** The response to be judged. */
export interface FreshnessInput {
  status: number;
  headers: HeaderList;
  /** From Cache-Control, or from the targeted field that replaces it. */
  directives: ResponseDirectives;
  /** The field the directives come from where that is not Cache-Control: Expires and Pragma are then ignored (RFC 9213 section 2.2). */
  targetedBy?: string;
  /** Whether path and content type agree that this is a static asset. */
  staticAsset?: boolean;
  /** Whether this is a page under the name of a static asset. */
  pageAsAsset?: boolean;
  /** When the response head arrived, seconds since 1970. */
  responseTime: number;
}

/** What decided a lifetime. `none`: nobody gave one. */
export type FreshnessSource =
  | 's-maxage'
  | 'max-age'
  | 'expires'
  | 'pragma'
  | 'no-cache'
  | 'rule'
  | 'auto'
  | 'negative'
  | 'error'
  | 'heuristic'
  | 'none';

/** A freshness lifetime and the reason for it. */
export interface Freshness {
  /** Seconds, 0 to MAX_DELTA_SECONDS. */
  lifetime: number;
  source: FreshnessSource;
  /** Whether the rule replaced what the origin said. */
  overridden: boolean;
  /** The reason in words, for people. */
  detail: string;
}

/**
 * The freshness lifetime of a response in a shared cache (RFC 9111 section 4.2.1), with the configuration's rules in
 * this order: an overriding rule, s-maxage, max-age, Expires, then no-cache and Pragma, which leave the response stale,
 * a rule, the lifetime of static assets, that of negative answers and errors, the heuristic.
 */
export function freshnessLifetime(input: FreshnessInput, policy: Readonly<FreshnessPolicy>): Freshness {
  const rule = ruleLifetime(input, policy);
  if (rule !== undefined && isOverriding(input.directives, policy)) {
    return { ...rule, overridden: true, detail: `${rule.detail}, which overrides the origin` };
  }
  return (
    explicitLifetime(input) ??
    staleByOrigin(input) ??
    rule ??
    autoLifetime(input, policy) ??
    negativeLifetime(input.status, policy) ??
    heuristicLifetime(input, policy) ?? {
      lifetime: 0,
      source: 'none',
      overridden: false,
      detail: 'neither origin nor configuration gives a lifetime',
    }
  );
}

/** Whether the policy's rule replaces what these directives say. */
export function isOverriding(directives: ResponseDirectives, policy: Readonly<FreshnessPolicy>): boolean {
  if (policy.ruleTtl === undefined) return false;
  if (policy.force === true) return true;
  return policy.override === true && !directives.private && !directives.noStore;
}

/** The lifetime that the origin itself gives, or undefined. */
export function explicitLifetime(input: FreshnessInput): Freshness | undefined {
  const { directives, targetedBy } = input;
  const field = targetedBy ?? 'Cache-Control';
  if (directives.sMaxage !== undefined) return origin(directives.sMaxage, 's-maxage', `s-maxage in ${field}`);
  if (directives.maxAge !== undefined) return origin(directives.maxAge, 'max-age', `max-age in ${field}`);
  return targetedBy === undefined ? expiresLifetime(input) : undefined;
}

function origin(lifetime: number, source: FreshnessSource, detail: string): Freshness {
  return { lifetime, source, overridden: false, detail };
}

/** Expires minus Date; the earliest of several, and no lifetime at all where one is invalid (RFC 9111 section 5.3). */
function expiresLifetime(input: FreshnessInput): Freshness | undefined {
  const lines = getAllHeaders(input.headers, 'expires');
  if (lines.length === 0) return undefined;
  const date = dateOf(input);
  let lifetime = MAX_DELTA_SECONDS;
  for (const line of lines) {
    const expires = parseHttpDate(line, input.responseTime);
    if (Number.isNaN(expires)) return origin(0, 'expires', 'Expires is no date, so the response counts as stale');
    lifetime = Math.min(lifetime, expires - date);
  }
  return origin(Math.max(lifetime, 0), 'expires', 'Expires minus Date');
}

/** Seconds of the Date field; NaN where it is absent, invalid or repeated. */
export function receivedDate(input: Pick<FreshnessInput, 'headers' | 'responseTime'>): number {
  const lines = getAllHeaders(input.headers, 'date');
  return lines.length === 1 ? parseHttpDate(lines[0], input.responseTime) : Number.NaN;
}

/** Seconds of the Date field, the arrival's where it is absent, invalid or repeated. */
export function dateOf(input: Pick<FreshnessInput, 'headers' | 'responseTime'>): number {
  const date = receivedDate(input);
  return Number.isNaN(date) ? Math.floor(input.responseTime) : date;
}

function staleByOrigin(input: FreshnessInput): Freshness | undefined {
  if (input.directives.noCache) return origin(0, 'no-cache', 'no-cache without a lifetime');
  const pragma = input.targetedBy === undefined && !input.directives.present && getHeader(input.headers, 'pragma');
  if (typeof pragma !== 'string' || !/\bno-cache\b/i.test(pragma)) return undefined;
  return origin(0, 'pragma', 'Pragma: no-cache without Cache-Control');
}

function ruleLifetime(input: FreshnessInput, policy: Readonly<FreshnessPolicy>): Freshness | undefined {
  if (policy.ruleTtl === undefined || !isRuleStatus(input.status)) return undefined;
  if (input.pageAsAsset === true && policy.override !== true && policy.force !== true) return undefined;
  return { lifetime: clamp(policy.ruleTtl), source: 'rule', overridden: false, detail: "the rule's ttl" };
}

function autoLifetime(input: FreshnessInput, policy: Readonly<FreshnessPolicy>): Freshness | undefined {
  if (policy.autoTtl === undefined || input.staticAsset !== true || !isRuleStatus(input.status)) return undefined;
  return { lifetime: clamp(policy.autoTtl), source: 'auto', overridden: false, detail: 'static asset' };
}

/** The configured lifetime of what an origin answers in place of the resource. */
export function negativeLifetime(status: number, policy: Readonly<FreshnessPolicy>): Freshness | undefined {
  const isError = isErrorStatus(status);
  const ttl = isError ? policy.errorTtl : status === 404 || status === 410 ? policy.negativeTtl : undefined;
  if (ttl === undefined || ttl === 0) return undefined;
  const detail = `the configured lifetime of ${isError ? 'errors' : 'negative answers'}`;
  return { lifetime: clamp(ttl), source: isError ? 'error' : 'negative', overridden: false, detail };
}

/** A fraction of the time from Last-Modified to Date (RFC 9111 section 4.2.2). */
function heuristicLifetime(input: FreshnessInput, policy: Readonly<FreshnessPolicy>): Freshness | undefined {
  const heuristic = policy.heuristic ?? DEFAULT_HEURISTIC;
  if (heuristic === false || !(isCacheableByDefault(input.status) || input.directives.public)) return undefined;
  const modified = parseHttpDate(getHeader(input.headers, 'last-modified') ?? '', input.responseTime);
  const unchanged = dateOf(input) - modified;
  if (Number.isNaN(unchanged) || unchanged <= 0) return undefined;
  const lifetime = clamp(Math.min(Math.floor(unchanged * heuristic.fraction), heuristic.max));
  const detail = `${heuristic.fraction * 100}% of the ${unchanged} s since Last-Modified, at most ${heuristic.max} s`;
  return { lifetime, source: 'heuristic', overridden: false, detail };
}

function clamp(seconds: number): number {
  return Math.min(Math.max(Math.floor(seconds), 0), MAX_DELTA_SECONDS);
}
