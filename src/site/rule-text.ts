/** Values of site rules: texts with variables, filled in for one request and made fit for where they go. */

import { selectCookies } from '../http/cookies.ts';
import { safeFieldValue } from '../http/header-edits.ts';
import { constantOf, isMistake, parseTemplate, type Template, type Variable } from '../http/template.ts';
import type { CountryOf } from './key-plan.ts';

/** What rules look at of a request. */
export interface RuleSubject {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  /** `host` without port, `authority` with it. */
  readonly host: { readonly host: string; readonly authority: string };
  /** As the client sent them. */
  readonly path: string;
  readonly query: string;
  /** The first line of a field, '' where it is absent. */
  field(name: string): string;
  clientAddress(): string;
  /** Names the request in logs and to origins. */
  ownId(): string;
}

/** One request as a rule sees it. */
export interface RuleMatch {
  readonly subject: RuleSubject;
  /** What each `*` of the glob stands for. */
  readonly captures: readonly string[];
  readonly countryOf: CountryOf;
}

/** Variables that two requests for one URL may differ in. */
const PERSONAL: ReadonlySet<Variable['kind']> = new Set(['client_ip', 'country', 'header', 'cookie', 'request_id']);

/** A text of the configuration, which has been checked. */
function templateOf(text: string): Template {
  const template = parseTemplate(text);
  if (isMistake(template)) throw new Error(`${template.message} in "${text}"`);
  return template;
}

/** The value of a header field. */
export class FieldText {
  /** The value where it has no variables. */
  readonly constant: string | undefined;
  readonly #template: Template;

  constructor(text: string) {
    this.#template = templateOf(text);
    this.constant = constantOf(this.#template);
  }

  /** The value for a request; no variable can end it or begin another field. */
  fill(match: RuleMatch): string {
    if (this.constant !== undefined) return this.constant;
    let text = '';
    for (const part of this.#template) text += typeof part === 'string' ? part : variableValue(part, match);
    return safeFieldValue(text).trim();
  }
}

/** A path with query for the origin, or the target of a redirect. */
export class TargetText {
  readonly #parts: readonly (string | UrlVariable)[];
  readonly #isRedirect: boolean;
  /** The text decides about the query. */
  readonly hasQuery: boolean;

  constructor(text: string, isRedirect: boolean) {
    let before = '';
    let inQuery = false;
    let takesQuery = false;
    this.#isRedirect = isRedirect;
    this.#parts = templateOf(text).map((part) => {
      if (typeof part === 'string') {
        before += part;
        inQuery ||= part.includes('?');
        return part;
      }
      // a path ends what comes before it
      const isPath = part.kind === 'path' || part.kind === 'uri';
      const inAuthority = !isPath && /^[a-z{}]*:\/\/[^/?#]*$/i.test(before);
      takesQuery ||= part.kind === 'uri';
      before += isPath ? '/' : '{}';
      return { ...part, inAuthority };
    });
    this.hasQuery = inQuery || takesQuery;
  }

  fill(match: RuleMatch): string {
    let text = '';
    for (const part of this.#parts) text += typeof part === 'string' ? part : this.#value(part, match);
    if (this.#isRedirect) text = text.toWellFormed().replace(/[^\x21-\x7e]|["<>\\^`{|}]/gu, encodeURIComponent);
    // two slashes would begin the name of another host
    if (text.startsWith('//')) text = text.replace(/^\/+/, '/');
    return text.endsWith('?') ? text.slice(0, -1) : text;
  }

  #value(part: UrlVariable, match: RuleMatch): string {
    const value = variableValue(part, match);
    if (part.inAuthority) return part.kind === 'host' ? value : value.replace(/[^A-Za-z0-9._-]/g, '');
    return PERSONAL.has(part.kind) ? segmentOf(value) : value;
  }
}

interface UrlVariable extends Variable {
  /** Within the host of a URL. */
  readonly inAuthority: boolean;
}

/** A value as a part of a path or query that can neither end it nor lead out of it. */
function segmentOf(value: string): string {
  if (/^\.{1,2}$/.test(value)) return '';
  return encodeURIComponent(safeFieldValue(value));
}

function variableValue({ kind, name, index }: Variable, { subject, captures, countryOf }: RuleMatch): string {
  switch (kind) {
    case 'client_ip':
      return subject.clientAddress();
    case 'host':
      return subject.host.host;
    case 'path':
      return subject.path;
    case 'query':
      return subject.query;
    case 'uri':
      return subject.query === '' ? subject.path : `${subject.path}?${subject.query}`;
    case 'scheme':
      return subject.scheme;
    case 'method':
      return subject.method;
    case 'request_id':
      return subject.ownId();
    case 'country':
      return countryOf(subject.clientAddress());
    case 'header':
      return subject.field(name);
    case 'cookie':
      return selectCookies(subject.field('cookie'), [name])
        .split('; ', 1)[0]
        .slice(name.length + 1);
    default:
      return captures[index] ?? '';
  }
}
