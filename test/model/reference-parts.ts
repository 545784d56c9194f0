/** Stored parts of a resource in the reference model: RFC 9110 section 14, RFC 9111 sections 3.3 and 3.4. */
import { entityTag, httpDate, joined, type Lines, members, valuesOf } from './reference-fields.ts';
import type { ModelAnswer, ModelRequest, Stored } from './reference-serving.ts';

/** What is stored of one representation: each byte of it, or undefined. */
export interface Parts {
  stored: Stored;
  bytes: (string | undefined)[];
}

/** First and last byte; undefined for the first of a suffix, and for an end that is left open. */
export interface Spec {
  first: number | undefined;
  last: number | undefined;
}

export type Place = readonly [first: number, last: number];

/** The one range that a field asks for, or undefined where it asks for several or is no range. */
export function singleRange(field: string): Spec | undefined {
  const match = /^bytes=[ \t,]*(\d*)-(\d*)[ \t,]*$/i.exec(field);
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const [first, last] = [match[1], match[2]].map((digits) => (digits === '' ? undefined : Number(digits)));
  return first !== undefined && last !== undefined && last < first ? undefined : { first, last };
}

/** Ranges that lb honours in one request. */
const MAX_RANGES = 16;

/** The request without ranges that overlap on any representation that is long enough, or are too many: all is asked for then. */
export function withoutExcess(request: ModelRequest): ModelRequest {
  const list = /^bytes=(.*)$/is.exec(joined(request.lines, 'range') ?? '')?.[1] ?? '';
  const specs = members(list).map((member) => singleRange(`bytes=${member}`));
  if (specs.length < 2 || specs.includes(undefined)) return request;
  const length = Number.MAX_SAFE_INTEGER;
  const places = specs.flatMap((spec) =>
    spec === undefined ? [] : ([placeIn(spec, length) ?? [length, length]] as Place[]),
  );
  const sorted = places.toSorted(([a], [b]) => a - b);
  const overlaps = sorted.some(([first], i) => i > 0 && first <= sorted[i - 1][1]);
  if (!overlaps && specs.length <= MAX_RANGES) return request;
  return { ...request, lines: request.lines.filter(([name]) => name !== 'range' && name !== 'if-range') };
}

/** Where a spec lies in a representation, or undefined where it holds none of its bytes. */
export function placeIn({ first, last }: Spec, complete: number): Place | undefined {
  if (complete === 0) return undefined;
  if (first === undefined) return last === 0 ? undefined : [Math.max(0, complete - (last ?? 0)), complete - 1];
  return first >= complete ? undefined : [first, Math.min(last ?? complete - 1, complete - 1)];
}

export function specText({ first, last }: Spec): string {
  return `bytes=${first ?? ''}-${last ?? ''}`;
}

/** What a 206 says that it holds, and of how many bytes (undefined for a star); undefined where it does not say so soundly. */
export function contentRange(lines: Lines): { place: Place; complete: number | undefined } | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i.exec(valuesOf(lines, 'content-range').join(', '));
  if (match === null) return undefined;
  const [first, last] = [Number(match[1]), Number(match[2])];
  const complete = match[3] === '*' ? undefined : Number(match[3]);
  const length = valuesOf(lines, 'content-length')[0];
  if (last < first || (complete !== undefined && last >= complete)) return undefined;
  if (length !== undefined && Number(length) !== last - first + 1) return undefined;
  return { place: [first, last], complete };
}

/** Whether a 206 is what was asked for: that range, or what there is of it. */
export function isAnswerTo({ first, last }: Spec, [from, to]: Place, complete: number | undefined): boolean {
  const isLast = complete === undefined || to === complete - 1;
  if (first === undefined) return isLast && to - from + 1 <= (last ?? 0);
  return from === first && (to === last || (isLast && (last === undefined || to < last)));
}

/** The validator by which parts may be joined: a strong tag, else a Last-Modified that was a minute old (RFC 9110 section 8.8.2.2). */
export function strongValidator({ lines, date }: Stored): string | undefined {
  const etag = valuesOf(lines, 'etag')[0];
  if (etag !== undefined) return entityTag(etag)?.weak === false ? etag : undefined;
  const lastModified = valuesOf(lines, 'last-modified')[0];
  const modified = httpDate(lastModified, date);
  return modified !== undefined && date - modified >= 60 ? lastModified : undefined;
}

/** Whether fields are of the representation that parts are stored of. */
export function isSameRepresentation(parts: Parts, lines: Lines, complete: number | undefined): boolean {
  const same = (name: string): boolean => valuesOf(parts.stored.lines, name)[0] === valuesOf(lines, name)[0];
  if (complete !== parts.bytes.length || !same('etag')) return false;
  return valuesOf(lines, 'etag').length > 0 || same('last-modified');
}

/** The stretches of a place that are not stored. */
export function gapsIn({ bytes }: Parts, [first, last]: Place): Place[] {
  const gaps: [number, number][] = [];
  for (let at = first; at <= last; at++) {
    if (bytes[at] !== undefined) continue;
    const open = gaps.at(-1);
    if (open !== undefined && open[1] === at - 1) open[1] = at;
    else gaps.push([at, at]);
  }
  return gaps;
}

export function bytesOf({ bytes }: Parts, [first, last]: Place): string {
  return bytes.slice(first, last + 1).join('');
}

/** A new part beside those of before, where they are of one representation; else in their place. */
export function withPart(
  former: Parts | undefined,
  stored: Stored,
  place: Place,
  complete: number,
  body: string,
): Parts {
  const joins =
    former !== undefined &&
    strongValidator(former.stored) !== undefined &&
    isSameRepresentation(former, stored.lines, complete);
  const bytes: (string | undefined)[] = joins ? [...former.bytes] : new Array(complete).fill(undefined);
  for (let i = 0; i < body.length; i++) bytes[place[0] + i] = body[i];
  return { stored, bytes };
}

/** A part as the answer to a request for it. */
export function servePart({ stored, bytes }: Parts, place: Place, now: number, why: string): ModelAnswer {
  return {
    status: 206,
    lines: [...stored.shown, ['content-range', `bytes ${place[0]}-${place[1]}/${bytes.length}`]],
    age: Math.max(0, Math.floor(now) - stored.born),
    body: bytesOf({ stored, bytes }, place),
    broken: false,
    problem: false,
    why,
  };
}
