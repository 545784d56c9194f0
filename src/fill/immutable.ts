import { mediaType } from '../http/content-type.ts';
import { hasHashedName } from '../http/hashed-name.ts';
import { getHeader, type HeaderList, hasHeader } from '../http/headers.ts';
import { plainPath } from '../http/plain-path.ts';
import type { OriginAnswer } from './judge.ts';
import type { ClientRequest } from './origin-request.ts';

/** What a file with a hash in its name is sent with where its origin says nothing of it (RFC 8246). */
const IMMUTABLE = 'max-age=31536000, immutable';

/** Fields by which an origin says how long its answer lasts, or that it is for one client. */
const SAID = ['cache-control', 'expires', 'pragma', 'set-cookie'];

/**
 * The answer, with a lifetime of a year where it is a file with a hash in its name, `cache.immutable` is on for it, and
 * the origin does not say how long it lasts.
 */
export function withLifetime(client: ClientRequest, answer: OriginAnswer): OriginAnswer {
  const { path, policy, host } = client;
  const { cache } = host.plan.config;
  if (!(policy.rule?.immutable ?? cache.immutable) || answer.status !== 200) return answer;
  // a page in the place of a file that is not there any more
  if (mediaType(getHeader(answer.headers, 'content-type')) === 'text/html') return answer;
  if (!hasHashedName(path) || plainPath(path) !== path || isSaid(answer.headers, policy.targets)) return answer;
  return { ...answer, headers: [...answer.headers, 'cache-control', IMMUTABLE] };
}

function isSaid(headers: HeaderList, targets: readonly string[]): boolean {
  return [...SAID, ...targets].some((name) => hasHeader(headers, name));
}
