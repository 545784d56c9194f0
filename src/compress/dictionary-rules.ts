/** Which responses are dictionaries, and for what, by configuration (RFC 9842 section 2). */
import type { DictionaryConfig } from '../config/config.ts';
import { compileGlobs, type PathMatcher } from '../http/glob.ts';
import { getHeader, type HeaderList } from '../http/headers.ts';
import { serializeBareItem } from '../http/structured-fields.ts';
import { parseSfItem } from '../http/structured-fields-parse.ts';

/** One rule, ready for use. */
export interface DictionaryRule {
  /** Whether a response is a dictionary, by its path. */
  readonly isDictionary: PathMatcher;
  /** Whether a dictionary of this rule is for a request, by its path. */
  readonly isFor: PathMatcher;
  /** Value of Use-As-Dictionary. */
  readonly field: string;
}

const compiled = new WeakMap<readonly DictionaryConfig[], readonly DictionaryRule[]>();

/** The rules of a configuration, compiled once. */
export function dictionaryRules(configs: readonly DictionaryConfig[]): readonly DictionaryRule[] {
  let rules = compiled.get(configs);
  if (rules === undefined) {
    rules = configs.map(compile);
    compiled.set(configs, rules);
  }
  return rules;
}

function compile({ match, useFor, id }: DictionaryConfig): DictionaryRule {
  const parts = [`match=${serializeBareItem(useFor)}`];
  if (id !== undefined) parts.push(`id=${serializeBareItem(id)}`);
  // a `*` of a URL pattern stands for any characters, as that of a glob with a slash; other signs the settings refuse
  return { isDictionary: compileGlobs(match), isFor: compileGlobs([useFor]), field: parts.join(', ') };
}

/** The rule by which a response is a dictionary; the first that says so. */
export function ruleOfDictionary(rules: readonly DictionaryRule[], path: string): DictionaryRule | undefined {
  return rules.find(({ isDictionary }) => isDictionary(path));
}

/** Whether there may be a dictionary for a request: then the response varies by Available-Dictionary. */
export function mayUseDictionary(rules: readonly DictionaryRule[], path: string): boolean {
  return rules.some(({ isFor }) => isFor(path));
}

/** The hash in a value of Available-Dictionary, in hexadecimal; undefined where it is none of SHA-256. */
export function availableDictionary(value: string): string | undefined {
  if (value === '') return undefined;
  const item = parseSfItem(value)?.value;
  return item instanceof Uint8Array && item.length === 32 ? Buffer.from(item).toString('hex') : undefined;
}

/**
 * Dictionaries are for secure contexts only (RFC 9842 section 8): HTTPS, and hosts that can be no other machine, which
 * browsers count as such.
 *
 * @param authority host and port, lowercase
 */
export function isSecureContext(scheme: string, authority: string): boolean {
  return scheme === 'https' || /^(?:localhost|[^:]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/.test(authority);
}

/**
 * Whether the client may read the response, as far as its request tells; where it may not, a dictionary could tell it
 * something by the length (RFC 9842 section 9.3.3).
 *
 * @param field value of a request field, '' where there is none
 * @param response fields of the response
 */
export function isReadable(field: (name: string) => string, response: HeaderList): boolean {
  const site = field('sec-fetch-site');
  const mode = field('sec-fetch-mode');
  if (site === '' || site === 'same-origin' || mode === '') return true;
  if (mode === 'navigate' || mode === 'same-origin') return true;
  if (mode !== 'cors') return false;
  const origin = field('origin');
  const allowed = getHeader(response, 'access-control-allow-origin');
  return allowed !== undefined && origin !== '' && (allowed === '*' || allowed === origin);
}
