/** What the reference model asks its origin, and what it keeps of the answers. */
import { acceptedCodings, has, joined, type Lines, valuesOf, withoutConnectionFields } from './reference-fields.ts';
import type { ModelAnswer, ModelRequest, Stored } from './reference-serving.ts';

/** A request as the origin gets it. */
export interface OriginAsk {
  method: string;
  target: string;
  lines: Lines;
}

/** What came of asking the origin; times in seconds since 1970. `failure`: the status for a client where no answer came. */
export type OriginOutcome = { sent: number; arrived: number; failure: number } | OriginReply;

export interface OriginReply {
  sent: number;
  arrived: number;
  failure: undefined;
  status: number;
  lines: Lines;
  body: string;
  complete: boolean;
  /** Head, body and end come at once. */
  atOnce: boolean;
}

/** Asks the origin at a time. */
export type Ask = (request: OriginAsk, at: number) => OriginOutcome;

/** A client's conditions. */
export const CONDITIONS = ['if-match', 'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since'];

/** Fields that each hop writes anew. */
const OWN = ['age', 'cache-status', 'content-length', 'date', 'via'];

/** Fields that tell caches by which tags to purge. */
const TAGS = ['cache-tag', 'surrogate-key', 'xkey'];

/** The client's fields without its conditions, Accept-Encoding as it is keyed, and what validates what is stored. */
export function fillLines(
  request: ModelRequest,
  targets: readonly string[],
  etags: readonly string[] = [],
  stored?: Stored,
): Lines {
  const lines = request.lines.filter(([name]) => ![...CONDITIONS, 'range', 'accept-encoding'].includes(name));
  const own: [string, string][] = [['accept-encoding', acceptedCodings(joined(request.lines, 'accept-encoding'))]];
  if (targets.includes('surrogate-control')) own.push(['surrogate-capability', 'lb="Surrogate/1.0"']);
  if (etags.length > 0) own.push(['if-none-match', etags.join(', ')]);
  const lastModified = valuesOf(stored?.lines ?? [], 'last-modified')[0];
  if (lastModified !== undefined) own.push(['if-modified-since', lastModified]);
  return [...lines, ...own];
}

/** What is stored of an answer's fields (RFC 9111 section 3.1). */
export function kept(lines: Lines): Lines {
  return withoutConnectionFields(lines).filter(([name]) => !OWN.includes(name));
}

/** What clients get of them: not what is for this cache alone; CDN-Cache-Control is for others too. */
export function shown(lines: Lines, targets: readonly string[]): Lines {
  return lines.filter(([name]) => !TAGS.includes(name) && (name === 'cdn-cache-control' || !targets.includes(name)));
}

/** Stored fields with those of a 304 in their place, but for what is bound to the body (RFC 9111 section 3.2). */
export function updated(stored: Lines, fresh: Lines): Lines {
  const bound = ['content-encoding', 'content-length', 'content-md5', 'content-range', 'etag'];
  const update = kept(fresh).filter(([name]) => !bound.includes(name));
  return [...stored.filter(([name]) => !has(update, name)), ...update];
}

/** Whether two lists hold the same lines, in whatever order the names come. */
export function isSame(a: Lines, b: Lines): boolean {
  return a.length === b.length && a.every(([name]) => joined(a, name) === joined(b, name));
}

/** An answer that goes to one client as it came. */
export function passedOn(
  request: ModelRequest,
  reply: OriginReply,
  why: string,
  targets: readonly string[],
): ModelAnswer {
  const bodyless = request.method === 'HEAD' || reply.status === 204 || reply.status === 304;
  const age = valuesOf(reply.lines, 'age')[0];
  return {
    status: reply.status,
    lines: shown(kept(reply.lines), targets),
    age: age !== undefined && /^\d{1,9}$/.test(age) ? Number(age) : undefined,
    body: bodyless ? '' : reply.body,
    // what breaks off together with its head is not begun with
    broken: !reply.complete && (!bodyless || reply.atOnce),
    problem: false,
    why,
  };
}

/** lb's own words. */
export function problem(status: number, why: string): ModelAnswer {
  return { status, lines: [], age: undefined, body: '', broken: false, problem: true, why };
}
