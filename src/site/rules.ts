/** What a site's `rules`, `https_redirect` and `hsts` make of a request, compiled once. */

import type { SiteConfig } from '../config/config.ts';
import { type EditStep, HeaderEdits } from '../http/header-edits.ts';
import { type CountryOf, NO_COUNTRIES } from './key-plan.ts';
import { type CompiledRule, capturesOf, compileRule, hstsStep, rewritten, type SimpleAnswer } from './rule-compile.ts';
import { type RuleSubject, TargetText } from './rule-text.ts';

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

/** Paths remembered, and characters beyond which one is not: invented paths cost a megabyte a site and thread. */
const MAX_REMEMBERED = 4096;
const LONG_PATH = 256;

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

/** Rules of one site. All matching and all variables are about the request as the client sent it. */
export class RulePlan {
  /** Whether a rule changes what is keyed. */
  readonly isKeyed: boolean;
  /** Whether a rule changes fields of what the origin gets. */
  readonly editsRequests: boolean;
  readonly #rules: readonly CompiledRule[];
  /** Rules by path, as long as few paths are remembered. */
  readonly #byPath = new Map<string, readonly CompiledRule[]>();
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
    for (const rule of this.#rulesFor(path)) {
      if (rule.methods !== undefined && !rule.methods.has(method === 'HEAD' ? 'GET' : method)) {
        if (method !== 'HEAD' || !rule.methods.has('HEAD')) continue;
      }
      if (rule.isOfHost !== undefined && !rule.isOfHost(subject.host.host)) continue;
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

  /** Those whose globs match, so that a request for a path asked for before costs one look-up. */
  #rulesFor(path: string): readonly CompiledRule[] {
    const known = this.#byPath.get(path);
    if (known !== undefined) return known;
    const found = this.#rules.filter(({ matches }) => matches === undefined || matches(path));
    if (path.length > LONG_PATH) return found;
    if (this.#byPath.size >= MAX_REMEMBERED) this.#byPath.clear();
    this.#byPath.set(path, found);
    return found;
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

/** The outcome, and further fields of what the client gets. @param outcome undefined where the site has no rules */
export function withFields(outcome: RuleOutcome = NOTHING, set: EditStep['set']): RuleOutcome {
  const response = (outcome.response ?? new HeaderEdits()).with({ remove: [], set, add: [] }, false);
  return { ...outcome, response };
}

/** The settings that a plan is made of. */
export type RuledSite = Pick<SiteConfig, 'rules' | 'httpsRedirect' | 'hsts' | 'redirectPorts'>;

/** Whether a rule of the site uses the country of clients. */
export function rulesAskForCountries({ rules }: Pick<SiteConfig, 'rules'>): boolean {
  return rules.some((rule) => JSON.stringify(rule).includes('{country}'));
}
