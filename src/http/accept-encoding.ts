import { trimOws } from './chars.ts';
import { splitList } from './headers.ts';

/** The content codings that buckets tell apart, in the order in which a bucket names them. */
const CODINGS = ['br', 'gzip', 'zstd'] as const;

/** Buckets of values seen before: few exist, and each is looked up for every request to a varying object. */
const buckets = new Map<string, string>();
const MAX_KNOWN = 256;
const MAX_KNOWN_LENGTH = 128;

/**
 * The bucket of an Accept-Encoding value: the known codings that it accepts, sorted and joined by commas, or
 * `identity` where it accepts none of them. An absent field is `identity` too: what is sent is then read by anyone. A
 * bucket without identity (`identity;q=0`) ends in `,!identity`.
 */
export function encodingBucket(value: string | undefined): string {
  if (value === undefined || value === '') return 'identity';
  const known = buckets.get(value);
  if (known !== undefined) return known;
  const bucket = findBucket(value);
  if (value.length <= MAX_KNOWN_LENGTH) {
    if (buckets.size >= MAX_KNOWN) buckets.clear();
    buckets.set(value, bucket);
  }
  return bucket;
}

function findBucket(value: string): string {
  const weights = encodingWeights(value);
  const wildcard = weights.get('*');
  const accepted: string[] = CODINGS.filter((coding) => (weights.get(coding) ?? wildcard ?? 0) > 0);
  const identity = (weights.get('identity') ?? (wildcard === 0 ? 0 : 1)) > 0;
  if (!identity) accepted.push('!identity');
  return accepted.length === 0 ? 'identity' : accepted.join(',');
}

/** A bucket as an Accept-Encoding value, which the origin is to be asked with: what is keyed is what is forwarded. */
export function bucketAcceptEncoding(bucket: string): string {
  return bucket.replace('!identity', 'identity;q=0').replaceAll(',', ', ');
}

/** The weight of each coding named (RFC 9110 section 12.5.3), 0 to 1; `x-gzip` counts as `gzip`. A malformed weight is 0. */
export function encodingWeights(value: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const member of splitList(value.toLowerCase())) {
    const semicolon = member.indexOf(';');
    const name = trimOws(semicolon < 0 ? member : member.slice(0, semicolon));
    const weight = semicolon < 0 ? 1 : (parseWeight(trimOws(member.slice(semicolon + 1))) ?? 0);
    weights.set(name === 'x-gzip' ? 'gzip' : name, weight);
  }
  return weights;
}

/** A weight parameter, `q=0.5`, in any case (RFC 9110 section 12.4.2): 0 to 1, or undefined where malformed. */
export function parseWeight(text: string): number | undefined {
  return /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i.test(text) ? Number(text.slice(2)) : undefined;
}
