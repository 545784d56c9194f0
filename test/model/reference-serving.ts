/** What the reference model sends of a stored response: RFC 9110 sections 13 and 14, RFC 9111 section 4.3.2. */
import { entityTag, entityTags, httpDate, joined, type Lines, members, valuesOf } from './reference-fields.ts';

/** A response as the client gets it. */
export interface ModelAnswer {
  status: number;
  /** Without Age, Date, Via, Content-Length and Cache-Status. */
  lines: Lines;
  /** Seconds; undefined where the field is not there. */
  age: number | undefined;
  body: string;
  /** The body breaks off. */
  broken: boolean;
  /** lb's own words: status alone counts. */
  problem: boolean;
  why: string;
}

/** A stored response. Times in whole seconds since 1970. */
export interface Stored {
  status: number;
  lines: Lines;
  /** What clients get of them. */
  shown: Lines;
  body: string;
  /** When its age was 0. */
  born: number;
  freshUntil: number;
  /** no-cache: never without asking. */
  alwaysAsk: boolean;
  date: number;
  /** Seconds of stale use while it is refreshed, and while the origin fails. */
  swr: number;
  sie: number;
  /** Not to be used stale at a client's wish. */
  strict: boolean;
  /** The second in which it was last refreshed beside its use, and that in which the origin failed. */
  tried: number | undefined;
  failed: number | undefined;
  why: string;
}

/** A request for the cache. */
export interface ModelRequest {
  method: string;
  target: string;
  lines: Lines;
  hasBody: boolean;
  /** The client goes away once the origin has been asked. */
  leaves: boolean;
  /** The origin has answered a request for a part by all. */
  wantsAll?: boolean;
}

/**
 * A stored response as the answer to a GET or HEAD.
 *
 * @param now seconds since 1970
 * @param isOpen the response is arriving and its length is not known: ranges are not cut from it
 */
export function serve(request: ModelRequest, stored: Stored, now: number, isOpen: boolean, why: string): ModelAnswer {
  const answer: ModelAnswer = {
    status: stored.status,
    lines: stored.shown,
    age: Math.max(0, Math.floor(now) - stored.born),
    body: request.method === 'HEAD' ? '' : stored.body,
    broken: false,
    problem: false,
    why,
  };
  if (stored.status !== 200) return answer;
  if (isUnchanged(request, stored, now)) return { ...answer, status: 304, lines: linesOf304(answer.lines), body: '' };
  const asked = joined(request.lines, 'range');
  if (request.method !== 'GET' || asked === undefined || isOpen || !ifRangeHolds(request, stored, now)) return answer;
  const ranges = resolveRanges(asked, stored.body.length);
  return ranges === undefined ? answer : { ...answer, ...partOf(answer, stored.body, ranges) };
}

/** Stands for the boundary that lb invents. */
export const BOUNDARY = 'BOUNDARY';

/** Some ranges of a body: none gives 416, several a multipart body (RFC 9110 section 14.6). */
function partOf(
  { lines }: ModelAnswer,
  body: string,
  ranges: readonly Range[],
): Pick<ModelAnswer, 'status' | 'lines' | 'body'> {
  if (ranges.length === 0) return { status: 416, lines: [['content-range', `bytes */${body.length}`]], body: '' };
  const place = ([first, last]: Range): string => `bytes ${first}-${last}/${body.length}`;
  const cut = ([first, last]: Range): string => body.slice(first, last + 1);
  if (ranges.length === 1) {
    return { status: 206, lines: [...lines, ['content-range', place(ranges[0])]], body: cut(ranges[0]) };
  }
  const type = valuesOf(lines, 'content-type')[0];
  const typeLine = type === undefined ? '' : `Content-Type: ${type}\r\n`;
  const parts = ranges.map(
    (range) => `\r\n--${BOUNDARY}\r\n${typeLine}Content-Range: ${place(range)}\r\n\r\n${cut(range)}`,
  );
  const others = lines.filter(([name]) => name !== 'content-type');
  return {
    status: 206,
    lines: [...others, ['content-type', `multipart/byteranges; boundary=${BOUNDARY}`]],
    body: `${parts.join('')}\r\n--${BOUNDARY}--\r\n`,
  };
}

/** Whether the client has this representation: If-None-Match goes over If-Modified-Since (RFC 9110 section 13.2.2). */
function isUnchanged(request: ModelRequest, stored: Stored, now: number): boolean {
  const list = joined(request.lines, 'if-none-match');
  const etag = entityTag(valuesOf(stored.lines, 'etag')[0] ?? '');
  if (list !== undefined) return list === '*' || entityTags(list).some(({ opaque }) => opaque === etag?.opaque);
  const since = httpDate(joined(request.lines, 'if-modified-since'), now);
  if (since === undefined) return false;
  const lastModified = valuesOf(stored.lines, 'last-modified')[0];
  const modified = lastModified === undefined ? stored.date : httpDate(lastModified, now);
  return modified !== undefined && modified <= since;
}

const OF_THE_BODY = [
  'content-encoding',
  'content-language',
  'content-length',
  'content-md5',
  'content-range',
  'content-type',
];

/** A 304 repeats what a client may need to update what it has (RFC 9110 section 15.4.5); lb leaves out what it does not. */
function linesOf304(lines: Lines): Lines {
  return lines.filter(([name]) => !OF_THE_BODY.includes(name));
}

/** RFC 9110 section 13.1.5: a strong tag, or exactly a strong Last-Modified. */
function ifRangeHolds(request: ModelRequest, stored: Stored, now: number): boolean {
  const condition = joined(request.lines, 'if-range');
  if (condition === undefined) return true;
  const lastModified = valuesOf(stored.lines, 'last-modified')[0];
  if (!condition.includes('"')) {
    const since = httpDate(condition, now);
    const modified = httpDate(lastModified, now);
    return since !== undefined && since === modified && stored.date - modified >= 1;
  }
  const wanted = entityTag(condition);
  const etag = entityTag(valuesOf(stored.lines, 'etag')[0] ?? '');
  return wanted?.weak === false && etag?.weak === false && wanted.opaque === etag.opaque;
}

/** First and last byte. */
type Range = readonly [number, number];

/** Ranges that lb honours in one request. */
const MAX_RANGES = 16;

/**
 * The ranges that can be had, none where no byte is there; undefined where the field is to be ignored (RFC 9110 section
 * 14.2), as also where ranges overlap, are too many, or nothing is there to be cut.
 */
function resolveRanges(value: string, length: number): Range[] | undefined {
  const [, list] = /^bytes=(.*)$/is.exec(value) ?? [];
  const specs = members(list ?? '').map((member) => /^(\d*)-(\d*)$/.exec(member));
  if (length === 0 || specs.length === 0 || specs.length > MAX_RANGES) return undefined;
  const ranges: Range[] = [];
  for (const spec of specs) {
    if (spec === null || spec[0] === '-') return undefined;
    const [first, last] = [spec[1], spec[2]].map((digits) => (digits === '' ? undefined : Number(digits)));
    if (first === undefined) {
      if (last !== 0) ranges.push([Math.max(0, length - (last ?? 0)), length - 1]);
      continue;
    }
    if (last !== undefined && last < first) return undefined;
    if (first < length) ranges.push([first, Math.min(last ?? length - 1, length - 1)]);
  }
  const sorted = ranges.toSorted(([a], [b]) => a - b);
  return sorted.some(([first], i) => i > 0 && first <= sorted[i - 1][1]) ? undefined : ranges;
}
