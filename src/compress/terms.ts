import type { CompressionConfig } from '../config/config.ts';
import { parseResponseCacheControl } from '../http/cache-control.ts';
import { type ContentCoding, contentCoding } from '../http/content-coding.ts';
import { mediaType } from '../http/content-type.ts';
import { combineHeader, getHeader, type HeaderList, hasHeader } from '../http/headers.ts';

/** What may be done with a response's content, by its head and the configuration. */
export interface CodingTerms {
  readonly stored: ContentCoding;
  readonly mayEncode: boolean;
  readonly mayDecode: boolean;
  /** Media type, lowercase, without parameters. */
  readonly type: string;
  /** Why it is not coded anew; undefined where it may be. */
  readonly reason: CodingReason | undefined;
}

/** Why lb leaves a response's content as it is. */
export type CodingReason = 'status' | 'no-transform' | 'coding' | 'type' | 'length';

/** Statuses without content of their own, and parts of content. */
const BARE: ReadonlySet<number> = new Set([204, 205, 206, 304]);

/** Goes out event by event, and is small: coded only where its type is configured as such. */
const EVENTS = 'text/event-stream';

/**
 * What may be done with a response.
 *
 * @param length bytes of its content as it is, -1 while that is not known
 */
export function codingTerms(
  config: CompressionConfig,
  status: number,
  headers: HeaderList,
  length: number,
): CodingTerms {
  const stored = contentCoding(headers);
  const type = mediaType(getHeader(headers, 'content-type'));
  // no content is of any coding, whatever its head says
  const fixed = fixedBecause(status, headers, stored) ?? (length === 0 ? 'length' : undefined);
  const mayDecode = fixed === undefined && stored !== 'identity';
  const reason = fixed ?? plainBecause(config, type, stored === 'identity' ? length : -1);
  return { stored, type, mayDecode, mayEncode: reason === undefined, reason };
}

function fixedBecause(status: number, headers: HeaderList, stored: ContentCoding): CodingReason | undefined {
  if (status < 200 || BARE.has(status)) return 'status';
  // a part under another status is still a part
  if (hasHeader(headers, 'content-range')) return 'status';
  if (parseResponseCacheControl(combineHeader(headers, 'cache-control')).noTransform) return 'no-transform';
  return stored === 'other' ? 'coding' : undefined;
}

function plainBecause(config: CompressionConfig, type: string, length: number): CodingReason | undefined {
  if (!isCodedType(config, type)) return 'type';
  return length >= 0 && length < config.minLength ? 'length' : undefined;
}

/** What is known of the types of one configuration. */
interface TypeTest {
  readonly pattern: RegExp;
  readonly names: ReadonlySet<string>;
  readonly known: Map<string, boolean>;
}

const tests = new WeakMap<CompressionConfig, TypeTest>();

/** Media types come from origins: no more of them are remembered. */
const MAX_KNOWN = 512;

/** Whether content of a media type is compressed. */
export function isCodedType(config: CompressionConfig, type: string): boolean {
  let test = tests.get(config);
  if (test === undefined) {
    test = typeTest(config.types);
    tests.set(config, test);
  }
  const seen = test.known.get(type);
  if (seen !== undefined) return seen;
  const isCoded = test.names.has(type) || (type !== EVENTS && test.pattern.test(type));
  if (test.known.size >= MAX_KNOWN) test.known.clear();
  test.known.set(type, isCoded);
  return isCoded;
}

function typeTest(types: readonly string[]): TypeTest {
  const sources = types.map((type) => type.split('*').map(escapeText).join('[^;]*'));
  const pattern = sources.length === 0 ? /^\b$/ : new RegExp(`^(?:${sources.join('|')})$`);
  return { pattern, names: new Set(types), known: new Map() };
}

function escapeText(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
