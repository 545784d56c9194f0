import { isDigits, isToken, quotedStringEnd, trimOws, unquote } from './chars.ts';
import { splitList } from './headers.ts';

/** The largest delta-seconds, to which greater values are brought (RFC 9111 section 1.2.2). */
export const MAX_DELTA_SECONDS = 2 ** 31;

/** Response directives (RFC 9111 section 5.2.2, RFC 5861, RFC 8246). Times in seconds; undefined where absent. */
export interface ResponseDirectives {
  /** Whether the field was present and held any directive. */
  present: boolean;
  public: boolean;
  private: boolean;
  /** Lowercase names of `private="a, b"`: the response may be stored without these fields. */
  privateFields: string[];
  noStore: boolean;
  noCache: boolean;
  /** Lowercase names of `no-cache="a, b"`: the response may be reused without these fields. */
  noCacheFields: string[];
  noTransform: boolean;
  mustRevalidate: boolean;
  proxyRevalidate: boolean;
  mustUnderstand: boolean;
  immutable: boolean;
  maxAge: number | undefined;
  sMaxage: number | undefined;
  staleWhileRevalidate: number | undefined;
  staleIfError: number | undefined;
}

/** Request directives (RFC 9111 section 5.2.1, RFC 5861). Times in seconds; undefined where absent. */
export interface RequestDirectives {
  noCache: boolean;
  noStore: boolean;
  noTransform: boolean;
  onlyIfCached: boolean;
  maxAge: number | undefined;
  minFresh: number | undefined;
  /** MAX_DELTA_SECONDS for `max-stale` without a value: any staleness will do. */
  maxStale: number | undefined;
  staleIfError: number | undefined;
}

/** One directive as it stands: `argument` is undefined without `=`; `valid` is false when name or argument is malformed. */
export interface Directive {
  name: string;
  argument: string | undefined;
  valid: boolean;
}

/** A delta-seconds value (RFC 9111 section 1.2.2) in seconds, at most MAX_DELTA_SECONDS, or -1 when it is none. */
export function parseDeltaSeconds(text: string): number {
  if (!isDigits(text)) return -1;
  return Math.min(Number(text), MAX_DELTA_SECONDS);
}

/**
 * The directives of a Cache-Control value, in order, names lowercase. Both the token and the quoted form of an argument
 * are understood (RFC 9111 section 5.2). Whitespace around `=`, an unclosed quote or text after a closed one make the
 * directive invalid, and leave the others as they are.
 */
export function parseDirectives(value: string): Directive[] {
  const directives: Directive[] = [];
  for (const member of splitList(value)) directives.push(parseDirective(member));
  return directives;
}

function parseDirective(member: string): Directive {
  const equals = member.indexOf('=');
  const rawName = equals < 0 ? member : member.slice(0, equals);
  const name = trimOws(rawName).toLowerCase();
  if (equals < 0) return { name, argument: undefined, valid: isToken(name) };
  const rawArgument = member.slice(equals + 1);
  const valid = isToken(name) && rawName.length === name.length;
  if (rawArgument.startsWith('"')) {
    const end = quotedStringEnd(rawArgument, 0);
    if (end !== rawArgument.length) return { name, argument: rawArgument, valid: false };
    return { name, argument: unquote(rawArgument, 0, end), valid };
  }
  return { name, argument: rawArgument, valid: valid && isToken(rawArgument) };
}

/** Directives of a response without any. */
export function emptyResponseDirectives(): ResponseDirectives {
  return {
    present: false,
    public: false,
    private: false,
    privateFields: [],
    noStore: false,
    noCache: false,
    noCacheFields: [],
    noTransform: false,
    mustRevalidate: false,
    proxyRevalidate: false,
    mustUnderstand: false,
    immutable: false,
    maxAge: undefined,
    sMaxage: undefined,
    staleWhileRevalidate: undefined,
    staleIfError: undefined,
  };
}

/**
 * A response's Cache-Control, all its lines joined by commas. Of repeated directives the most restrictive counts, an
 * invalid lifetime is 0, so that the response is stale (RFC 9111 section 4.2.1), a restricting flag with an argument it
 * should not have still restricts, and a permitting one with such an argument does not permit.
 */
export function parseResponseCacheControl(value: string | undefined): Readonly<ResponseDirectives> {
  if (value === undefined) return NO_DIRECTIVES;
  const known = parsed.get(value);
  if (known !== undefined) return known;
  const result = Object.freeze(readResponseDirectives(value));
  if (value.length <= MAX_KNOWN_LENGTH) {
    if (parsed.size >= MAX_KNOWN) parsed.clear();
    parsed.set(value, result);
  }
  return result;
}

/** Values read before: an origin sends few different ones. */
const parsed = new Map<string, Readonly<ResponseDirectives>>();
const MAX_KNOWN = 256;
const MAX_KNOWN_LENGTH = 128;
const NO_DIRECTIVES: Readonly<ResponseDirectives> = Object.freeze(emptyResponseDirectives());

function readResponseDirectives(value: string): ResponseDirectives {
  const result = emptyResponseDirectives();
  for (const directive of parseDirectives(value)) {
    result.present = true;
    applyResponseDirective(result, directive);
  }
  return result;
}

function applyResponseDirective(result: ResponseDirectives, directive: Directive): void {
  const bare = directive.valid && directive.argument === undefined;
  switch (directive.name) {
    case 'max-age':
      result.maxAge = leastSeconds(result.maxAge, directive);
      break;
    case 's-maxage':
      result.sMaxage = leastSeconds(result.sMaxage, directive);
      break;
    case 'stale-while-revalidate':
      result.staleWhileRevalidate = leastSeconds(result.staleWhileRevalidate, directive);
      break;
    case 'stale-if-error':
      result.staleIfError = leastSeconds(result.staleIfError, directive);
      break;
    case 'no-cache':
      result.noCache = !addFieldNames(result.noCacheFields, directive) || result.noCache;
      break;
    case 'private':
      result.private = !addFieldNames(result.privateFields, directive) || result.private;
      break;
    case 'no-store':
      result.noStore = true;
      break;
    case 'must-revalidate':
      result.mustRevalidate = true;
      break;
    case 'proxy-revalidate':
      result.proxyRevalidate = true;
      break;
    case 'must-understand':
      result.mustUnderstand = true;
      break;
    case 'no-transform':
      result.noTransform = true;
      break;
    case 'public':
      result.public ||= bare;
      break;
    case 'immutable':
      result.immutable ||= bare;
      break;
  }
}

function leastSeconds(known: number | undefined, directive: Directive): number {
  const seconds = directive.valid && directive.argument !== undefined ? parseDeltaSeconds(directive.argument) : -1;
  return Math.min(known ?? MAX_DELTA_SECONDS, Math.max(seconds, 0));
}

/** Adds the field names of `no-cache="a, b"`; false when the directive is unqualified, or not a list of names. */
function addFieldNames(names: string[], directive: Directive): boolean {
  if (!directive.valid || directive.argument === undefined) return false;
  const listed = splitList(directive.argument);
  if (listed.length === 0 || !listed.every(isToken)) return false;
  for (const name of listed) names.push(name.toLowerCase());
  return true;
}

/**
 * A request's Cache-Control, all its lines joined by commas. `pragma` is the Pragma field, which counts as `no-cache`
 * only where there is no Cache-Control at all (RFC 9111 section 5.4). Of repeated directives the most restrictive
 * counts; invalid numbers ask for the freshest (`max-age=x` is `max-age=0`), and an invalid `max-stale` is left out.
 */
export function parseRequestCacheControl(value: string | undefined, pragma?: string): RequestDirectives {
  const result: RequestDirectives = {
    noCache: false,
    noStore: false,
    noTransform: false,
    onlyIfCached: false,
    maxAge: undefined,
    minFresh: undefined,
    maxStale: undefined,
    staleIfError: undefined,
  };
  if (value === undefined) {
    if (pragma !== undefined) result.noCache = parseDirectives(pragma).some(({ name }) => name === 'no-cache');
    return result;
  }
  for (const directive of parseDirectives(value)) applyRequestDirective(result, directive);
  return result;
}

function applyRequestDirective(result: RequestDirectives, directive: Directive): void {
  switch (directive.name) {
    case 'no-cache':
      result.noCache = true;
      break;
    case 'no-store':
      result.noStore = true;
      break;
    case 'no-transform':
      result.noTransform = true;
      break;
    case 'only-if-cached':
      result.onlyIfCached = true;
      break;
    case 'max-age':
      result.maxAge = leastSeconds(result.maxAge, directive);
      break;
    case 'min-fresh':
      result.minFresh = Math.max(result.minFresh ?? 0, greatestSeconds(directive));
      break;
    case 'max-stale':
      applyMaxStale(result, directive);
      break;
    case 'stale-if-error':
      result.staleIfError = leastSeconds(result.staleIfError, directive);
      break;
  }
}

function greatestSeconds(directive: Directive): number {
  const seconds = directive.valid && directive.argument !== undefined ? parseDeltaSeconds(directive.argument) : -1;
  return seconds < 0 ? MAX_DELTA_SECONDS : seconds;
}

function applyMaxStale(result: RequestDirectives, directive: Directive): void {
  if (!directive.valid) return;
  const seconds = directive.argument === undefined ? MAX_DELTA_SECONDS : parseDeltaSeconds(directive.argument);
  if (seconds >= 0) result.maxStale = Math.min(result.maxStale ?? MAX_DELTA_SECONDS, seconds);
}
