import {
  emptyResponseDirectives,
  MAX_DELTA_SECONDS,
  parseDeltaSeconds,
  parseDirectives,
  parseResponseCacheControl,
  type ResponseDirectives,
} from './cache-control.ts';
import { TAG_FIELDS } from './cache-tags.ts';
import { combineHeader, type HeaderList } from './headers.ts';
import { isHopByHop } from './hop-by-hop.ts';
import type { SfMember } from './structured-fields.ts';
import { parseSfDictionary } from './structured-fields-parse.ts';

/** The field that is read by its own rules. */
export const SURROGATE_CONTROL = 'surrogate-control';

/** lb's name as a surrogate. */
const SURROGATE = 'lb';

/** Value of Surrogate-Capability, by which an origin learns that Surrogate-Control is obeyed and by whom. */
export const SURROGATE_CAPABILITY = `${SURROGATE}="Surrogate/1.0"`;

/** Well-known response fields that have a meaning of their own, beside those that WITH_MEANING_PREFIX knows. */
const WITH_MEANING: ReadonlySet<string> = new Set([
  ...TAG_FIELDS,
  'accept-ch',
  'accept-patch',
  'accept-post',
  'accept-ranges',
  'age',
  'allow',
  'alt-svc',
  'cache-status',
  'cdn-loop',
  'clear-site-data',
  'date',
  'etag',
  'expires',
  'host',
  'last-modified',
  'link',
  'location',
  'nel',
  'origin-agent-cluster',
  'permissions-policy',
  'pragma',
  'referrer-policy',
  'refresh',
  'report-to',
  'reporting-endpoints',
  'retry-after',
  'server',
  'server-timing',
  'set-cookie',
  'set-cookie2',
  'strict-transport-security',
  'timing-allow-origin',
  'traceparent',
  'tracestate',
  'vary',
  'via',
  'warning',
  'www-authenticate',
  'x-content-type-options',
  'x-frame-options',
  'x-request-id',
  'x-robots-tag',
  'x-xss-protection',
]);

const WITH_MEANING_PREFIX = /^(access-control|content|cross-origin|proxy|sec)-/;

/** Whether a field (lowercase) can be a targeted one, and be kept from clients, without taking another meaning away. */
export function canBeTarget(name: string): boolean {
  return name !== 'cache-control' && !WITH_MEANING.has(name) && !WITH_MEANING_PREFIX.test(name) && !isHopByHop(name);
}

/** The directives that govern a response, and the field they come from. */
export interface SelectedDirectives {
  directives: ResponseDirectives;
  /** The targeted field's name, undefined where Cache-Control and Expires govern. */
  targetedBy: string | undefined;
}

/**
 * The directives of the first field of `targets` that is there, valid and not empty, else of Cache-Control (RFC 9213
 * section 2.2).
 *
 * @param targets lowercase names of targeted fields, such as `cdn-cache-control`, the most specific first;
 *   `surrogate-control` is read by its own rules
 */
export function selectDirectives(headers: HeaderList, targets: readonly string[]): SelectedDirectives {
  for (const name of targets) {
    const value = combineHeader(headers, name);
    if (value === undefined) continue;
    const directives =
      name === SURROGATE_CONTROL ? parseSurrogateControl(value, SURROGATE) : parseTargetedCacheControl(value);
    if (directives !== undefined) return { directives, targetedBy: name };
  }
  return { directives: parseResponseCacheControl(combineHeader(headers, 'cache-control')), targetedBy: undefined };
}

/**
 * A targeted field, a dictionary structured field (RFC 9213 section 2.1). Undefined where it is empty or does not parse,
 * and is to be ignored. A lifetime that is no integer is 0; parameters are ignored.
 */
export function parseTargetedCacheControl(value: string): ResponseDirectives | undefined {
  const dictionary = parseSfDictionary(value);
  if (dictionary === undefined || dictionary.size === 0) return undefined;
  const flag = (name: string): boolean => isTrue(dictionary.get(name));
  const seconds = (name: string): number | undefined => toSeconds(dictionary.get(name));
  return {
    ...emptyResponseDirectives(),
    present: true,
    public: flag('public'),
    private: flag('private'),
    noStore: flag('no-store'),
    noCache: flag('no-cache'),
    noTransform: flag('no-transform'),
    mustRevalidate: flag('must-revalidate'),
    proxyRevalidate: flag('proxy-revalidate'),
    mustUnderstand: flag('must-understand'),
    immutable: flag('immutable'),
    maxAge: seconds('max-age'),
    sMaxage: seconds('s-maxage'),
    staleWhileRevalidate: seconds('stale-while-revalidate'),
    staleIfError: seconds('stale-if-error'),
  };
}

/** Anything but false: a restricting directive with an odd value still restricts. */
function isTrue(member: SfMember | undefined): boolean {
  return member !== undefined && !('value' in member && member.value === false);
}

function toSeconds(member: SfMember | undefined): number | undefined {
  if (member === undefined) return undefined;
  const seconds = 'value' in member && typeof member.value === 'number' ? member.value : 0;
  return Math.min(Math.max(seconds, 0), MAX_DELTA_SECONDS);
}

/**
 * Surrogate-Control (Edge Architecture Specification 1.0): `max-age=fresh[+stale]`, `no-store`, `no-store-remote`, each
 * with an optional `;target`. Directives without target count for every surrogate, and where this one is the target of
 * any, those alone count; what is for other targets is ignored. Undefined where none of them is known.
 *
 * @param device this surrogate's name, as in Surrogate-Capability
 */
export function parseSurrogateControl(value: string, device: string): ResponseDirectives | undefined {
  const general = emptyResponseDirectives();
  const own = emptyResponseDirectives();
  for (const { name, argument } of parseDirectives(value)) {
    const [directive, nameTarget] = name.split(';', 2);
    const [given, givenTarget] = (argument ?? '').split(';', 2);
    const target = nameTarget ?? givenTarget;
    if (target === undefined) applySurrogate(general, directive, given);
    else if (target === device) applySurrogate(own, directive, given);
  }
  if (own.present) return own;
  return general.present ? general : undefined;
}

function applySurrogate(result: ResponseDirectives, directive: string, argument: string): void {
  if (directive === 'no-store' || directive === 'no-store-remote') result.noStore = true;
  else if (directive === 'max-age') applySurrogateMaxAge(result, argument);
  else return;
  result.present = true;
}

function applySurrogateMaxAge(result: ResponseDirectives, argument: string): void {
  const [fresh, stale] = argument.split('+', 2).map(parseDeltaSeconds);
  result.maxAge = Math.min(result.maxAge ?? MAX_DELTA_SECONDS, Math.max(fresh, 0));
  if (stale !== undefined && stale >= 0) result.staleWhileRevalidate = stale;
}
