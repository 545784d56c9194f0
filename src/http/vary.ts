import { encodingBucket, parseWeight } from './accept-encoding.ts';
import { isToken, trimOws } from './chars.ts';
import { combineHeader, compactList, type HeaderList, splitList } from './headers.ts';

/** What a Vary field asks for. */
export interface Vary {
  /** A member `*`, or one that is no field name: no other request is known to get the same response. */
  star: boolean;
  /** Lowercase field names, sorted, each once. */
  fields: string[];
}

/** The value of Vary, its lines joined by commas (RFC 9110 section 12.5.5). */
export function parseVary(value: string | undefined): Vary {
  const fields = new Set<string>();
  let star = false;
  for (const member of value === undefined ? [] : splitList(value)) {
    if (member === '*' || !isToken(member)) star = true;
    else fields.add(member.toLowerCase());
  }
  return { star, fields: [...fields].sort() };
}

/**
 * The secondary key of a request under the fields of a Vary (RFC 9111 section 4.1): equal for two requests exactly when
 * their selecting fields match after normalisation. Latin1 text; '' where `fields` is empty.
 *
 * Each field is written `name=length:value` or, where the request lacks it, `name-`, so that none can run into another.
 */
export function variantKey(fields: readonly string[], request: HeaderList): string {
  let key = '';
  for (const field of fields) {
    const value = normaliseSelecting(field, combineHeader(request, field));
    key += value === undefined ? `${field}-` : `${field}=${value.length}:${value}`;
  }
  return key;
}

/**
 * A selecting field in the form in which two are compared. Accept-Encoding becomes its bucket; the members of
 * Accept-Language lose their case and order among equal weights; Accept and Accept-Charset lose their case where the
 * grammar has none; every list loses the whitespace around its commas.
 */
export function normaliseSelecting(field: string, value: string | undefined): string | undefined {
  if (field === 'accept-encoding') return encodingBucket(value);
  if (value === undefined) return undefined;
  const text = /[^\u0000-\u00ff]/.test(value) ? encodeURIComponent(value) : value;
  switch (field) {
    case 'accept-language':
    case 'accept-charset':
      return normaliseWeighted(text);
    case 'accept':
      return text.includes('"') ? compactList(text) : compactList(text.toLowerCase());
    default:
      return compactList(text);
  }
}

/** `DE;q=0.50 , en` -> `en,de;q=0.5`: by falling weight, then by name. */
function normaliseWeighted(value: string): string {
  const members = splitList(value.toLowerCase()).map((member) => {
    const [name, weight] = splitWeight(member);
    return { name, weight };
  });
  members.sort((a, b) => b.weight - a.weight || (a.name < b.name ? -1 : Number(a.name > b.name)));
  return members.map(({ name, weight }) => (weight === 1 ? name : `${name};q=${weight}`)).join(',');
}

/** A member's name and its weight (RFC 9110 section 12.4.2); 1 where it has none, 0 where it is malformed. */
function splitWeight(member: string): [name: string, weight: number] {
  const semicolon = member.indexOf(';');
  if (semicolon < 0) return [member, 1];
  return [trimOws(member.slice(0, semicolon)), parseWeight(trimOws(member.slice(semicolon + 1)))];
}
