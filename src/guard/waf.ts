import type { WafConfig, WafMode } from '../config/waf-config.ts';
import type { Verdict as RuleVerdict, WafPlan, WafRequest } from '../waf/engine/waf.ts';
import { compileModes } from '../waf/ruleset/waf-rules.ts';
import { type Addon, type GuardRequest, type Opinion, PENDING, type Verdict } from './addon.ts';
import { freshResponse, Inspection, type InspectionTerms, type ResponseOf } from './inspection.ts';
import type { ReportedRequest, WafReport } from './waf-report.ts';

/** The web application firewall of a site: phases 1 and 2 of its rules; 3 and 4 where origins answer. */
export class WafAddon implements Addon {
  readonly name = 'waf';
  readonly #terms: InspectionTerms;
  readonly #modeOf: (path: string) => WafMode;
  /** A longer body is refused. */
  readonly #isStrict: boolean;

  constructor(waf: WafConfig, plan: WafPlan, report: WafReport) {
    this.#modeOf = compileModes(waf);
    this.#isStrict = waf.requestBody.atLimit === 'reject';
    this.#terms = { plan, report, bodyLimit: waf.requestBody.limit, responseLimit: waf.responseBody.limit };
  }

  check(x: GuardRequest): Opinion {
    const isFirst = x.inspection === undefined;
    if (isFirst) {
      const mode = this.#modeOf(x.path);
      if (mode === 'off') return undefined;
      x.inspection = new Inspection(this.#terms, mode, wafRequest(x, mode), reportedRequest(x));
    }
    const { inspection } = x;
    if (inspection === undefined) return undefined;
    const { transaction } = inspection;
    const early = isFirst ? transaction.headersPhase() : undefined;
    if (early !== undefined) return refusal(inspection, early);
    if (x.contentLength !== 0 && transaction.wantsRequestBody) {
      const { bodyLimit } = this.#terms;
      if (this.#isStrict && inspection.mode === 'block' && x.contentLength > bodyLimit) return tooLarge(inspection);
      // one byte more, so that the rules see that there is more
      const held = x.holdBody({ limit: bodyLimit + 1, over: 'partial' });
      if (held === PENDING) return PENDING;
      const over = transaction.body(held.bytes);
      if (over !== undefined) return refusal(inspection, over);
    }
    const verdict = transaction.bodyPhase();
    if (verdict !== undefined) return refusal(inspection, verdict);
    inspection.passed();
    return undefined;
  }

  /** For answers to requests that nobody looked at, as of clients that are let past: they are for all, where they are stored. */
  inspectorOf(x: GuardRequest): (() => ResponseOf) | undefined {
    if (!this.#terms.plan.needsResponse) return undefined;
    if (x.inspection !== undefined) return x.inspection.inspectResponse;
    const mode = this.#modeOf(x.path);
    if (mode === 'off') return undefined;
    const request = wafRequest(x, mode);
    const reported = reportedRequest(x);
    return () => freshResponse(this.#terms, request, reported);
  }
}

/** What declares such a length needs not be read. */
function tooLarge(inspection: Inspection): Verdict {
  const reason = 'request-body-limit';
  return refusal(inspection, { action: 'deny', status: 413, location: '', ruleId: 0, reason });
}

function refusal(inspection: Inspection, verdict: RuleVerdict): Verdict {
  const { action, status, location, reason } = verdict;
  inspection.refused(verdict);
  if (action === 'redirect') return { status, fields: [`Location: ${location}`], reason: 'waf' };
  return { status, fields: [], reason: 'waf', problem: { detail: DETAILS[reason] ?? DETAILS.rule } };
}

const DETAILS: Readonly<Record<string, string>> = {
  rule: 'the firewall of the site refuses the request; if that is wrong, tell its operator the request_id',
  'time-budget': 'the firewall of the site took too long with the request',
  'request-body-limit': 'the request body is larger than the firewall of the site looks at',
};

const PROTOCOLS = { '1.0': 'HTTP/1.0', '1.1': 'HTTP/1.1', '2': 'HTTP/2.0' } as const;

function wafRequest(x: GuardRequest, mode: 'block' | 'log'): WafRequest {
  return {
    id: x.ownId(),
    method: binary(x.method),
    target: binary(x.target),
    protocol: PROTOCOLS[x.protocol],
    headers: x.headerLines().map(binary),
    clientAddress: x.clientAddress(),
    clientPort: 0,
    serverAddress: '',
    serverPort: x.scheme === 'https' ? 443 : 80,
    mode,
  };
}

export function reportedRequest(x: GuardRequest): ReportedRequest {
  const { method, path, host } = x;
  return { id: x.ownId(), client: x.clientAddress(), method, host: host.host, path };
}

/** One character a byte. What comes from a client is so already, but for what a transport has decoded. */
function binary(text: string): string {
  return /[^\x00-\xff]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}
