import { appendCacheStatus } from '../http/cache-status.ts';
import { combineHeader, type HeaderList, onlyFields } from '../http/headers.ts';
import { stripHopByHop } from '../http/hop-by-hop.ts';
import { appendVia } from '../http/via.ts';

/** lb's name in Via, Cache-Status and Proxy-Status. */
export const PROXY_NAME = 'lb';

const HIT = `${PROXY_NAME}; hit`;

/** Fields of an origin's answer that the transport or lb itself writes anew for each client. */
export const OWN_FIELDS: ReadonlySet<string> = new Set(['age', 'cache-status', 'content-length', 'date', 'via']);

/** A response head ready to be sent: see `renderHead`. */
export interface RenderedHead {
  /** Cache-Status of a hit, CRLF, then `tail` after `Via: `. Latin1. */
  block: Buffer;
  /** Offset of Via's value in `block`. */
  tail: number;
  upstream: string | undefined;
  /** Fields that clients do not get but lb obeys. */
  hidden: HeaderList;
}

/** The value of Via for clients: the origin's with this proxy last. */
export function clientVia(headers: HeaderList): string {
  return appendVia(combineHeader(headers, 'via'), '1.1', PROXY_NAME);
}

/** The lines of a response head from Via's value on: `1.1 lb\r\nname: value\r\n...`, without those of `omit`. */
export function renderTail(
  headers: HeaderList,
  omit: readonly string[] = [],
  via: string = clientVia(headers),
): string {
  let text = via;
  const kept = stripHopByHop(headers);
  for (let i = 0; i < kept.length; i += 2) {
    const name = kept[i];
    if (!OWN_FIELDS.has(name) && !omit.includes(name)) text += `\r\n${name}: ${kept[i + 1]}`;
  }
  return text;
}

/** Lines to be put behind a rendered head: `\r\nname: value` each. */
export function renderLines(headers: HeaderList): string {
  let text = '';
  for (let i = 0; i < headers.length; i += 2) text += `\r\n${headers[i]}: ${headers[i + 1]}`;
  return text;
}

/**
 * Renders a head for storing, so that a hit writes it by one call.
 *
 * @param omit fields that are not stored
 * @param hide fields that are kept beside the head only
 */
export function renderHead(
  headers: HeaderList,
  omit: readonly string[],
  hide: readonly string[],
  via?: string,
): RenderedHead {
  const upstream = combineHeader(headers, 'cache-status');
  const start = `${appendCacheStatus(upstream, HIT)}\r\nVia: `;
  const block = Buffer.from(start + renderTail(headers, [...omit, ...hide], via), 'latin1');
  return { block, tail: start.length, upstream, hidden: onlyFields(headers, hide) };
}

/** Lines from Via's value on, of a list that begins with Via: the opposite of `parseTail`. */
export function tailOf(lines: HeaderList): string {
  let tail = lines[1];
  for (let i = 2; i < lines.length; i += 2) tail += `\r\n${lines[i]}: ${lines[i + 1]}`;
  return tail;
}

/** The field lines of a rendered tail. */
export function parseTail(tail: Uint8Array | string): HeaderList {
  const headers: HeaderList = [];
  const text = typeof tail === 'string' ? tail : Buffer.from(tail).toString('latin1');
  const lines = `via: ${text}`.split('\r\n');
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.push(line.slice(0, colon), line.slice(colon + 2));
  }
  return headers;
}
