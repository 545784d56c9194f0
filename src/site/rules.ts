/** What a site's `rules`, `https_redirect` and `hsts` make of a request, compiled once. */

import type { HeaderChanges, SiteConfig, SiteRule } from '../config/config.ts';
import { compileCapture, compileGlobs, type PathCapture, type PathMatcher } from '../http/glob.ts';
import { type EditStep, HeaderEdits } from '../http/header-edits.ts';
import { type CountryOf, NO_COUNTRIES } from './key-plan.ts';
import { FieldText, type RuleMatch, type RuleSubject, TargetText } from './rule-text.ts';

/** An answer without any origin. */
export interface SimpleAnswer {
  readonly status: number;
  readonly body: Uint8Array | string;
  /** Names lowercase. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The rule's place in the configuration, or the setting's name. */
  readonly source: string;
}

/** What becomes of a request. */
export interface RuleOutcome {
  /** Path and query for the origin, where a rule rewrites them. */
  target: string | undefined;
  answer: SimpleAnswer | undefined;
  /** Why it is refused with 400. */
  refusal: string | undefined;
  /** Changes of what the origin gets, undefined for none. All of it is a part of the key. */
  request: HeaderEdits | undefined;
  /** Changes of what the client gets, undefined for none. */
  response: HeaderEdits | undefined;
  /** Places of the rules that matched. */
  matched: readonly string[];
}

const NO_CAPTURES: readonly string[] = [];

/** What no rule says anything about. */
const NOTHING: RuleOutcome = {
  target: undefined,
  answer: undefined,
  refusal: undefined,
  request: undefined,
  response: undefined,
  matched: [],
};

/** Where a certificate authority looks for what shows that a name is lb's (RFC 8555 section 8.3): never redirected. */
const ACME_PATH = '/.well-known/acme-challenge/';

/** A segment `.` or `..`, however it is written: the origin would resolve it, out of what a rule has put before it. */
const DOT_SEGMENT = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\;]|%2f|%5c|$)/i;

interface CompiledRule {
  readonly matches: PathMatcher | undefined;
  readonly captures: readonly PathCapture[];
  /** Some value has what a `*` of the glob stands for. */
  readonly hasCaptures: boolean;
  readonly methods: ReadonlySet<string> | undefined;
  readonly isOfHost: ((host: string) => boolean) | undefined;
  readonly rewrite: TargetText | undefined;
  readonly answer: ((match: RuleMatch) => SimpleAnswer) | undefined;
  readonly request: CompiledChanges | undefined;
  readonly response: CompiledChanges | undefined;
  readonly source: string;
}

/** Rules of one site. All matching and all variables are about the request as the client sent it. */
export class RulePlan {
  /** Whether a rule changes what is keyed. */
  readonly isKeyed: boolean;
  /** Whether a rule changes fields of what the origin gets. */
  readonly editsRequests: boolean;
  readonly #rules: readonly CompiledRule[];
  readonly #countryOf: CountryOf;
  readonly #httpsPort: number;
  readonly #httpPorts: readonly number[];
  readonly #redirects: boolean;
  readonly #untouched = new HeaderEdits();
  /** What responses over TLS begin with. */
  readonly #secure: HeaderEdits;

  constructor(site: RuledSite, countryOf: CountryOf = NO_COUNTRIES) {
    this.#rules = site.rules.map(compileRule);
    this.#countryOf = countryOf;
    this.#redirects = site.httpsRedirect;
    this.#httpsPort = site.redirectPorts.https;
    this.#httpPorts = site.redirectPorts.http;
    this.#secure = site.hsts === undefined ? this.#untouched : this.#untouched.with(hstsStep(site.hsts), true);
    this.editsRequests = this.#rules.some(({ request }) => request !== undefined);
    this.isKeyed = this.editsRequests || this.#rules.some(({ rewrite }) => rewrite !== undefined);
  }

  /** Whether a site says anything of this kind. */
  static isNeeded({ rules, httpsRedirect, hsts }: RuledSite): boolean {
    return rules.length > 0 || httpsRedirect || hsts !== undefined;
  }

  /** What becomes of a request. */
  apply(subject: RuleSubject): RuleOutcome {
    const { scheme, method, path } = subject;
    let response = scheme === 'https' ? this.#secure : this.#untouched;
    // the target of OPTIONS may be * alone, which is no path
    if (!path.startsWith('/')) return this.#outcome({ ...NOTHING }, response);
    if (this.#redirects && scheme === 'http' && !path.startsWith(ACME_PATH))
      return { ...NOTHING, answer: this.#toHttps(subject) };
    const outcome: RuleOutcome = { ...NOTHING };
    let request = this.#untouched;
    const matched: string[] = [];
    for (const rule of this.#rules) {
      if (rule.methods !== undefined && !rule.methods.has(method === 'HEAD' ? 'GET' : method)) {
        if (method !== 'HEAD' || !rule.methods.has('HEAD')) continue;
      }
      if (rule.isOfHost !== undefined && !rule.isOfHost(subject.host.host)) continue;
      if (rule.matches !== undefined && !rule.matches(path)) continue;
      const captures = rule.hasCaptures ? capturesOf(rule, path) : NO_CAPTURES;
      const match = { subject, captures, countryOf: this.#countryOf };
      matched.push(rule.source);
      if (rule.rewrite !== undefined) outcome.target = rewritten(rule.rewrite, match);
      if (rule.request !== undefined) request = rule.request.onto(request, match);
      if (rule.response !== undefined) response = rule.response.onto(response, match);
      if (rule.answer === undefined) continue;
      outcome.answer = rule.answer(match);
      break;
    }
    outcome.matched = matched;
    if (outcome.target !== undefined && DOT_SEGMENT.test(outcome.target.split('?', 1)[0]))
      outcome.refusal = 'the path has dot segments';
    if (request !== this.#untouched) outcome.request = request;
    return this.#outcome(outcome, response);
  }

  /**
   * Path and query that the origin is asked for, and that are keyed, where a client without any fields asks a host for
   * `target`.
   */
  rewrite(host: string, target: string): string {
    const mark = target.indexOf('?');
    const subject: RuleSubject = {
      method: 'GET',
      scheme: 'https',
      host: { host, authority: host },
      path: mark < 0 ? target : target.slice(0, mark),
      query: mark < 0 ? '' : target.slice(mark + 1),
      field: () => '',
      clientAddress: () => '',
      ownId: () => '',
    };
    return this.apply(subject).target ?? target;
  }

  #outcome(outcome: RuleOutcome, response: HeaderEdits): RuleOutcome {
    if (response !== this.#untouched) outcome.response = response;
    return outcome;
  }

  /**
   * Where the same is to be had by TLS: on the port that lb itself has for it where the client came to a port that lb has
   * itself, else on the usual one, since then something between them maps ports.
   */
  #toHttps({ method, host: { host, authority }, path, query }: RuleSubject): SimpleAnswer {
    const port = Number(/:(\d+)$/.exec(authority.slice(host.length))?.[1] ?? 80);
    const own = this.#httpPorts.includes(port) && this.#httpsPort !== 443 && this.#httpsPort !== 0 && port !== 80;
    const target = new TargetText(`https://{host}${own ? `:${this.#httpsPort}` : ''}{uri}`, true);
    const subject = { host: { host, authority }, path, query } as RuleSubject;
    const location = target.fill({ subject, captures: NO_CAPTURES, countryOf: this.#countryOf });
    const isRetrieval = method === 'GET' || method === 'HEAD';
    return { status: isRetrieval ? 301 : 308, body: '', headers: [['location', location]], source: 'https_redirect' };
  }
}

/** The settings that a plan is made of. */
export type RuledSite = Pick<SiteConfig, 'rules' | 'httpsRedirect' | 'hsts' | 'redirectPorts'>;

/** Whether a rule of the site uses the country of clients. */
export function rulesAskForCountries({ rules }: Pick<SiteConfig, 'rules'>): boolean {
  return rules.some((rule) => JSON.stringify(rule).includes('{country}'));
}

function compileRule(rule: SiteRule): CompiledRule {
  const { match, methods, hosts, rewrite, source } = rule;
  return {
    matches: match.length === 0 ? undefined : compileGlobs(match),
    captures: match.map(compileCapture),
    hasCaptures: /\{[1-9]\}/.test(JSON.stringify(rule)),
    methods: methods.length === 0 ? undefined : new Set(methods),
    isOfHost: hosts.length === 0 ? undefined : compileHosts(hosts),
    rewrite: rewrite === undefined ? undefined : new TargetText(rewrite, false),
    answer: compileAnswer(rule),
    request: CompiledChanges.of(rule.requestHeaders),
    response: CompiledChanges.of(rule.responseHeaders),
    source,
  };
}

function compileHosts(patterns: readonly string[]): (host: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.startsWith('*')));
  const suffixes = patterns.filter((pattern) => pattern.startsWith('*')).map((pattern) => pattern.slice(1));
  return (host) => exact.has(host) || suffixes.some((suffix) => host.endsWith(suffix));
}

function compileAnswer({ redirect, respond, source }: SiteRule): CompiledRule['answer'] {
  if (redirect !== undefined) {
    const target = new TargetText(redirect.to, true);
    const { status } = redirect;
    return (match) => ({ status, body: '', headers: [['location', target.fill(match)]], source });
  }
  if (respond === undefined) return undefined;
  const { status } = respond;
  const body = new TextEncoder().encode(respond.body);
  const fields = respond.headers.map(([name, value]) => [name, new FieldText(value)] as const);
  const isTyped = body.length === 0 || fields.some(([name]) => name === 'content-type');
  if (!isTyped) fields.push(['content-type', new FieldText('text/plain; charset=utf-8')]);
  return (match) => ({
    status,
    body,
    headers: fields.map(([name, text]) => [name, text.fill(match)] as const),
    source,
  });
}

/** What each `*` of the first glob that matches stands for. */
function capturesOf({ captures }: CompiledRule, path: string): readonly string[] {
  for (const capture of captures) {
    const found = capture(path);
    if (found !== undefined) return found;
  }
  return [];
}

/** The client's query stays where the text says nothing of one. */
function rewritten(text: TargetText, match: RuleMatch): string {
  const target = text.fill(match);
  const { query } = match.subject;
  const whole = text.hasQuery || query === '' ? target : `${target}?${query}`;
  return whole.startsWith('/') ? whole : `/${whole}`;
}

/** Changes of header fields; where no value has variables, one step for all requests. */
class CompiledChanges {
  readonly #remove: readonly string[];
  readonly #set: readonly (readonly [string, FieldText])[];
  readonly #add: readonly (readonly [string, FieldText])[];
  readonly #constant: EditStep | undefined;

  constructor({ remove, set, add }: HeaderChanges) {
    this.#remove = remove;
    this.#set = set.map(([name, value]) => [name, new FieldText(value)] as const);
    this.#add = add.map(([name, value]) => [name, new FieldText(value)] as const);
    const isConstant = [...this.#set, ...this.#add].every(([, text]) => text.constant !== undefined);
    this.#constant = isConstant ? { remove, set, add } : undefined;
  }

  /** Undefined where nothing is changed. */
  static of(changes: HeaderChanges): CompiledChanges | undefined {
    const { remove, set, add } = changes;
    return remove.length + set.length + add.length === 0 ? undefined : new CompiledChanges(changes);
  }

  onto(edits: HeaderEdits, match: RuleMatch): HeaderEdits {
    if (this.#constant !== undefined) return edits.with(this.#constant, true);
    const set = filled(this.#set, match);
    // set to what the request has none of: none goes on
    const unset = this.#set.map(([name]) => name).filter((name) => !set.some(([given]) => given === name));
    return edits.with({ remove: [...this.#remove, ...unset], set, add: filled(this.#add, match) }, false);
  }
}

/** The fields that have a value for this request. */
function filled(
  fields: readonly (readonly [string, FieldText])[],
  match: RuleMatch,
): (readonly [name: string, value: string])[] {
  return fields.map(([name, text]) => [name, text.fill(match)] as const).filter(([, value]) => value !== '');
}

/** RFC 6797 section 6.1. */
function hstsStep({ maxAge, includeSubdomains, preload }: NonNullable<SiteConfig['hsts']>): EditStep {
  const value = `max-age=${maxAge}${includeSubdomains ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}`;
  return { remove: [], set: [['strict-transport-security', value]], add: [] };
}
