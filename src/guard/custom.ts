import type { WafConfig } from '../config/waf-config.ts';
import type { CountryOf } from '../ratelimit/subject.ts';
import type { CustomSubject } from '../waf/custom/condition.ts';
import { CustomRules } from '../waf/custom/custom-rules.ts';
import { type Addon, type GuardRequest, type Opinion, SKIP, type Verdict } from './addon.ts';
import { reportedRequest } from './waf.ts';
import type { WafAction, WafReport } from './waf-report.ts';

/** Has a client show that it is a browser; undefined where it has done so. */
export type Challenge = (x: GuardRequest) => Opinion;

/** The custom rules of a site. */
export class CustomAddon implements Addon {
  readonly name = 'custom-rules';
  readonly #rules: CustomRules;
  readonly #countryOf: CountryOf;
  readonly #report: WafReport;
  readonly #challenge: Challenge | undefined;

  /** @param challenge without one, whoever is to be challenged is refused */
  constructor(waf: WafConfig, countryOf: CountryOf, report: WafReport, challenge?: Challenge) {
    this.#rules = new CustomRules(waf.customRules);
    this.#countryOf = countryOf;
    this.#report = report;
    this.#challenge = challenge;
  }

  check(x: GuardRequest): Opinion {
    const outcome = this.#rules.apply(new Subject(x, this.#countryOf));
    if (outcome === undefined) return undefined;
    if (outcome.logged.length > 0)
      this.#tell(
        x,
        'logged',
        outcome.logged.map(({ name }) => name),
      );
    const { decided } = outcome;
    if (decided === undefined) return undefined;
    if (decided.action === 'allow') {
      this.#tell(x, 'allowed', [decided.name]);
      return SKIP;
    }
    if (decided.action === 'challenge' && this.#challenge !== undefined) {
      const opinion = this.#challenge(x);
      if (typeof opinion === 'object') this.#tell(x, 'challenged', [decided.name], opinion.status);
      return opinion;
    }
    this.#tell(x, 'blocked', [decided.name], decided.status);
    return refusal(decided.status);
  }

  #tell(x: GuardRequest, action: WafAction, customRules: readonly string[], status?: number): void {
    this.#report({ action, request: reportedRequest(x), customRules, ...(status === undefined ? {} : { status }) });
  }
}

function refusal(status: number): Verdict {
  return { status, fields: [], reason: 'custom-rule', problem: { detail: 'a rule of the site refuses the request' } };
}

class Subject implements CustomSubject {
  readonly #x: GuardRequest;
  readonly #countryOf: CountryOf;

  constructor(x: GuardRequest, countryOf: CountryOf) {
    this.#x = x;
    this.#countryOf = countryOf;
  }

  get method(): string {
    return this.#x.method;
  }

  get host(): string {
    return this.#x.host.host;
  }

  get path(): string {
    return this.#x.path;
  }

  get query(): string {
    return this.#x.query;
  }

  field(name: string): string {
    return this.#x.field(name);
  }

  clientAddress(): string {
    return this.#x.clientAddress();
  }

  country(): string {
    const country = this.#countryOf(this.#x.clientAddress());
    return country === 'XX' ? '' : country;
  }
}
