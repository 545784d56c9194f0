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
}

/**
 * A stored response as the answer to a GET or HEAD.
 *
 * @param now seconds since 1970
 * @param arriving the response has just come from the origin: ranges are not cut from it
 */
export function serve(request: ModelRequest, stored: Stored, now: number, arriving: boolean, why: string): ModelAnswer {
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
  if (request.method !== 'GET' || asked === undefined || arriving || !ifRangeHolds(request, stored, now)) return answer;
  const range = resolveRange(asked, stored.body.length);
  if (range === 'whole') return answer;
  if (range === 'none') {
    return { ...answer, status: 416, lines: [['content-range', `bytes */${stored.body.length}`]], body: '' };
  }
  const line = ['content-range', `bytes ${range[0]}-${range[1]}/${stored.body.length}`] as const;
  return { ...answer, status: 206, lines: [...answer.lines, line], body: stored.body.slice(range[0], range[1] + 1) };
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

/** First and last byte; `none` where no byte is there; `whole` where the field is to be ignored (RFC 9110 section 14.2). */
function resolveRange(value: string, length: number): [number, number] | 'none' | 'whole' {
  const [, list] = /^bytes=(.*)$/is.exec(value) ?? [];
  const specs = members(list ?? '').map((member) => /^(\d*)-(\d*)$/.exec(member));
  // more than one range: lb sends everything
  if (specs.length !== 1 || specs[0] === null) return 'whole';
  const [, first, last] = specs[0];
  if (first === '' && last === '') return 'whole';
  if (first === '')
    return Number(last) === 0 || length === 0 ? 'none' : [Math.max(0, length - Number(last)), length - 1];
  if (last !== '' && Number(last) < Number(first)) return 'whole';
  if (Number(first) >= length) return 'none';
  return [Number(first), last === '' ? length - 1 : Math.min(Number(last), length - 1)];
}
