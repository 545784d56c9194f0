/** Variants of a resource in the reference model, and what answers say of what is stored (RFC 9111 sections 4.1, 4.3.4 and 4.4). */
import { entityTag, has, type Lines, valuesOf, varyNames, withoutConnectionFields } from './reference-fields.ts';
import type { OriginReply } from './reference-origin.ts';
import type { ModelRequest, Stored } from './reference-serving.ts';
import type { ModelPolicy } from './reference-storing.ts';
import { governing } from './reference-targeted.ts';

/** Entity tags that one request to an origin names. */
const MAX_ETAGS = 16;

const SAFE = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND', 'REPORT', 'SEARCH'];

/** A URL: one response, or the fields of the latest Vary and a response for each selection. */
export interface Resource {
  id: number;
  names: string[];
  /** What is stored, by selection. */
  variants: Map<string, Stored>;
  /** Selections and entity tags that the origin can be asked with, in the order in which they came. */
  known: { selected: string; etag: string | undefined }[];
}

/** Fields that are not stored and that the client gets whose request brought them. */
export function withheld({ lines }: OriginReply, policy: ModelPolicy): Lines {
  const names = governing(lines, policy.targets).withheld;
  return withoutConnectionFields(lines).filter(([name]) => names.includes(name));
}

/** What a success of an unsafe method makes invalid: its URL, and others of the same origin that it names (RFC 9111 section 4.4). */
export function invalidated({ method, target }: ModelRequest, { status, lines }: OriginReply): string[] {
  if (SAFE.includes(method) || status >= 400) return [];
  const base = `http://www.example.com${target}`;
  const named = ['location', 'content-location'].map((name) => URL.parse(valuesOf(lines, name)[0] ?? '', base));
  const near = named.filter((url) => url?.origin === 'http://www.example.com');
  return [target, ...near.map((url) => `${url?.pathname}${url?.search}`)];
}

/** A refusal or a failure may be of one request only, and says nothing of what others would get. */
export function saysSoOfTheResource(status: number): boolean {
  return status < 400 || status === 404 || status === 410;
}

export function isAsset(target: string, type: string | undefined): boolean {
  return /\.css(?:$|\?)/.test(target) && /^text\/css(?:$|[ ;])/.test(type ?? '');
}

/** Vary's names; what is encoded varies by Accept-Encoding whether it says so or not. */
export function selectingNames(lines: Lines): string[] {
  const names = varyNames(lines) ?? [];
  if (has(lines, 'content-encoding') && !names.includes('accept-encoding')) names.push('accept-encoding');
  return names;
}

/**
 * Whether a 304 is about a stored response (RFC 9111 section 4.3.4). The origin was asked by one entity tag, and so lb takes
 * its word whatever tag the 304 names: compression that renames tags sends such. A strong tag where none is stored, or
 * another date without a tag, is of another version.
 */
export function isAbout(stored: Lines, fresh: Lines): boolean {
  if (has(stored, 'etag')) return true;
  const given = entityTag(valuesOf(fresh, 'etag')[0] ?? '');
  if (given !== undefined) return given.weak;
  const modified = valuesOf(fresh, 'last-modified')[0];
  return modified === undefined || modified === valuesOf(stored, 'last-modified')[0];
}

function isFresh(stored: Stored | undefined, now: number): boolean {
  return stored !== undefined && !stored.alwaysAsk && Math.floor(now) < stored.freshUntil;
}

/** Takes note of a variant; false where there are too many that are fresh. */
export function know(resource: Resource, selected: string, stored: Stored, max: number, now: number): boolean {
  const etag = valuesOf(stored.lines, 'etag')[0];
  if (resource.known.some((one) => one.selected === selected && one.etag === etag)) return true;
  let others = resource.known.filter((one) => one.selected !== selected);
  if (others.length >= max) others = others.filter((one) => isFresh(resource.variants.get(one.selected), now));
  if (others.length >= max) return false;
  resource.known = [...others, { selected, etag }];
  return true;
}

export function etagsOf(resource: Resource | undefined): string[] {
  const stored = (resource?.known ?? []).filter(({ selected, etag }) => {
    const variant = resource?.variants.get(selected);
    return variant !== undefined && valuesOf(variant.lines, 'etag')[0] === etag;
  });
  const etags = stored.map(({ etag }) => etag).filter((etag) => etag !== undefined);
  return [...new Set(etags)].slice(0, MAX_ETAGS);
}

/**
 * What a HEAD's answer says of a stored response: that it is another one by now, that it is still this one, or nothing,
 * where no validator tells (RFC 9111 section 4.3.5).
 */
export function evidenceOf(stored: Stored, { status, lines }: OriginReply): 'other' | 'same' | 'none' {
  const contradicts = (name: string, own: string | undefined): boolean =>
    has(lines, name) && valuesOf(lines, name)[0] !== own;
  const validators = ['etag', 'last-modified'];
  if (status !== stored.status || contradicts('content-length', String(stored.body.length))) return 'other';
  if (validators.some((name) => contradicts(name, valuesOf(stored.lines, name)[0]))) return 'other';
  return validators.some((name) => has(lines, name)) ? 'same' : 'none';
}

/** The variant that an entity tag names. */
export function variantOf(resource: Resource | undefined, etag: string | undefined): Stored | undefined {
  const known = resource?.known.find((one) => one.etag !== undefined && one.etag === etag);
  const stored = known === undefined ? undefined : resource?.variants.get(known.selected);
  // another version may have taken its place meanwhile
  return valuesOf(stored?.lines ?? [], 'etag')[0] === etag ? stored : undefined;
}
