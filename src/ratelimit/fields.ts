import type { RateLimitConfig } from '../config/config.ts';
import { serializeBareItem } from '../http/structured-fields.ts';
import type { Refusal } from './limiter.ts';

/** Seconds after which a client that waits for others' requests to end may try again. */
const RETRY_HELD = 1;

/** The most that an integer of a structured field has. */
const MAX_INTEGER = 999_999_999_999_999;

/**
 * Lines of an answer that a limit has refused: Retry-After (RFC 9110 section 10.2.3), RateLimit-Policy and RateLimit
 * (draft-ietf-httpapi-ratelimit-headers-11). No partition key: it could tell of others.
 */
export function refusalLines({ limit, limits, wait }: Refusal): string[] {
  const seconds = wait === undefined ? RETRY_HELD : Math.max(1, Math.ceil(wait / 1000));
  const name = serializeBareItem(limit.name);
  return [
    `Retry-After: ${seconds}`,
    `RateLimit-Policy: ${limits.map(policyItem).join(', ')}`,
    wait === undefined ? `RateLimit: ${name};r=0` : `RateLimit: ${name};r=0;t=${seconds}`,
  ];
}

/** What is left of a limit. */
export interface Quota {
  readonly limit: RateLimitConfig;
  /** Requests that could come now. */
  readonly room: number;
}

/** Fields of an answer that is no refusal; their names lowercase. */
export function quotaFields(quotas: readonly Quota[]): [name: string, value: string][] {
  return [
    ['ratelimit-policy', quotas.map(({ limit }) => policyItem(limit)).join(', ')],
    ['ratelimit', quotas.map(({ limit, room }) => `${serializeBareItem(limit.name)};r=${room}`).join(', ')],
  ];
}

/** A Quota Policy Item (section 3.1 of the draft). The burst is a parameter of lb's own. */
export function policyItem({ name, rate, per, burst, concurrent }: RateLimitConfig): string {
  const item = serializeBareItem(name);
  if (rate === 0) return `${item};q=${concurrent};qu="concurrent-requests"`;
  let window = per;
  let quota = rate * per;
  // a quota is whole
  while (Math.abs(quota - Math.round(quota)) > 1e-6 && window < 1e6) {
    window *= 10;
    quota = rate * window;
  }
  return `${item};q=${Math.min(MAX_INTEGER, Math.max(1, Math.round(quota)))};w=${window};lb-burst=${burst}`;
}

/** Body of a refusal that the configuration has none for (section 5.1 of the draft). */
export function refusalProblem({ limit, wait }: Refusal): {
  type: string;
  title: string;
  detail: string;
  'violated-policies': readonly string[];
} {
  const detail =
    wait === undefined
      ? `as many requests are under way as the limit ${limit.name} allows`
      : `the limit ${limit.name} is used up for now; Retry-After says when to try again`;
  return {
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    title: 'Request cannot be satisfied as assigned quota has been exceeded',
    detail,
    'violated-policies': [limit.name],
  };
}
