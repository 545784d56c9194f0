/** Statuses with a reuse that needs no explicit freshness (RFC 9110 section 15.1): cacheable by default. */
const HEURISTIC: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]);

/** Statuses whose caching this cache knows the rules of, for must-understand (RFC 9111 section 5.2.2.3). */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 401, 402, 403, 404, 405, 406, 409, 410, 411, 412, 414,
  415, 416, 417, 421, 422, 451, 500, 501, 502, 503, 504, 505,
]);

/**
 * Statuses never stored. 428, 429, 431, 511: RFC 6585; 425: RFC 8470 section 5.2. 400, 408, 413: the answer is to one
 * sender's bytes, which another sender's request for the same URI need not hold, so that storing it lets one client
 * break a page for all.
 */
const NEVER: ReadonlySet<number> = new Set([304, 400, 407, 408, 413, 425, 428, 429, 431, 511]);

/** Statuses a configured or automatic lifetime applies to: successes and permanent redirects, never errors. */
const RULE: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308]);

export function isCacheableByDefault(status: number): boolean {
  return HEURISTIC.has(status);
}

export function isStatusUnderstood(status: number): boolean {
  return UNDERSTOOD.has(status);
}

export function isNeverStored(status: number): boolean {
  return NEVER.has(status);
}

/** Answers that say that the origin failed: a stale response may stand in for them (RFC 5861 section 4). */
export function isErrorStatus(status: number): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504;
}

export function isRuleStatus(status: number): boolean {
  return RULE.has(status);
}
