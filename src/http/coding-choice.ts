import { encodingWeights } from './accept-encoding.ts';
import type { Coding, ContentCoding, DictionaryCoding } from './content-coding.ts';

/** What a client takes: weights of the codings, 0 to 1 (RFC 9110 section 12.5.3). 0 is not acceptable. */
export interface Acceptance {
  readonly zstd: number;
  readonly br: number;
  readonly gzip: number;
  /** Below all that is named where the client does not name it. */
  readonly identity: number;
  /** Zstandard and brotli with a dictionary (RFC 9842); a star does not stand for them. */
  readonly dcz: number;
  readonly dcb: number;
}

/** Weight of identity where the client accepts it by not refusing it: below the least that can be said. */
const UNSAID = 0.0005;

/** Of a client that says nothing, or names no coding: what is sent uncoded is read by anyone. */
const PLAIN: Acceptance = { zstd: 0, br: 0, gzip: 0, identity: 1, dcz: 0, dcb: 0 };

const NO_CODINGS: readonly DictionaryCoding[] = [];

/** Of values seen before, on this thread. */
const known = new Map<string, Acceptance>();
const MAX_KNOWN = 256;
const MAX_KNOWN_LENGTH = 160;

/** What an Accept-Encoding value says, '' where there is none. Parsed once for each value, as far as the table holds them. */
export function acceptanceOf(value: string): Acceptance {
  if (value === '') return PLAIN;
  const seen = known.get(value);
  if (seen !== undefined) return seen;
  const acceptance = parseAcceptance(value);
  if (value.length <= MAX_KNOWN_LENGTH) {
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(value, acceptance);
  }
  return acceptance;
}

function parseAcceptance(value: string): Acceptance {
  const weights = encodingWeights(value);
  const star = weights.get('*');
  const of = (coding: Coding): number => weights.get(coding) ?? star ?? 0;
  const identity = weights.get('identity') ?? star ?? UNSAID;
  return {
    zstd: of('zstd'),
    br: of('br'),
    gzip: of('gzip'),
    identity,
    dcz: weights.get('dcz') ?? 0,
    dcb: weights.get('dcb') ?? 0,
  };
}

/** What may be done with a response's content. */
export interface Leave {
  /** It may be coded in any of the codings that are configured. */
  readonly mayEncode: boolean;
  /** What is coded may be decoded. */
  readonly mayDecode: boolean;
}

/**
 * The coding that a client gets: of those that it likes best the one that the content has already, where it has any, then
 * by the server's preference. Where it takes none of them it gets the content as it is; see `isTaken`.
 *
 * @param preference what content may be coded in, the preferred one first
 */
export function chooseCoding(
  { mayEncode, mayDecode }: Leave,
  stored: ContentCoding,
  acceptance: Acceptance,
  preference: readonly Coding[],
): ContentCoding {
  if (stored === 'other') return stored;
  const isCoded = stored !== 'identity';
  let best: ContentCoding = stored;
  let weight = acceptance[stored];
  if (mayEncode) {
    for (const coding of preference) {
      // uncoded content gives way to what is liked as much, but only once
      const isBetter = acceptance[coding] > weight || (best === 'identity' && acceptance[coding] === weight);
      if (!isBetter || acceptance[coding] === 0) continue;
      best = coding;
      weight = acceptance[coding];
    }
  }
  return isCoded && mayDecode && acceptance.identity > weight ? 'identity' : best;
}

/**
 * The codings with a dictionary that a client likes as much as any without one, the best first: as `chooseCoding` by what
 * the client says, then by the preference for what they are but for the dictionary.
 */
export function dictionaryCodings(acceptance: Acceptance, preference: readonly Coding[]): readonly DictionaryCoding[] {
  const { zstd, br, gzip, identity, dcz, dcb } = acceptance;
  if (dcz === 0 && dcb === 0) return NO_CODINGS;
  const least = Math.max(zstd, br, gzip, identity);
  const isBrFirst = preference.find((coding) => coding === 'br' || coding === 'zstd') === 'br';
  const order: DictionaryCoding[] = dcb > dcz || (dcb === dcz && isBrFirst) ? ['dcb', 'dcz'] : ['dcz', 'dcb'];
  return order.filter((coding) => acceptance[coding] > 0 && acceptance[coding] >= least);
}

/** Whether a client takes a coding. Uncoded content always does: better than none. */
export function isTaken(coding: ContentCoding, acceptance: Acceptance): boolean {
  return coding === 'identity' || coding === 'other' || acceptance[coding] > 0;
}
