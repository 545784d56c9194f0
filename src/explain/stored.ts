import { fromCacheTime, toCacheTime } from '../base/clock.ts';
import { knownParts } from '../fill/parts.ts';
import type { StoredMeta } from '../fill/stored.ts';
import type { LastAnswer } from '../fill/uncacheable.ts';
import { etagsToSend } from '../fill/variants.ts';
import { TAG_FIELDS } from '../http/cache-tags.ts';
import { type HeaderList, onlyFields } from '../http/headers.ts';
import type { StorageReason } from '../http/storable.ts';
import type { CachePolicy } from '../site/plan.ts';
import type { Entry } from './entry.ts';
import { isoTime } from './freshness.ts';
import { rangeText } from './parts.ts';
import { countOf } from './slices.ts';
import type { LastAnswerPart, StoredPart, ValidationPart } from './types.ts';

/** Fields of a stored response that have a say in what becomes of it. */
const DECISIVE = [...TAG_FIELDS, 'age', 'cache-control', 'date', 'etag', 'expires', 'last-modified', 'pragma', 'vary'];

export function describeStored({ meta, headers, bytes, slices, uses, disk }: Entry, policy: CachePolicy): StoredPart {
  const { status, parts } = meta;
  return {
    status,
    bytes,
    parts:
      parts === undefined
        ? null
        : { ranges: parts.ranges.map(rangeText), complete: parts.complete, joinable: knownParts(meta) !== undefined },
    slices: slices === undefined ? null : { size: slices.size, count: countOf(slices), stored: slices.stored.size },
    arrived: meta.arrived === undefined ? null : isoTime(meta.arrived),
    disk: disk ?? null,
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

/** The origin's last answer, where it was not stored, and is newer than what is. */
export function describeLast(last: LastAnswer | undefined, stored: Entry | undefined): LastAnswerPart | null {
  if (last === undefined) return null;
  const { status, reason, at } = last;
  const isOlder = stored !== undefined && at < Math.max(stored.born, toCacheTime(Math.floor(stored.meta.arrived ?? 0)));
  return isOlder ? null : { status, reason, detail: REASONS[reason], time: isoTime(fromCacheTime(at)) };
}

/** Of an answer that was not stored. */
const REASONS: Readonly<Record<StorageReason, string>> = {
  storable: 'nothing forbids storing it',
  method: 'answers to its method are not stored',
  interim: 'it is not final',
  status: 'its status is never stored',
  partial: 'it is a part, or answers a request for a part',
  'must-understand': 'it says must-understand, and lb does not understand its status',
  'request-no-store': 'the request said no-store',
  'no-store': 'the origin said no-store',
  private: 'the origin said private',
  authorization: 'the request was authorised, and no public, must-revalidate or s-maxage permits storing all the same',
  'set-cookie': 'it sets a cookie',
  'vary-star': 'it says Vary: *',
  'no-freshness': 'its status is stored only with an explicit lifetime or public',
  stale: 'it came stale or without a lifetime, and has neither a validator nor leave to be used stale',
  'too-large': 'it is larger than the cache takes',
  'no-room': 'the cache had no room for it: all of its memory was in use',
  variants: 'cache.max_variants of the resource are stored already',
  outdated: 'the resource was changed or purged while the answer was on its way',
  tags: 'it has more tags than lb takes',
  'no-answer': 'the origin failed, or could not be reached',
};

/** Lines as `name: value`. */
export function linesOf(headers: HeaderList): string[] {
  const lines: string[] = [];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  return lines;
}
