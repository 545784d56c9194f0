/** What the guard of a site makes of a request that nobody has sent. */

import { AgentCache } from '../../bot/classify.ts';
import { Verifier } from '../../bot/verify.ts';
import type { Config, SiteConfig } from '../../config/config.ts';
import { loadCountries, openCountries } from '../../geo/country.ts';
import { type Opinion, PENDING, type Verdict } from '../../guard/addon.ts';
import { compileGuard } from '../../guard/compile.ts';
import type { GuardPlan } from '../../guard/plan.ts';
import type { WafFinding } from '../../guard/waf-report.ts';
import { networkTest } from '../../http/networks.ts';
import { checkRequest, DEFAULT_REQUEST_LIMITS } from '../../http/request-check.ts';
import { monotonicNow } from '../../ratelimit/clock.ts';
import { RateLimits } from '../../ratelimit/limiter.ts';
import { createRateLimits } from '../../ratelimit/memory.ts';
import type { CountryOf } from '../../ratelimit/subject.ts';
import type { WafPlan } from '../../waf/engine/waf.ts';
import type { TestedRequest, TestedResponse } from './tested-request.ts';
import { TrialRequest } from './trial-request.ts';

export interface TrialOptions {
  /** Address that the request comes from. */
  readonly client: string;
  /** Compiled rules; undefined where the site inspects nothing. */
  readonly plan: WafPlan | undefined;
  /** What its origin answers. */
  readonly response: TestedResponse | undefined;
}

/** What an addon but the firewall has to say. */
export interface TrialNote {
  readonly addon: string;
  readonly text: string;
}

/** What has come of it. */
export interface Trial {
  readonly client: string;
  /** Addons of the site in their order. */
  readonly addons: readonly string[];
  /** The addon that has answered, `request-check` where none was asked; undefined where the request passes. */
  readonly decidedBy: string | undefined;
  readonly verdict: Verdict | undefined;
  /** `addons.allow` or a custom rule has let it past the addons behind. */
  readonly isLetPast: boolean;
  readonly isResponseRefused: boolean;
  readonly findings: readonly WafFinding[];
  readonly notes: readonly TrialNote[];
}

/** Asks the guard of a site for its opinion, with counters and limits of nobody else. */
export function runTrial(config: Config, site: SiteConfig, request: TestedRequest, options: TrialOptions): Trial {
  const findings: WafFinding[] = [];
  const notes: TrialNote[] = [];
  const guard = compileGuard(site, [], {
    limits: new RateLimits(createRateLimits(1, monotonicNow()), 1),
    countryOf: countriesOf(config),
    report: ({ name }, _x, isRefused) => {
      notes.push({ addon: 'rate-limit', text: `${name} ${isRefused ? 'refuses' : 'would refuse'}` });
    },
    waf: { plan: options.plan, report: (finding) => findings.push(finding) },
    countRefused: () => {},
    bots: {
      ...{ agents: new AgentCache(), verifier: new Verifier(NOBODY), count: () => {} },
      report: (_x, botClass, score, result) => {
        notes.push({ addon: 'bots', text: `${botClass}, score ${score}: ${result}` });
      },
    },
  });
  const nothing = { client: options.client, addons: guard?.names ?? [], isLetPast: false, isResponseRefused: false };
  const x = admitted(config, request, options.client);
  if (!(x instanceof TrialRequest)) return { ...nothing, decidedBy: 'request-check', verdict: x, findings, notes };
  const opinion = guard?.run(x);
  const verdict = verdictOf(opinion);
  const isResponseRefused =
    verdict === undefined && guard !== undefined && options.response !== undefined
      ? !takesResponse(guard, x, options.response)
      : false;
  x.inspection?.requestOver();
  return {
    client: x.clientAddress(),
    addons: guard?.names ?? [],
    decidedBy: verdict === undefined ? undefined : guard?.names[x.guardAt],
    verdict,
    isLetPast: x.isTrustedClient,
    isResponseRefused,
    findings,
    notes,
  };
}

/** Crawlers are not asked who they are: what the first of their requests meets is told. */
const NOBODY = { reverse: () => new Promise<never>(() => {}), addresses: () => new Promise<never>(() => {}) };

/** The database is only read where a country is asked for. */
function countriesOf({ geo }: Config): CountryOf {
  let known: CountryOf | undefined;
  return (address) => {
    known ??= openCountries(loadCountries(geo.database));
    return known(address);
  };
}

/** The request as addons see it, or what it is refused with before they do: see request/admit.ts and request/guard.ts. */
function admitted(config: Config, request: TestedRequest, peer: string): TrialRequest | Verdict {
  const { method, target, headers, protocol, body } = request;
  const limits = { ...DEFAULT_REQUEST_LIMITS, target: config.limits.url, headerBytes: config.maxRequestHeader };
  const head = { method, target, headers, version: protocol, secure: request.scheme === 'https' };
  const checked = checkRequest(head, limits);
  if ('status' in checked) return refusal(checked.status, checked.detail);
  const { form, path, query = '' } = checked.target;
  if (form !== 'origin') return refusal(421, 'the request target is none that this listener serves');
  const isOver = config.maxRequestBody > 0 && body.length > config.maxRequestBody;
  if (isOver) return refusal(413, `the request body is larger than ${config.maxRequestBody} bytes`);
  return new TrialRequest(request, {
    ...{ scheme: request.scheme, host: checked.host.host, path, query, contentLength: checked.contentLength, peer },
    isTrusted: config.trustedProxies.length === 0 ? undefined : networkTest(config.trustedProxies),
  });
}

function refusal(status: number, detail: string): Verdict {
  return { status, fields: [], reason: 'request-check', problem: { detail } };
}

function verdictOf(opinion: Opinion): Verdict | undefined {
  if (opinion === PENDING) throw new Error('an addon waits for what is there');
  return typeof opinion === 'object' ? opinion : undefined;
}

/** As fill/inspected.ts asks. */
function takesResponse(guard: GuardPlan, x: TrialRequest, { status, headers, body }: TestedResponse): boolean {
  const inspection = guard.inspectorOf(x)?.();
  if (inspection === undefined) return true;
  const isRefused =
    inspection.head(status, headers) || (inspection.wantsBody && (inspection.body(body) || inspection.end()));
  inspection.close();
  return !isRefused;
}
