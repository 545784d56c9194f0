import { type CacheKey, USER_BORN, USER_FRESH_UNTIL } from '../cache/cache.ts';
import { combineHeader, getHeader, type HeaderList } from '../http/headers.ts';
import { headersToStore, updateStoredHeaders } from '../http/stored-headers.ts';
import type { EdgeContext } from './context.ts';
import type { StaleEntry } from './fill.ts';
import { OWN_FIELDS, parseTail, renderHead } from './head.ts';
import { judge, type OriginAnswer, storedMeta, storedWords } from './judge.ts';
import type { ClientRequest } from './origin-request.ts';
import { encodeMeta } from './stored.ts';

/**
 * Brings a stored response up to date with a 304 (RFC 9111 section 4.3.4): its lifetime begins anew, and fields of the
 * 304 replace stored ones. Where none of them differs, the entry stays in place; else it is copied under a new head.
 *
 * @returns false when the entry may not be used any longer; it is then to be fetched whole
 */
export function refreshedEntry(
  context: EdgeContext,
  client: ClientRequest,
  key: CacheKey,
  stale: StaleEntry,
  answer: OriginAnswer,
): boolean {
  const { cache } = context;
  const stored = parseTail(cache.head(stale.id).slice(stale.meta.tail));
  const update = headersToStore(answer.headers, [...OWN_FIELDS]);
  const headers = updateStoredHeaders(stored, update);
  const merged = { ...answer, status: stale.meta.status, headers };
  const judgement = judge(client, withTimes(merged, answer.headers));
  if (!judgement.storage.storable) {
    cache.remove(key);
    return false;
  }
  const words = storedWords(judgement, merged.status);
  if (sameFields(stored, headers)) {
    cache.setWord(stale.id, USER_BORN, words[1]);
    cache.setWord(stale.id, USER_FRESH_UNTIL, words[0]);
    return true;
  }
  const head = renderHead(merged.headers, judgement.omitFields, getHeader(stored, 'via'));
  const meta = { ...storedMeta(judgement, merged, head), vary: stale.meta.vary, variant: stale.meta.variant };
  return cache.replaceHead(stale.id, key, head.block, encodeMeta(meta), words) !== 0;
}

/** Whether two lists hold the same lines, in whatever order the names come. */
function sameFields(a: HeaderList, b: HeaderList): boolean {
  return a.length === b.length && a.every((text, i) => i % 2 === 1 || combineHeader(a, text) === combineHeader(b, text));
}

/** Date and Age of the 304, from which the lifetime counts; stored heads hold neither. */
function withTimes(answer: OriginAnswer, update: HeaderList): OriginAnswer {
  const headers = [...answer.headers];
  for (const name of ['date', 'age']) {
    const value = getHeader(update, name);
    if (value !== undefined) headers.push(name, value);
  }
  return { ...answer, headers };
}
