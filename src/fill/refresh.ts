import { type CacheKey, USER_BORN, USER_FRESH_UNTIL } from '../cache/cache.ts';
import { parseEntityTag } from '../http/etag.ts';
import { combineHeader, getAllHeaders, getHeader, type HeaderList, hasHeader } from '../http/headers.ts';
import type { Judgement } from '../http/judge.ts';
import { headersToStore, updateStoredHeaders } from '../http/stored-headers.ts';
import type { EdgeContext } from './context.ts';
import { codedFlag, tagHashes } from './entry.ts';
import type { StaleEntry } from './fill-task.ts';
import { OWN_FIELDS, parseTail, renderHead } from './head.ts';
import { concernsResource, judge, type OriginAnswer, selectingFields, storedMeta, storedWords } from './judge.ts';
import type { ClientRequest } from './origin-request.ts';
import { selectsSliced } from './slices.ts';
import { encodeMeta, FLAG_SLICED, type StoredMeta } from './stored.ts';

/** What is validated, and on whose behalf. */
export interface Validation {
  client: ClientRequest;
  key: CacheKey;
  stale: Pick<StaleEntry, 'id' | 'meta'>;
  /** The flight by which the origin was asked; a HEAD needs none. */
  flight?: number;
  /** The newest purge when the origin was asked. */
  since: number;
  /** Where the origin confirmed another variant than the key's: the name of the key's, under which it is stored too. */
  variant?: string;
}

/**
 * Brings a stored response up to date with a 304 (RFC 9111 section 4.3.4): its lifetime begins anew, and fields of the
 * 304 replace stored ones. Where none of them differs, the entry stays in place; else it is copied under a new head.
 * A purge since the origin was asked may be newer than what it confirmed, so the entry then stays stale.
 *
 * @returns false when the entry may not be used for this client; it is then to be fetched whole
 */
export function refreshedEntry(context: EdgeContext, validation: Validation, answer: OriginAnswer): boolean {
  const { cache } = context;
  const { client, key, stale, flight, since, variant } = validation;
  const shown = parseTail(cache.head(stale.id).slice(stale.meta.tail));
  const stored = [...shown, ...(stale.meta.hidden ?? [])];
  if (!isAbout(stored, answer.headers)) {
    cache.remove(key);
    return false;
  }
  // a cookie in a 304 is its client's, and says nothing of what is stored
  const omitted = client.policy.storeSetCookie === true ? [...OWN_FIELDS] : [...OWN_FIELDS, 'set-cookie'];
  const update = headersToStore(answer.headers, omitted);
  const headers = updateStoredHeaders(stored, update);
  const merged = withTimes({ ...answer, status: stale.meta.status, headers }, answer.headers);
  const judgement = judge(client, merged);
  if (!judgement.storage.storable) {
    if (concernsResource(judgement.storage.reason, merged.status)) cache.remove(key);
    return false;
  }
  const { slices, vary = [] } = stale.meta;
  const recodes = client.policy.compression !== undefined;
  const selecting = slices === undefined ? selectingFields(headers, recodes) : selectsSliced(headers);
  if (selecting !== vary.join()) {
    cache.remove(key); // it would have to be found by other fields than it was stored by
    return false;
  }
  const words = storedWords(judgement, merged.status);
  words[2] = codedFlag(headers, stale.meta.vary) | (slices === undefined ? 0 : FLAG_SLICED);
  const isPurged = () => (flight === undefined ? cache.purgeSequence() !== since : cache.purged(flight, stale.id));
  if (isPurged()) words[0] = 0;
  if (variant === undefined && sameFields(stored, headers) && sameWindows(stale.meta, judgement)) {
    cache.setWord(stale.id, USER_BORN, words[1]);
    cache.setWord(stale.id, USER_FRESH_UNTIL, words[0]);
    if (isPurged()) cache.setWord(stale.id, USER_FRESH_UNTIL, 0);
    return true;
  }
  const expected = variant === undefined ? stale.id : undefined;
  const current = variant !== undefined || cache.lookup(key) === stale.id;
  cache.unpin();
  if (!current) return false; // invalidated or replaced meanwhile
  const upstream = combineHeader(answer.headers, 'cache-status') ?? stale.meta.upstream;
  const lines = upstream === undefined ? headers : [...headers, 'cache-status', upstream];
  const head = renderHead(lines, judgement.omitFields, client.host.plan.hidden, getHeader(stored, 'via'));
  const selection = { vary: stale.meta.vary, variant: variant ?? stale.meta.variant };
  const { content } = stale.meta;
  const meta = { ...storedMeta(judgement, merged, head), ...selection, slices, content };
  const given = tagHashes(cache, answer.headers);
  const tags = given.length === 0 ? undefined : given;
  const replaced = cache.replaceHead(stale.id, key, head.block, encodeMeta(meta), words, tags, flight, expected) !== 0;
  if (replaced && words[0] !== 0 && isPurged()) cache.remove(key);
  return replaced;
}

/**
 * Whether a 304 is about a stored response (RFC 9111 section 4.3.4). The origin was asked by that response's own
 * validators alone, or has chosen it among several by its entity tag; so another tag in the 304 (compression that renames
 * tags sends such) says nothing, and the stored one stays. A strong tag where none is stored, or another modification date
 * without a tag, is of another version.
 */
function isAbout(stored: HeaderList, headers: HeaderList): boolean {
  if (hasHeader(stored, 'etag')) return true;
  const etags = getAllHeaders(headers, 'etag');
  if (etags.some((etag) => parseEntityTag(etag)?.weak === false)) return false;
  const modified = getHeader(headers, 'last-modified');
  return etags.length > 0 || modified === undefined || getHeader(stored, 'last-modified') === modified;
}

/** Whether the entry's windows of stale use are those of its new judgement. */
function sameWindows({ swr = 0, sie = 0, strict }: StoredMeta, judgement: Judgement): boolean {
  const isStrict = strict === true;
  return (
    swr === judgement.staleWhileRevalidate && sie === judgement.staleIfError && isStrict !== judgement.mayServeStale
  );
}

/** Whether two lists hold the same lines, in whatever order the names come. */
function sameFields(a: HeaderList, b: HeaderList): boolean {
  const agrees = (name: string, i: number) => i % 2 === 1 || combineHeader(a, name) === combineHeader(b, name);
  return a.every(agrees) && b.every(agrees);
}

/** Date and Age of the 304, from which the lifetime counts; stored heads hold neither. */
function withTimes(answer: OriginAnswer, update: HeaderList): OriginAnswer {
  const headers = [...answer.headers];
  for (const name of ['date', 'age']) for (const value of getAllHeaders(update, name)) headers.push(name, value);
  return { ...answer, headers };
}
