import { splitList } from './headers.ts';

/** The content codings that buckets tell apart, in the order in which a bucket names them. */
const CODINGS = ['br', 'gzip', 'zstd'] as const;

/**
 * The bucket of an Accept-Encoding value: the known codings that it accepts, sorted and joined by commas, or
 * `identity` where it accepts none of them. An absent field is `identity` too: what is sent is then read by anyone. A
 * bucket without identity (`identity;q=0`) ends in `,!identity`.
 */
export function encodingBucket(value: string | undefined): string {
  if (value === undefined || value === '') return 'identity';
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
    const name = (semicolon < 0 ? member : member.slice(0, semicolon)).trim();
    const weight = semicolon < 0 ? 1 : parseWeight(member.slice(semicolon + 1).trim());
    weights.set(name === 'x-gzip' ? 'gzip' : name, weight);
  }
  return weights;
}

/** A weight parameter, `q=0.5`, in any case (RFC 9110 section 12.4.2): 0 to 1, 0 where malformed. */
export function parseWeight(text: string): number {
  return /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i.test(text) ? Number(text.slice(2)) : 0;
}
