import { isToken } from './chars.ts';

/** A token of RFC 9651, told apart from a string by its class. */
export class SfToken {
  readonly value: string;
  constructor(value: string) {
    this.value = value;
  }
}

/** A decimal of RFC 9651, told apart from an integer by its class: `1.0` is no integer. */
export class SfDecimal {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** A date of RFC 9651 section 3.3.7, in seconds since 1970. */
export class SfDate {
  readonly seconds: number;
  constructor(seconds: number) {
    this.seconds = seconds;
  }
}

/** A display string of RFC 9651 section 3.3.8. */
export class SfDisplayString {
  readonly value: string;
  constructor(value: string) {
    this.value = value;
  }
}

/** A bare item: integers are numbers, byte sequences Uint8Arrays. */
export type SfBareItem = number | string | boolean | Uint8Array | SfToken | SfDecimal | SfDate | SfDisplayString;

export type SfParameters = Map<string, SfBareItem>;

export interface SfItem {
  value: SfBareItem;
  parameters: SfParameters;
}

export interface SfInnerList {
  items: SfItem[];
  parameters: SfParameters;
}

export type SfMember = SfItem | SfInnerList;

const MAX_INTEGER = 999_999_999_999_999;

/** Whether the text can be a token: begins with a letter or `*`, then tchar, `:` and `/` (RFC 9651 section 3.3.4). */
export function isSfToken(text: string): boolean {
  return /^[A-Za-z*]/.test(text) && isToken(text.replace(/[:/]/g, 'a'));
}

/** The text as a token where it can be one, else as a string: for values that may be either (RFC 9211 section 2). */
export function tokenOrString(text: string): SfToken | string {
  return isSfToken(text) ? new SfToken(text) : text;
}

/**
 * A bare item as text (RFC 9651 section 4.1.3.1). Bytes that a string cannot hold become `?`, so that a diagnostic never
 * makes a field invalid.
 *
 * @throws RangeError for an integer of more than 15 digits, a fraction, or a token that is none
 */
export function serializeBareItem(value: SfBareItem): string {
  if (typeof value === 'number') return serializeInteger(value);
  if (typeof value === 'string') return `"${value.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
  if (typeof value === 'boolean') return value ? '?1' : '?0';
  if (value instanceof Uint8Array) return `:${Buffer.from(value).toString('base64')}:`;
  if (value instanceof SfDecimal) return serializeDecimal(value.value);
  if (value instanceof SfDate) return `@${serializeInteger(value.seconds)}`;
  if (value instanceof SfDisplayString) return serializeDisplayString(value.value);
  if (!isSfToken(value.value)) throw new RangeError(`not a structured field token: ${value.value}`);
  return value.value;
}

/** Parameters as text: `;a;b=1`. A true value is written as its bare key. */
export function serializeParameters(parameters: SfParameters): string {
  let text = '';
  for (const [key, value] of parameters) text += value === true ? `;${key}` : `;${key}=${serializeBareItem(value)}`;
  return text;
}

/** An item or inner list with its parameters as text. */
export function serializeMember(member: SfMember): string {
  if ('items' in member)
    return `(${member.items.map(serializeMember).join(' ')})${serializeParameters(member.parameters)}`;
  return serializeBareItem(member.value) + serializeParameters(member.parameters);
}

function serializeInteger(value: number): string {
  if (!Number.isInteger(value) || Math.abs(value) > MAX_INTEGER)
    throw new RangeError(`not an integer of 15 digits: ${value}`);
  return String(value);
}

function serializeDecimal(value: number): string {
  const text = value.toFixed(3).replace(/0{1,2}$/, '');
  if (!Number.isFinite(value) || Math.abs(value) >= 1e12) throw new RangeError(`not a decimal of 12 digits: ${value}`);
  return text;
}

function serializeDisplayString(value: string): string {
  let text = '';
  for (const byte of new TextEncoder().encode(value)) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x22 && byte !== 0x25;
    text += plain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`;
  }
  return `%"${text}"`;
}
