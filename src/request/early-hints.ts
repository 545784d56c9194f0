import { CacheKey, type UserWords } from '../cache/cache.ts';
import { tagHashes } from '../fill/entry.ts';
import { PROXY_NAME, parseTail } from '../fill/head.ts';
import type { StoredView } from '../fill/stored.ts';
import { combineHeader, getAllHeaders, type HeaderList, listHasToken } from '../http/headers.ts';
import { earlyLinks } from '../http/link-hints.ts';
import type { Exchange } from './exchange.ts';

/** Name of a resource's hints beside its variants. */
const HINTS_NAME = '~hints';

const NOTHING = new Uint8Array(0);

/** Nobody looks the entry up as a response. */
const WORDS: UserWords = [0, 0, 0, 0];

const key = new CacheKey();

function setKey(x: Exchange): void {
  key.set(x.host.prefix, x.target, x.keyParts + HINTS_NAME);
}

/**
 * Tells a client that is about to wait for the origin what an earlier answer said it would need (RFC 8297). Only
 * navigations are told: no other request of a browser acts on it, and older clients of HTTP/1.1 may not expect a 103.
 */
export function giveHints(x: Exchange): void {
  if (!x.host.plan.config.earlyHints || x.attempts > 0 || x.method !== 'GET' || x.protocol === '1.0') return;
  const { cache } = x.context;
  x.hintsSince = cache.purgeSequence();
  if (x.protocol !== '2' && x.field('sec-fetch-mode') !== 'navigate') return;
  setKey(x);
  const id = cache.lookup(key);
  const links = id === 0 ? '' : Buffer.from(cache.body(id, 0)).toString('latin1');
  cache.unpin();
  if (links !== '') x.reply.inform('103 Early Hints', `1.1 ${PROXY_NAME}${links}`);
}

/**
 * Remembers the links of a page for those who will have to wait for it. They lie in the cache, beside the page, so that
 * all threads see them, purges of it are theirs too, and they take no memory that pages need more.
 */
export function keepHints(x: Exchange, status: number, headers: HeaderList): void {
  const since = x.hintsSince;
  if (since < 0 || status !== 200 || !isPublicPage(x, headers)) return;
  const { cache } = x.context;
  const links = earlyLinks(getAllHeaders(headers, 'link'));
  const text = Buffer.from(links.map((link) => `\r\nLink: ${link}`).join(''), 'latin1');
  setKey(x);
  const id = cache.lookup(key);
  const isSame = id !== 0 && text.equals(cache.body(id, 0));
  cache.unpin();
  if (isSame) return;
  if (links.length === 0) cache.remove(key);
  else cache.put(key, NOTHING, NOTHING, text, WORDS, since, tagHashes(cache, headers));
}

/** As `keepHints`, of an answer that is stored. */
export function keepStoredHints(x: Exchange, view: StoredView): void {
  if (x.hintsSince >= 0) keepHints(x, view.meta.status, [...parseTail(view.tail), ...(view.meta.hidden ?? [])]);
}

/** Fields of a request by which a page is one client's: its links are not for others then. */
const PERSONAL: readonly string[] = ['cookie', 'authorization', '*'];

/** A document whose fields may be told to others, however it is not stored itself. */
function isPublicPage(x: Exchange, headers: HeaderList): boolean {
  if (!/^text\/html\b/i.test(combineHeader(headers, 'content-type') ?? '') || x.field('authorization') !== '')
    return false;
  const vary = combineHeader(headers, 'vary');
  if (PERSONAL.some((name) => listHasToken(vary, name))) return false;
  return !/\b(?:private|no-store)\b/i.test(combineHeader(headers, 'cache-control') ?? '');
}
