import type { MatchedRule, Outcome } from '../waf/engine/waf.ts';
import type { WriteEvent } from './events.ts';

/** What has become of a request in which rules fired; `would_block`: it was only noted. */
export type WafAction = 'blocked' | 'response_blocked' | 'would_block' | 'logged' | 'allowed' | 'challenged' | 'passed';

/** A request as lines about it have it. */
export interface ReportedRequest {
  readonly id: string;
  readonly client: string;
  readonly method: string;
  readonly host: string;
  /** Without query. */
  readonly path: string;
}

/** What rules have made of a request. */
export interface WafFinding {
  readonly action: WafAction;
  readonly request: ReportedRequest;
  /** Of the rule set. */
  readonly outcome?: Outcome;
  /** Names of custom rules. */
  readonly customRules?: readonly string[];
  /** Of the answer in place of the site's. */
  readonly status?: number;
}

/** Families of rules by their tags, as metrics have them. */
export type CountFinding = (action: WafAction, families: readonly string[]) => void;

/** Told of every request in which rules fired. */
export type WafReport = (finding: WafFinding) => void;

/** How lines of one site are written. */
export interface ReportTerms {
  readonly site: string;
  /** Names of log fields that are left out, as in `log.redact`. */
  readonly redact: readonly string[];
  /** Whether the value of a variable is not to be logged. */
  readonly isSecret: (variable: string) => boolean;
  readonly count: CountFinding;
}

/** Lines a second and thread: counters tell how many there were of a flood. */
const MOST = 500;
const MOST_RULES = 40;
const LONGEST_DATA = 300;

/** Writes what rules find on the log. */
export class WafEvents {
  readonly #write: WriteEvent;
  readonly #now: () => number;
  #second = -1;
  #written = 0;
  #leftOut = 0;

  /** @param now seconds */
  constructor(write: WriteEvent, now: () => number = () => Math.floor(performance.now() / 1000)) {
    this.#write = write;
    this.#now = now;
  }

  reporter(terms: ReportTerms): WafReport {
    return (finding) => {
      terms.count(finding.action, familiesOf(finding));
      if (this.#isTooMany()) return;
      const details = detailsOf(finding, terms);
      if (this.#leftOut > 0) details.left_out = this.#leftOut;
      this.#leftOut = 0;
      this.#write(MESSAGES[finding.action], details);
    };
  }

  #isTooMany(): boolean {
    const second = this.#now();
    if (second !== this.#second) {
      this.#second = second;
      this.#written = 0;
    }
    if (this.#written++ < MOST) return false;
    this.#leftOut++;
    return true;
  }
}

const MESSAGES: Readonly<Record<WafAction, string>> = {
  blocked: 'the firewall blocked a request',
  response_blocked: 'the firewall blocked a response',
  would_block: 'the firewall would have blocked a request',
  logged: 'a request matched a rule that logs',
  allowed: 'a request matched a rule that allows',
  challenged: 'a request matched a rule that challenges',
  passed: 'a request matched rules, not enough to be blocked',
};

function familiesOf({ outcome, customRules }: WafFinding): readonly string[] {
  if (customRules !== undefined) return ['custom'];
  const families = new Set<string>();
  for (const { tags } of outcome?.matched ?? []) {
    for (const tag of tags) if (tag.startsWith('attack-') || tag.startsWith('lb/')) families.add(tag);
  }
  if (outcome?.verdict !== undefined && outcome.verdict.reason !== 'rule') families.add('limit');
  return [...families];
}

function detailsOf(finding: WafFinding, { site, redact, isSecret }: ReportTerms): Record<string, unknown> {
  const { action, request, outcome, customRules, status } = finding;
  const details: Record<string, unknown> = { event: 'waf', site, action, method: request.method };
  const { id, client, host, path } = request;
  const fields = { request_id: id, client_ip: client, host, path };
  for (const [name, value] of Object.entries(fields)) if (!redact.includes(name)) details[name] = value;
  if (status !== undefined) details.status = status;
  if (customRules !== undefined) return { ...details, rules: customRules };
  if (outcome === undefined) return details;
  const { matched, verdict, scores } = outcome;
  const shown = matched.slice(0, MOST_RULES);
  details.rule_ids = matched.map((rule) => rule.id);
  details.messages = shown.map(({ message }) => readable(message));
  details.data = shown.map((rule) => shownData(rule, isSecret));
  details.scores = { ...scores };
  if (verdict !== undefined && verdict.reason !== 'rule') details.reason = verdict.reason;
  return details;
}

/** What a rule has found, as text; of what is secret only the name. @param isSecret of a variable */
export function shownData({ variable, data }: MatchedRule, isSecret: ReportTerms['isSecret']): string {
  const isHidden = data === '' || isSecret(variable) || isSecret(namedIn(data));
  return isHidden ? hidden(variable, data) : readable(data);
}

/** The variable that the rule set names behind what it has found. */
function namedIn(data: string): string {
  return /found within ([A-Z_]+(?::[^:]{0,100})?)/.exec(data)?.[1] ?? '';
}

function hidden(variable: string, data: string): string {
  return data === '' ? '' : `[redacted] ${readable(variable)}`.trim();
}

/** A binary string as text, cut. */
export function readable(text: string): string {
  const cut = text.length > LONGEST_DATA ? `${text.slice(0, LONGEST_DATA)}...` : text;
  return Buffer.from(cut, 'latin1').toString('utf8');
}
