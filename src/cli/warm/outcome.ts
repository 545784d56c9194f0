import { parseResponseCacheControl } from '../../http/cache-control.ts';
import { combineHeader, type HeaderList } from '../../http/headers.ts';
import { judgeResponse } from '../../http/judge.ts';
import { type SfItem, SfToken } from '../../http/structured-fields.ts';
import { parseSfList } from '../../http/structured-fields-parse.ts';

/** What became of one fetch. `hit`: it was in the cache; `stored`: now it is; `passed`: it was answered but not stored. */
export type Outcome =
  | { readonly kind: 'hit' }
  | { readonly kind: 'stored' }
  | { readonly kind: 'passed'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** Statuses from here on count as failures: nobody warms a cache with errors. */
const FIRST_ERROR = 400;

/** Reads what became of a fetch from the answer of lb, by Cache-Status (RFC 9211) above all. */
export function outcomeOf(status: number, headers: HeaderList): Outcome {
  const own = ownMember(headers);
  if (status >= FIRST_ERROR) return { kind: 'failed', reason: `status ${status}` };
  if (own === undefined) return { kind: 'failed', reason: 'an answer without Cache-Status: is that lb?' };
  const { parameters } = own;
  if (parameters.get('hit') === true || parameters.get('fwd-status') === 304) return { kind: 'hit' };
  if (parameters.get('stored') === true || parameters.get('collapsed') === true) return { kind: 'stored' };
  return { kind: 'passed', reason: reasonOf(status, headers) };
}

/** The last member is that of the cache nearest to us. */
function ownMember(headers: HeaderList): SfItem | undefined {
  const last = parseSfList(combineHeader(headers, 'cache-status') ?? '')?.at(-1);
  return last !== undefined && 'value' in last && isLb(last.value) ? last : undefined;
}

function isLb(value: SfItem['value']): boolean {
  return value === 'lb' || (value instanceof SfToken && value.value === 'lb');
}

/** Why it was not stored, as far as the answer itself says. */
function reasonOf(status: number, headers: HeaderList): string {
  const now = Date.now() / 1000;
  const { storage } = judgeResponse(
    {
      status,
      headers,
      directives: parseResponseCacheControl(combineHeader(headers, 'cache-control')),
      requestMethod: 'GET',
      authorized: false,
      requestTime: now,
      responseTime: now,
    },
    {},
  );
  return storage.storable ? 'lb explain says why' : storage.detail;
}
