/** One value of a setting, read and checked by the row's type. */

import { formatAddress, formatOrigin, parseHostPattern, parseListen, parseOrigin } from './address.ts';
import type { Address, OriginConfig } from './config.ts';
import { Problem } from './errors.ts';
import { parseGlob } from './globs.ts';
import { parseCookieName, parseKeyField, parseParameter, parseTargetField } from './names.ts';
import type { Setting } from './setting.ts';
import { nearest } from './suggest.ts';
import { formatDuration, formatSize, guessDuration, parseDuration, parseSize } from './units.ts';

export type Scalar = string | number | boolean | Address;
export type Value = Scalar | readonly string[] | readonly OriginConfig[];
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Lists that hold at least one item. */
const FILLED_LISTS = new Set<Setting['type']>(['globs', 'host', 'keys', 'origins']);

const LISTS = new Set<Setting['type']>([
  ...FILLED_LISTS,
  'cookies',
  'key-fields',
  'parameters',
  'strings',
  'target-fields',
]);

/** Whether the setting takes several values, as an array or separated by commas. */
export function isList(setting: Setting): boolean {
  return LISTS.has(setting.type);
}

/** Whether a list setting may have no item. */
export function mayBeEmpty(setting: Setting): boolean {
  return !FILLED_LISTS.has(setting.type);
}

/**
 * The value of a setting that is no list, durations in the row's unit and sizes in bytes. `loose` says that it comes
 * from text without types (a flag, a variable, `${env:X}`), where "4" is a number and "on" is true.
 */
export function parseScalar(setting: Setting, raw: string | number | boolean, loose: boolean): Scalar | Problem {
  switch (setting.type) {
    case 'address':
      return typeof raw === 'boolean' ? wrongType('an address such as "0.0.0.0:8080"', raw) : parseListen(String(raw));
    case 'boolean':
      return parseBoolean(raw);
    case 'duration':
      return parseDurationSetting(setting, raw);
    case 'enum':
      return parseEnum(setting, raw);
    case 'integer':
    case 'number':
      return parseNumber(setting, raw, loose);
    case 'size':
      return parseSizeSetting(setting, raw);
    default:
      return parseText(raw);
  }
}

/** One item of a list setting. Origins that are objects are read elsewhere, key by key. */
export function parseItem(setting: Setting, text: string): string | OriginConfig | Problem {
  if (text === '') return new Problem('an empty item in the list', 'remove it or the extra comma');
  switch (setting.type) {
    case 'cookies':
      return parseCookieName(text);
    case 'globs':
      return parseGlob(text);
    case 'host':
      return parseHostPattern(text);
    case 'key-fields':
      return parseKeyField(text);
    case 'keys':
      return parseKey(text);
    case 'origins':
      return parseOrigin(text);
    case 'parameters':
      return parseParameter(text);
    case 'strings':
      return setting.values === undefined ? text : parseEnum(setting, text);
    case 'target-fields':
      return parseTargetField(text);
    default:
      return text;
  }
}

/** Items of a comma-separated text, trimmed, with the offset of each. An empty text has none. */
export function splitCommas(text: string): { item: string; at: number }[] {
  if (text.trim() === '') return [];
  let at = 0;
  return text.split(',').map((part) => {
    const entry = { item: part.trim(), at: at + part.length - part.trimStart().length };
    at += part.length + 1;
    return entry;
  });
}

/** What a setting expects, for messages: `a size such as "512MB"`. */
export function describeType(setting: Setting): string {
  switch (setting.type) {
    case 'address':
      return 'an address such as "0.0.0.0:8080"';
    case 'boolean':
      return 'true or false';
    case 'duration':
      return 'a duration such as "30s" or "5m", or a number of seconds';
    case 'enum':
      return `one of ${setting.values?.join(', ')}`;
    case 'cookies':
      return 'names of cookies, or an array of them';
    case 'key-fields':
    case 'target-fields':
      return 'field names, or an array of them';
    case 'globs':
      return 'globs such as "*.js,*.css", or an array of them';
    case 'host':
      return 'host names, or an array of them';
    case 'integer':
      return 'a whole number';
    case 'keys':
      return '"ip" or another key, or an array of them';
    case 'number':
      return 'a number';
    case 'origins':
      return 'an array of origins such as ["example.com:443"]';
    case 'parameters':
      return 'names of query parameters, or an array of them';
    case 'size':
      return 'a size such as "512MB", or a number of bytes';
    case 'strings':
      return 'an array of strings';
    default:
      return 'a string in double quotes';
  }
}

/** A resolved value as it would be written in lb.json. */
export function formatValue(setting: Setting, value: Value): Json {
  if (Array.isArray(value))
    return value.map((item) => (typeof item === 'string' ? item : formatOrigin(item as OriginConfig)));
  if (typeof value === 'object') return formatAddress(value as Address);
  if (setting.type === 'size') return formatSize(value as number);
  if (setting.type === 'duration') return formatDuration((value as number) * (setting.unit === 's' ? 1000 : 1));
  return value;
}

/** "expected X, found Y" in one wording. */
export function wrongType(expected: string, found: Json): Problem {
  return new Problem(`expected ${expected}, found ${nameOfJson(found)}`, `write ${expected}`);
}

function nameOfJson(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'string') return value === '' ? 'an empty string' : 'a string';
  if (typeof value === 'number') return 'a number';
  return typeof value === 'boolean' ? String(value) : 'an object';
}

function parseBoolean(raw: string | number | boolean): boolean | Problem {
  if (typeof raw === 'boolean') return raw;
  const text = String(raw).toLowerCase();
  if (text === 'on' || text === 'true' || text === 'yes' || text === '1') return true;
  if (text === 'off' || text === 'false' || text === 'no' || text === '0') return false;
  return new Problem(`"${raw}" is neither true nor false`, 'write true or false');
}

function parseText(raw: string | number | boolean): string | Problem {
  if (typeof raw !== 'string')
    return new Problem(`expected a string, found ${String(raw)}`, `write "${raw}", in double quotes`);
  if (raw.trim() === '') return new Problem('an empty value', 'give a value, or leave the setting out for its default');
  const control = /[\x00-\x1f\x7f]/.exec(raw);
  return control ? new Problem('a control character in the value', 'remove it', control.index) : raw;
}

function parseEnum(setting: Setting, raw: string | number | boolean): string | Problem {
  const values = setting.values ?? [];
  const text = String(raw);
  if (typeof raw === 'string' && values.includes(text)) return text;
  const meant = nearest(text, values);
  const all = `one of ${values.join(', ')}`;
  return new Problem(`"${text}" is not known here`, meant ? `did you mean "${meant}"? It is ${all}` : `use ${all}`);
}

function parseNumber(setting: Setting, raw: string | number | boolean, loose: boolean): number | Problem {
  const expected = setting.type === 'integer' ? 'a whole number' : 'a number';
  const numeric = typeof raw === 'string' && /^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(raw.trim());
  if (typeof raw === 'boolean') return wrongType(expected, raw);
  if (typeof raw === 'string' && !loose) {
    const fix = numeric ? `write ${Number(raw)}, without the quotes` : `write ${expected}`;
    return new Problem(`expected ${expected}, found the string "${raw}"`, fix);
  }
  if (typeof raw === 'string' && !numeric)
    return new Problem(`"${raw}" is not ${expected}`, `give ${limitsOf(setting, String) ?? expected}`);
  const value = Number(raw);
  if (setting.type === 'integer' && !Number.isInteger(value))
    return new Problem(`${raw} is not a whole number`, `write ${Math.round(value)}`);
  return checkLimits(setting, value, String);
}

function parseDurationSetting(setting: Setting, raw: string | number | boolean): number | Problem {
  const ms = typeof raw === 'boolean' ? undefined : parseDuration(String(raw).trim());
  if (ms === undefined) {
    if (/^-/.test(String(raw))) return new Problem('a duration cannot be negative', 'write 0 or more, such as "30s"');
    const guess = guessDuration(String(raw));
    return new Problem(
      `${JSON.stringify(raw)} is not a duration`,
      guess
        ? `did you mean "${guess}"?`
        : 'write a number with ms, s, m, h or d, such as "30s", or a number of seconds',
    );
  }
  if (setting.unit === 's') {
    if (ms % 1000 !== 0)
      return new Problem(`${JSON.stringify(raw)} is not a whole number of seconds`, `write "${Math.ceil(ms / 1000)}s"`);
    return checkLimits(setting, ms / 1000, (seconds) => formatDuration(seconds * 1000));
  }
  return checkLimits(setting, Math.round(ms), formatDuration);
}

function parseSizeSetting(setting: Setting, raw: string | number | boolean): number | Problem {
  const bytes = typeof raw === 'boolean' ? undefined : parseSize(String(raw).trim());
  if (bytes !== undefined) return checkLimits(setting, bytes, formatSize);
  if (/^-/.test(String(raw))) return new Problem('a size cannot be negative', 'write a size such as "512MB"');
  const percent = /^(\d+)\s*%$/.test(String(raw));
  return new Problem(
    `${JSON.stringify(raw)} is not a size`,
    percent
      ? 'percentages are not known here: write a size such as "512MB"'
      : 'write a number with KB, MB or GB, such as "512MB"',
  );
}

function checkLimits(setting: Setting, value: number, format: (value: number) => string): number | Problem {
  const { min = -Infinity, max = Infinity } = setting;
  if (value >= min && value <= max) return value;
  const shown = Number.isFinite(value) ? format(value) : 'this number';
  return new Problem(`${shown} is too ${value < min ? 'small' : 'large'}`, `give ${limitsOf(setting, format)}`);
}

function limitsOf(setting: Setting, format: (value: number) => string): string | undefined {
  if (setting.min === undefined || setting.max === undefined) return undefined;
  return `${format(setting.min)} to ${format(setting.max)}`;
}

const KEYS = ['ip', 'path', 'country', 'header:', 'cookie:', 'query:'];

function parseKey(text: string): string | Problem {
  const [kind, name] = text.includes(':')
    ? [text.slice(0, text.indexOf(':') + 1), text.slice(text.indexOf(':') + 1)]
    : [text, ''];
  if (!KEYS.includes(kind)) {
    if (KEYS.includes(`${kind}:`)) return new Problem(`"${text}" names no ${text}`, `write ${text}:NAME`);
    const meant = nearest(kind, KEYS);
    return new Problem(
      `"${text}" is nothing to count by`,
      `${meant ? `did you mean "${meant}"? ` : ''}use ip, path, country, header:NAME, cookie:NAME or query:NAME`,
    );
  }
  if (!kind.endsWith(':')) return kind;
  if (name === '') return new Problem(`"${text}" names no ${kind.slice(0, -1)}`, `write ${kind}NAME`);
  if (kind === 'query:') return text;
  const bad = /[^!#$%&'*+.^_`|~0-9A-Za-z-]/.exec(name);
  if (bad)
    return new Problem(
      `"${name}" is no ${kind.slice(0, -1)} name`,
      'use letters, digits and hyphens',
      kind.length + bad.index,
    );
  return kind === 'header:' ? kind + name.toLowerCase() : text;
}
