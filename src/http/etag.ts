import { isOpaqueTag, isOws } from './chars.ts';

/** An entity tag (RFC 9110 section 8.8.3). */
export interface EntityTag {
  weak: boolean;
  /** The opaque tag with its quotes; for a malformed tag the text as it stands. */
  opaque: string;
}

/**
 * An ETag field's value. A malformed one, such as a tag without quotes, is taken as weak, so that it can validate but
 * never join ranges; undefined only for an empty value.
 */
export function parseEntityTag(value: string): EntityTag | undefined {
  if (value === '') return undefined;
  const weak = value.startsWith('W/');
  const opaque = weak ? value.slice(2) : value;
  return isQuoted(opaque) ? { weak, opaque } : { weak: true, opaque: value };
}

/** Strong comparison (RFC 9110 section 8.8.3.2): both strong, and the same opaque tag. */
export function strongMatch(a: EntityTag, b: EntityTag): boolean {
  return !a.weak && !b.weak && a.opaque === b.opaque;
}

/** Weak comparison (RFC 9110 section 8.8.3.2): the same opaque tag. */
export function weakMatch(a: EntityTag, b: EntityTag): boolean {
  return a.opaque === b.opaque;
}

/**
 * Whether the list of If-Match or If-None-Match (lines joined by commas) names the entity tag. `*` is not a member: the
 * caller decides what it means.
 */
export function entityTagListMatches(list: string, etag: EntityTag, match: typeof weakMatch): boolean {
  for (const tag of entityTags(list)) if (match(tag, etag)) return true;
  return false;
}

/** The members of an entity tag list, in order. Members without quotes reach to the next comma. */
export function* entityTags(list: string): Generator<EntityTag> {
  let at = 0;
  while (at < list.length) {
    const code = list.charCodeAt(at);
    if (code === 0x2c || isOws(code)) {
      at++;
      continue;
    }
    const end = memberEnd(list, at);
    const tag = parseEntityTag(list.slice(at, end).trimEnd());
    if (tag !== undefined) yield tag;
    at = end;
  }
}

/** Where the member that starts at `from` ends. Commas belong to a quoted tag, and backslashes escape nothing in one. */
function memberEnd(list: string, from: number): number {
  const quote = list.startsWith('W/', from) ? from + 2 : from;
  if (list.charCodeAt(quote) === 0x22) {
    const close = list.indexOf('"', quote + 1);
    if (close > 0) return close + 1;
  }
  const comma = list.indexOf(',', from);
  return comma < 0 ? list.length : comma;
}

function isQuoted(text: string): boolean {
  const last = text.length - 1;
  return last >= 1 && text.startsWith('"') && text.endsWith('"') && isOpaqueTag(text, 1, last);
}
