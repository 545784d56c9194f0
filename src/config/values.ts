/** One value of a setting, read and checked by the row's type. */

import { parseHost, parseHostPattern, parseListen, parseOrigin } from './address.ts';
import type { GeoPath } from './bot-config.ts';
import type { Address, DictionaryConfig, OriginConfig, RateLimitConfig, SiteRule } from './config.ts';
import { Problem } from './errors.ts';
import { type Field, parseChangedName, parseFieldText, parseTargetTemplate } from './field-values.ts';
import { parseGlob } from './globs.ts';
import { parseRate } from './limit-values.ts';
import {
  parseCookieName,
  parseHashKey,
  parseKeyField,
  parseLimitKey,
  parseMediaRange,
  parseMethod,
  parseParameter,
  parseTargetField,
} from './names.ts';
import { parseDomain, parseNameServer, parseNetwork, parseUrl } from './network-values.ts';
import type { Setting } from './setting.ts';
import { parseStatus, parseStatusRange } from './statuses.ts';
import { nearest } from './suggest.ts';
import { formatDuration, formatSize, guessDuration, parseDuration, parseSize } from './units.ts';
import type { Condition, CustomRuleConfig, WafExclusion, WafPathMode } from './waf-config.ts';
import { parseCountry, parseRuleIds } from './waf-objects.ts';

export type Scalar = string | number | boolean | Address;
/** Absolute paths of PEM files. */
export interface CertificateFiles {
  cert: string;
  key: string;
}
export type Item =
  | string
  | number
  | Address
  | OriginConfig
  | RateLimitConfig
  | CertificateFiles
  | Condition
  | CustomRuleConfig
  | DictionaryConfig
  | GeoPath
  | SiteRule
  | WafExclusion
  | WafPathMode
  | Field;
export type Value = Scalar | readonly Item[];
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Lists that hold at least one item. */
const FILLED_LISTS = new Set<Setting['type']>([
  'addresses',
  'conditions',
  'countries',
  'globs',
  'host',
  'keys',
  'limits',
  'media-types',
  'methods',
  'origins',
]);

const LISTS = new Set<Setting['type']>([
  ...FILLED_LISTS,
  'certificates',
  'cookies',
  'custom-rules',
  'dictionaries',
  'domains',
  'fields',
  'geo-paths',
  'key-fields',
  'matches',
  'name-servers',
  'names',
  'networks',
  'parameters',
  'paths',
  'rule-ids',
  'rules',
  'status-ranges',
  'statuses',
  'strings',
  'target-fields',
  'texts',
  'waf-exclusions',
  'waf-paths',
]);

/** Lists of which a bare number may be an item. */
const OF_NUMBERS = new Set<Setting['type']>(['addresses', 'limits', 'rule-ids', 'status-ranges', 'statuses']);

const OF_OBJECTS = new Set<Setting['type']>([
  'certificates',
  'conditions',
  'custom-rules',
  'dictionaries',
  'geo-paths',
  'matches',
  'rules',
  'waf-exclusions',
  'waf-paths',
]);

/** Whether the setting takes several values, as an array or separated by commas. */
export function isList(setting: Setting): boolean {
  return LISTS.has(setting.type);
}

/** Whether a bare number may be an item of a list setting. */
export function takesNumbers(setting: Setting): boolean {
  return OF_NUMBERS.has(setting.type);
}

/** Whether the items of a list setting are objects, and never text. */
export function isOfObjects(setting: Setting): boolean {
  return OF_OBJECTS.has(setting.type);
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
    case 'cookie':
    case 'hash-key':
    case 'host-name':
    case 'template':
    case 'url':
      return parseChecked(setting, raw);
    case 'duration':
      return parseDurationSetting(setting, raw);
    case 'enum':
      return parseEnum(setting, raw);
    case 'integer':
    case 'number':
      return parseNumber(setting, raw, loose);
    case 'size':
      return parseSizeSetting(setting, raw);
    case 'text':
      return typeof raw === 'string' ? raw : wrongType('a string', raw);
    default:
      return parseText(raw);
  }
}

/** Texts of a form of their own. */
function parseChecked(setting: Setting, raw: string | number | boolean): string | Problem {
  const text = parseText(raw);
  if (text instanceof Problem) return text;
  switch (setting.type) {
    case 'cookie':
      return parseCookieName(text);
    case 'hash-key':
      return parseHashKey(text);
    case 'host-name':
      return parseHost(text);
    case 'template':
      return parseTargetTemplate(setting, text);
    default:
      return parseUrl(text);
  }
}

/** One item of a list setting. Items that are objects are read elsewhere, key by key. */
export function parseItem(setting: Setting, text: string): Item | Problem {
  if (text === '' && setting.type !== 'texts')
    return new Problem('an empty item in the list', 'remove it or the extra comma');
  switch (setting.type) {
    case 'addresses':
      return parseListen(text);
    case 'cookies':
      return parseCookieName(text);
    case 'countries':
      return parseCountry(text);
    case 'domains':
      return parseDomain(text);
    case 'fields':
      return parseFieldText(setting, text);
    case 'globs':
      return parseGlob(text);
    case 'host':
      return parseHostPattern(text);
    case 'key-fields':
      return parseKeyField(text);
    case 'keys':
      return parseLimitKey(text);
    case 'limits':
      return parseRate(text);
    case 'media-types':
      return parseMediaRange(text);
    case 'methods':
      return parseMethod(text);
    case 'name-servers':
      return parseNameServer(text);
    case 'names':
      return parseChangedName(setting, text);
    case 'networks':
      return parseNetwork(text);
    case 'origins':
      return parseOrigin(text);
    case 'parameters':
      return parseParameter(text);
    case 'rule-ids':
      return parseRuleIds(text);
    case 'status-ranges':
      return parseStatusRange(text);
    case 'statuses':
      return parseStatus(setting, text);
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
  if (typeof raw !== 'boolean' && values.includes(text)) return text;
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
  if (setting.mayBeOff && (raw === 0 || parseBoolean(raw) === false)) return 0;
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
