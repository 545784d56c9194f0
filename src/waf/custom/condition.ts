/** Conditions of custom rules, compiled to one predicate each. */

import type { Condition, NamedPatterns } from '../../config/waf-config.ts';
import { compileGlobs } from '../../http/glob.ts';
import { networkTest } from '../../http/networks.ts';
import { pathForms } from '../../http/path-forms.ts';
import { compileNames } from '../../http/query-key.ts';

/** What custom rules look at of a request. */
export interface CustomSubject {
  readonly method: string;
  /** Lowercase, without port. */
  readonly host: string;
  /** As the client sent them. */
  readonly path: string;
  readonly query: string;
  /** All values of a field, with commas between them; '' where it is absent. The name is lowercase. */
  field(name: string): string;
  clientAddress(): string;
  /** Two capitals, '' where it is not known. */
  country(): string;
}

export type Predicate = (subject: CustomSubject) => boolean;

/**
 * Whether any of several conditions holds.
 *
 * @param isWide whether a path is of a glob as soon as one way of reading it is. Of what is let through, every one must
 *   be, so that nobody gets by with `/%61dmin` or `/open/../admin`
 */
export function compileConditions(conditions: readonly Condition[], isWide: boolean): Predicate {
  const predicates = conditions.map((condition) => compileCondition(condition, isWide));
  return predicates.length === 1 ? predicates[0] : (subject) => predicates.some((holds) => holds(subject));
}

function compileCondition(condition: Condition, isWide: boolean): Predicate {
  const parts: Predicate[] = [];
  const { path, methods, hosts, networks, countries, userAgent, any, all, not } = condition;
  // the cheap ones first
  if (methods.length > 0) parts.push(methodPredicate(new Set(methods)));
  if (hosts.length > 0) parts.push(hostPredicate(hosts));
  if (path.length > 0) parts.push(pathPredicate(path, isWide));
  if (networks.length > 0) {
    const isWithin = networkTest(networks);
    parts.push((subject) => isWithin(subject.clientAddress()));
  }
  if (countries.length > 0) {
    const set = new Set(countries);
    parts.push((subject) => set.has(subject.country()));
  }
  if (userAgent.length > 0) {
    const fits = textTest(userAgent);
    parts.push((subject) => fits(subject.field('user-agent')));
  }
  for (const { name, patterns } of condition.headers) {
    const fits = textTest(patterns);
    parts.push((subject) => fits(subject.field(name)));
  }
  for (const named of condition.query) parts.push(pairsPredicate(named, ({ query }) => queryValues(query, named.name)));
  for (const named of condition.cookies)
    parts.push(pairsPredicate(named, (subject) => cookieValues(subject.field('cookie'), named.name)));
  if (any.length > 0) parts.push(compileConditions(any, isWide));
  for (const one of all) parts.push(compileCondition(one, isWide));
  for (const one of not) {
    const holds = compileCondition(one, !isWide);
    parts.push((subject) => !holds(subject));
  }
  return parts.length === 1 ? parts[0] : (subject) => parts.every((holds) => holds(subject));
}

function methodPredicate(methods: ReadonlySet<string>): Predicate {
  return ({ method }) => methods.has(method) || (method === 'HEAD' && methods.has('GET'));
}

function hostPredicate(patterns: readonly string[]): Predicate {
  const exact = new Set(patterns.filter((pattern) => !pattern.startsWith('*')));
  const suffixes = patterns.filter((pattern) => pattern.startsWith('*')).map((pattern) => pattern.slice(1));
  return ({ host }) => exact.has(host) || suffixes.some((suffix) => host.endsWith(suffix));
}

function pathPredicate(globs: readonly string[], isWide: boolean): Predicate {
  const matches = compileGlobs(globs);
  return ({ path }) => {
    const forms = pathForms(path);
    return isWide ? forms.some(matches) : forms.every(matches);
  };
}

/** Case aside; `*` is any value but none, '' is none. */
function textTest(patterns: readonly string[]): (text: string) => boolean {
  const mayBeAbsent = patterns.includes('');
  const fits = compileNames(patterns.filter((pattern) => pattern !== '').map((pattern) => pattern.toLowerCase()));
  return (text) => (text === '' ? mayBeAbsent : fits(text.toLowerCase()));
}

function pairsPredicate({ patterns }: NamedPatterns, valuesOf: (subject: CustomSubject) => string[]): Predicate {
  const mayBeAbsent = patterns.includes('');
  const isAny = patterns.includes('*');
  const fits = textTest(patterns);
  return (subject) => {
    const values = valuesOf(subject);
    if (values.length === 0) return mayBeAbsent;
    return isAny || values.some(fits);
  };
}

/** Decoded values of a parameter. */
function queryValues(query: string, name: string): string[] {
  const values: string[] = [];
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    const key = equals < 0 ? pair : pair.slice(0, equals);
    if (pair !== '' && decoded(key) === name) values.push(equals < 0 ? '' : decoded(pair.slice(equals + 1)));
  }
  return values;
}

function decoded(text: string): string {
  if (!/[%+]/.test(text)) return text;
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  }
}

function cookieValues(field: string, name: string): string[] {
  const values: string[] = [];
  for (const pair of field.split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name) values.push(pair.slice(equals + 1).trim());
  }
  return values;
}
