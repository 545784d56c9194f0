import {
  explicitLifetime,
  type FreshnessInput,
  type FreshnessPolicy,
  isOverriding,
  negativeLifetime,
} from './freshness.ts';
import { combineHeader, hasHeader } from './headers.ts';
import { isCacheableByDefault, isNeverStored, isRuleStatus, isStatusUnderstood } from './status-cache.ts';
import { parseVary } from './vary.ts';

/** What the configuration says about what may be stored. */
export interface StoragePolicy extends FreshnessPolicy {
  /** Store responses with Set-Cookie, and serve the cookie to everybody. Default false. */
  storeSetCookie?: boolean;
  /** Store 206 responses, by a caller that can join them (RFC 9111 section 3.3). Default false. */
  storePartial?: boolean;
}

/** A response, and of its request what decides about storing. */
export interface StorageInput extends FreshnessInput {
  requestMethod: string;
  /** Whether the request carried Authorization. */
  authorized: boolean;
  /** Whether the request's `Cache-Control: no-store` is to be honoured and present. */
  requestNoStore?: boolean;
}

/** What decided that a response is stored or not. Append only: names appear in logs, numbers in shared memory. */
export const STORAGE_REASONS = [
  'storable',
  'method',
  'interim',
  'status',
  'partial',
  'must-understand',
  'request-no-store',
  'no-store',
  'private',
  'authorization',
  'set-cookie',
  'vary-star',
  'no-freshness',
  'stale',
  'too-large',
  'variants',
  'outdated',
  'tags',
  'no-answer',
  'no-room',
] as const;

export type StorageReason = (typeof STORAGE_REASONS)[number];

export interface Storability {
  storable: boolean;
  reason: StorageReason;
  /** The reason in words, for people. */
  detail: string;
}

const STORABLE: Storability = Object.freeze({ storable: true, reason: 'storable', detail: 'nothing forbids it' });

/**
 * Whether a shared cache may store a response (RFC 9111 section 3), and what forbids it where it may not. `stale` is
 * not decided here: judgeResponse finds out whether a storable response could ever be reused.
 */
export function judgeStorability(input: StorageInput, policy: Readonly<StoragePolicy>): Storability {
  return (
    forbiddenByStatus(input, policy) ??
    forbiddenByDirectives(input, policy) ??
    forbiddenByFields(input, policy) ??
    STORABLE
  );
}

function refuse(reason: StorageReason, detail: string): Storability {
  return { storable: false, reason, detail };
}

function forbiddenByStatus(input: StorageInput, policy: Readonly<StoragePolicy>): Storability | undefined {
  const { status, directives } = input;
  if (input.requestMethod !== 'GET') return refuse('method', `responses to ${input.requestMethod} are not stored`);
  if (status < 200) return refuse('interim', `${status} is no final status`);
  if (isNeverStored(status)) return refuse('status', `${status} is never stored`);
  if (status === 206 && policy.storePartial !== true) return refuse('partial', 'partial responses are not stored');
  if (directives.mustUnderstand && !isStatusUnderstood(status) && status !== 206) {
    return refuse('must-understand', `must-understand, and ${status} is not understood`);
  }
  return undefined;
}

function forbiddenByDirectives(input: StorageInput, policy: Readonly<StoragePolicy>): Storability | undefined {
  const { directives } = input;
  const forced = policy.force === true && isOverriding(directives, policy) && isRuleStatus(input.status);
  if (input.requestNoStore === true) return refuse('request-no-store', 'the request says no-store');
  // must-understand with a status that is understood takes no-store's place (RFC 9111 section 5.2.2.3)
  if (directives.noStore && !directives.mustUnderstand && !forced)
    return refuse('no-store', 'the origin says no-store');
  if (directives.private && !forced) return refuse('private', 'the origin says private');
  const shared = directives.public || directives.mustRevalidate || directives.sMaxage !== undefined;
  if (input.authorized && !shared) {
    return refuse(
      'authorization',
      'the request was authorised, and no public, must-revalidate or s-maxage permits storing',
    );
  }
  return undefined;
}

function forbiddenByFields(input: StorageInput, policy: Readonly<StoragePolicy>): Storability | undefined {
  const { headers, directives } = input;
  if (hasHeader(headers, 'set-cookie') && policy.storeSetCookie !== true && !isOmitted(input, 'set-cookie')) {
    return refuse('set-cookie', 'the response sets a cookie');
  }
  if (parseVary(combineHeader(headers, 'vary')).star) return refuse('vary-star', 'Vary: *');
  const explicit =
    directives.public || explicitLifetime(input) !== undefined || negativeLifetime(input.status, policy) !== undefined;
  if (!explicit && !isCacheableByDefault(input.status)) {
    return refuse('no-freshness', `${input.status} needs an explicit lifetime or public`);
  }
  return undefined;
}

/** Whether `no-cache="..."` or `private="..."` keeps the field out of what is stored. */
function isOmitted(input: StorageInput, name: string): boolean {
  return input.directives.privateFields.includes(name) || input.directives.noCacheFields.includes(name);
}
