import { encodingBucket, parseWeight } from './accept-encoding.ts';
import { isToken, trimOws } from './chars.ts';
import { FORWARDED_NAMES, METHOD_OVERRIDE_NAMES } from './forwarded.ts';
import { combineHeader, compactList, getHeader, type HeaderList, splitList } from './headers.ts';
import { isHopByHop, stripHopByHop } from './hop-by-hop.ts';
import { CLIENT_CLASS_NAMES } from './keyed-fields.ts';
import { isUnmaskable, unmaskedName } from './masked-names.ts';
import { CONDITIONAL_NAMES } from './stored-headers.ts';

/** Request fields whose commas separate nothing: their whitespace counts. */
const NO_LIST: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'date',
  'from',
  'host',
  'origin',
  'referer',
  'user-agent',
]);

/**
 * Fields that a cache writes anew for each request or client: a response that varies by one matches no other request.
 * X-Forwarded-For holds the address of the client alone.
 */
const OF_ONE_REQUEST: ReadonlySet<string> = new Set([
  'cdn-loop',
  'traceparent',
  'tracestate',
  'via',
  'x-forwarded-for',
  'x-request-id',
]);

/** Whether a field selects nothing: it never goes to an origin as a client sent it, or is in every key. */
function selectsNothing(name: string): boolean {
  return (
    name === 'host' ||
    FORWARDED_NAMES.has(name) ||
    METHOD_OVERRIDE_NAMES.has(name) ||
    CLIENT_CLASS_NAMES.has(name) ||
    CONDITIONAL_NAMES.has(name) ||
    isHopByHop(name)
  );
}

/** What a Vary field asks for. */
export interface Vary {
  /** A member `*`, one that is no field name or a field that is never the same: no other request is known to get the same response. */
  star: boolean;
  /** Lowercase names of the client's fields that select, sorted, each once. */
  fields: string[];
}

/** The value of Vary, its lines joined by commas (RFC 9110 section 12.5.5). */
export function parseVary(value: string | undefined): Vary {
  const fields = new Set<string>();
  let star = false;
  for (const member of value === undefined ? [] : splitList(value)) {
    const name = member.toLowerCase();
    if (name === '*' || !isToken(name) || OF_ONE_REQUEST.has(name)) star = true;
    else if (!selectsNothing(name)) fields.add(name);
  }
  return { star, fields: [...fields].sort() };
}

/**
 * A request's fields without those that its Connection takes from the origin (RFC 9110 section 7.6.1): what the origin
 * does not see selects nothing. The list itself where Connection names none.
 */
function selectingHeaders(request: HeaderList): HeaderList {
  const connection = getHeader(request, 'connection');
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return request;
  return stripHopByHop(request);
}

/**
 * The secondary key of a request under the fields of a Vary (RFC 9111 section 4.1): equal for two requests exactly when
 * their selecting fields match after normalisation. Latin1, as the values are; '' where `fields` is empty.
 *
 * Each field is written `name=length:value` or, where the request lacks it, `name-`, so that none can run into another.
 */
export function variantKey(fields: readonly string[], request: HeaderList): string {
  let key = '';
  const selecting = fields.length === 0 ? request : selectingHeaders(request);
  for (const field of fields) {
    const value = normaliseSelecting(field, combineHeader(selecting, field));
    key += value === undefined ? `${field}-` : `${field}=${value.length}:${value}`;
    if (!isUnmaskable(field)) key += maskedLines(field, selecting);
  }
  return key;
}

/** A field under other spellings (`x_device`): it goes to the origin, which may take it for the field itself. */
function maskedLines(field: string, request: HeaderList): string {
  let lines = '';
  for (let i = 0; i < request.length; i += 2) {
    const name = request[i];
    // lengths first: only names of one length can be spellings of each other
    if (name.length !== field.length || name === field || unmaskedName(name) !== field) continue;
    lines += `${name}=${request[i + 1].length}:${request[i + 1]}`;
  }
  return lines;
}

/**
 * A selecting field in the form in which two are compared. Accept-Encoding becomes its bucket; the members of
 * Accept-Language lose their case and order among equal weights; Accept and Accept-Charset lose their case where the
 * grammar has none; lists, and fields not known, lose the whitespace around their commas.
 */
export function normaliseSelecting(field: string, value: string | undefined): string | undefined {
  if (field === 'accept-encoding') return encodingBucket(value);
  if (value === undefined) return undefined;
  switch (field) {
    case 'accept-language':
    case 'accept-charset':
      return normaliseWeighted(value.toLowerCase());
    case 'accept':
      return value.includes('"') ? compactList(value) : compactList(value.toLowerCase());
    default:
      return NO_LIST.has(field) ? value : compactList(value);
  }
}

/** `de;q=0.50 , en` -> `en,de;q=0.5`: by falling weight, then by name. Left in its order where a weight is malformed. */
function normaliseWeighted(value: string): string {
  const members: { name: string; weight: number }[] = [];
  for (const member of splitList(value)) {
    const semicolon = member.indexOf(';');
    const name = semicolon < 0 ? member : trimOws(member.slice(0, semicolon));
    const weight = semicolon < 0 ? 1 : parseWeight(trimOws(member.slice(semicolon + 1)));
    if (weight === undefined) return compactList(value);
    members.push({ name, weight });
  }
  members.sort((a, b) => b.weight - a.weight || (a.name < b.name ? -1 : Number(a.name > b.name)));
  return members.map(({ name, weight }) => (weight === 1 ? name : `${name};q=${weight}`)).join(',');
}
