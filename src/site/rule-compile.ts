/** One site rule, compiled. */

import type { HeaderChanges, SiteConfig, SiteRule } from '../config/config.ts';
import { compileCapture, compileGlobs, type PathCapture, type PathMatcher } from '../http/glob.ts';
import type { EditStep, HeaderEdits } from '../http/header-edits.ts';
import { FieldText, type RuleMatch, TargetText } from './rule-text.ts';

/** An answer without any origin. */
export interface SimpleAnswer {
  readonly status: number;
  readonly body: Uint8Array | string;
  /** Names lowercase. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The rule's place in the configuration, or the setting's name. */
  readonly source: string;
}

export interface CompiledRule {
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

/** A rule of the configuration, which has been checked. */
export function compileRule(rule: SiteRule): CompiledRule {
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
export function capturesOf({ captures }: CompiledRule, path: string): readonly string[] {
  for (const capture of captures) {
    const found = capture(path);
    if (found !== undefined) return found;
  }
  return [];
}

/** The client's query stays where the text says nothing of one. */
export function rewritten(text: TargetText, match: RuleMatch): string {
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
export function hstsStep({ maxAge, includeSubdomains, preload }: NonNullable<SiteConfig['hsts']>): EditStep {
  const value = `max-age=${maxAge}${includeSubdomains ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}`;
  return { remove: [], set: [['strict-transport-security', value]], add: [] };
}
