import { combineHeader, type HeaderList } from './headers.ts';

/** A content coding (RFC 9110 section 8.4.1) that lb can make and undo. */
export type Coding = 'zstd' | 'br' | 'gzip';

/** Content codings with a dictionary: Zstandard and brotli (RFC 9842). */
export type DictionaryCoding = 'dcz' | 'dcb';

/** How a response's content is coded; `other` for what lb cannot undo, and for several codings one on another. */
export type ContentCoding = Coding | 'identity' | 'other';

/** All codings, in the order in which lb prefers them where nothing else tells. */
export const CODINGS: readonly Coding[] = ['zstd', 'br', 'gzip'];

/** What origins are asked with where lb compresses: one answer serves all clients, however it is coded. */
export const ORIGIN_ACCEPT_ENCODING = 'br, gzip, zstd';

const NAMES: ReadonlyMap<string, ContentCoding> = new Map<string, ContentCoding>([
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['br', 'br'],
  ['zstd', 'zstd'],
]);

/** The coding of a response by its Content-Encoding. */
export function contentCoding(headers: HeaderList): ContentCoding {
  const value = combineHeader(headers, 'content-encoding');
  return value === undefined ? 'identity' : (NAMES.get(value.trim().toLowerCase()) ?? 'other');
}
