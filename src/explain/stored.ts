import { fromCacheTime } from '../base/clock.ts';
import type { StoredMeta } from '../fill/stored.ts';
import type { LastAnswer } from '../fill/uncacheable.ts';
import { etagsToSend } from '../fill/variants.ts';
import { TAG_FIELDS } from '../http/cache-tags.ts';
import { type HeaderList, onlyFields } from '../http/headers.ts';
import type { CachePolicy } from '../site/plan.ts';
import type { Entry } from './entry.ts';
import { isoTime } from './freshness.ts';
import { rangeText } from './parts.ts';
import type { LastAnswerPart, StoredPart, ValidationPart } from './types.ts';

/** Fields of a stored response that have a say in what becomes of it. */
const DECISIVE = [...TAG_FIELDS, 'age', 'cache-control', 'date', 'etag', 'expires', 'last-modified', 'pragma', 'vary'];

export function describeStored({ meta, headers, bytes, uses }: Entry, policy: CachePolicy): StoredPart {
  const { status, parts } = meta;
  return {
    status,
    bytes,
    parts: parts === undefined ? null : { ranges: parts.ranges.map(rangeText), complete: parts.complete },
    arrived: meta.arrived === undefined ? null : isoTime(meta.arrived),
    uses,
    fields: linesOf(onlyFields(headers, [...DECISIVE, ...policy.targets])),
  };
}

/** Of the request to the origin, for what is stored or, where that is not this request's variant, for any of the variants. */
export function describeValidation(
  meta: StoredMeta | undefined,
  marker: StoredMeta | undefined,
  variants: ReadonlySet<string>,
): ValidationPart | null {
  const etags = etagsToSend(marker, meta, ({ name }) => variants.has(name));
  const { etag, lastModified } = meta ?? {};
  const request: string[] = [];
  if (etags.length > 0) request.push(`if-none-match: ${etags.join(', ')}`);
  if (lastModified !== undefined) request.push(`if-modified-since: ${lastModified}`);
  return request.length === 0 ? null : { etag: etag ?? null, last_modified: lastModified ?? null, request };
}

export function describeLast({ status, reason, at }: LastAnswer): LastAnswerPart {
  return { status, reason, time: isoTime(fromCacheTime(at)) };
}

/** Lines as `name: value`. */
export function linesOf(headers: HeaderList): string[] {
  const lines: string[] = [];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  return lines;
}
