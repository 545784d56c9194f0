import type { Cache, CacheKey } from '../cache/cache.ts';
import { type CodingReason, type CodingTerms, codingTerms } from '../compress/terms.ts';
import { variantKey } from '../compress/variants.ts';
import { requestDirectives } from '../fill/judge.ts';
import { StoredViews } from '../fill/stored.ts';
import { acceptanceOf, chooseCoding, isTaken } from '../http/coding-choice.ts';
import { ifRangeAllows } from '../http/conditional.ts';
import { CODINGS, type ContentCoding, ORIGIN_ACCEPT_ENCODING } from '../http/content-coding.ts';
import { combineHeader, getHeader } from '../http/headers.ts';
import type { CachePolicy } from '../site/plan.ts';
import type { Entry } from './entry.ts';
import type { ExplainedRequest } from './request.ts';
import type { CompressionPart, Decision } from './types.ts';

/** Why content is left as it is. */
const REASONS: Readonly<Record<CodingReason, string>> = {
  status: 'its status has no whole content to code',
  'no-transform': 'its Cache-Control says no-transform',
  coding: 'its content coding is none that lb can undo',
  type: 'its media type is none of compression.types',
  length: 'it is shorter than compression.min_length',
};

const FOR_ALL = `whoever asks, the origin is asked with Accept-Encoding: ${ORIGIN_ACCEPT_ENCODING}, and its answer serves all`;

/** In which coding the client would get the answer, by the functions that decide when it does; null where compression is off. */
export function describeCompression(
  cache: Cache,
  key: CacheKey,
  entry: Entry | undefined,
  request: ExplainedRequest,
  policy: CachePolicy,
): CompressionPart | null {
  const { compression } = policy;
  if (compression === undefined) return null;
  const { headers } = request;
  const taken = combineHeader(headers, 'accept-encoding') ?? null;
  const nothing = { accept_encoding: taken, stored: null, variants: [], sent: null, how: null };
  if (entry === undefined) return { ...nothing, why: FOR_ALL };
  const terms = codingTerms(compression, entry.meta.status, entry.headers, entry.bytes);
  const variants = storedVariants(cache, key, entry);
  const said = { ...nothing, stored: terms.stored, variants };
  const asStored = { ...said, sent: terms.stored, how: 'as stored' } as const;
  if (entry.meta.slices !== undefined) return { ...asStored, why: 'it is stored in slices, which are for all' };
  if (!terms.mayEncode && terms.stored === 'identity') return { ...asStored, why: REASONS[terms.reason ?? 'type'] };
  // as look-ups do, by the first line
  const acceptance = acceptanceOf(getHeader(headers, 'accept-encoding') ?? '');
  const chosen = chooseCoding(terms, terms.stored, acceptance, compression.encodings);
  const kept = chosen === terms.stored ? undefined : keptBecause(request, entry, isTaken(terms.stored, acceptance));
  const coding = kept === undefined ? chosen : terms.stored;
  if (!isTaken(coding, acceptance)) {
    return { ...said, how: 'origin', why: `${refusalOf(terms)}: the origin is asked on behalf of this client alone` };
  }
  if (coding === terms.stored) return { ...asStored, why: kept ?? whyAsStored(terms, taken) };
  const isStored = variants.some((name) => name === coding);
  const why = `the client likes ${coding} best of ${[...new Set([...compression.encodings, terms.stored, 'identity'])].join(', ')}`;
  return { ...said, sent: coding, how: isStored ? 'variant' : 'on the way', why };
}

function refusalOf({ reason }: CodingTerms): string {
  return reason === undefined
    ? 'the request says no-transform'
    : `the client does not take what is stored, and ${REASONS[reason]}`;
}

function whyAsStored({ stored, reason }: CodingTerms, taken: string | null): string {
  if (stored !== 'identity') return 'the client takes it as the origin has coded it';
  if (taken === null) return 'the request has no Accept-Encoding';
  return reason === undefined ? 'the client takes no coding, or likes it best uncoded' : REASONS[reason];
}

/** Why another coding than the stored one is not made, though the client would like it better. */
function keptBecause({ method, headers }: ExplainedRequest, { meta }: Entry, isTakenAsIs: boolean): string | undefined {
  if (requestDirectives(headers).noTransform) return 'the request says no-transform';
  const isRange = method === 'GET' && meta.status === 200 && getHeader(headers, 'range') !== undefined;
  if (!isRange || !isTakenAsIs || !ifRangeAllows(getHeader(headers, 'if-range'), meta)) return undefined;
  return 'ranges are of what is stored';
}

function storedVariants(cache: Cache, key: CacheKey, { meta }: Entry): ContentCoding[] {
  const { content } = meta;
  if (content === undefined) return [];
  const views = new StoredViews(cache);
  try {
    return CODINGS.filter((coding) => {
      const { id } = cache.peek(variantKey(key, coding));
      return id !== 0 && views.meta(id).original === content;
    });
  } finally {
    cache.unpin();
  }
}

/** What is coded on its way has no parts. */
export function withoutRanges(decision: Decision, compression: CompressionPart | null): Decision {
  if (compression?.how !== 'on the way' || (decision.status !== 206 && decision.status !== 416)) return decision;
  const why = [...decision.why.slice(0, -1), 'it is coded on its way, and what is has no ranges: all of it'];
  return { ...decision, status: 200, why };
}
