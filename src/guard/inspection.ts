import type { Outcome, Verdict as RuleVerdict, Transaction, WafPlan, WafRequest } from '../waf/engine/waf.ts';
import type { ReportedRequest, WafAction, WafReport } from './waf-report.ts';

/** How requests of a site are inspected. */
export interface InspectionTerms {
  readonly plan: WafPlan;
  readonly report: WafReport;
  readonly bodyLimit: number;
  readonly responseLimit: number;
}

/** What the access log tells of the firewall. */
export type WafResult = Exclude<WafAction, 'logged' | 'allowed' | 'challenged'> | 'none';

/**
 * The inspection of one request and of what origins answer to it. It outlives the request where a fill goes on without
 * its client; its end is told once, by a line on the log where rules have fired.
 */
export class Inspection {
  readonly transaction: Transaction;
  readonly terms: InspectionTerms;
  readonly mode: 'block' | 'log';
  result: WafResult = 'none';
  readonly #request: WafRequest;
  readonly #reported: ReportedRequest;
  /** Answers of origins that the transaction itself looks at: one at the most. */
  #answers = 0;
  #isAnswering = false;
  #isRequestOver = false;
  #isClosed = false;

  constructor(terms: InspectionTerms, mode: 'block' | 'log', request: WafRequest, reported: ReportedRequest) {
    this.terms = terms;
    this.mode = mode;
    this.transaction = terms.plan.begin(request);
    this.#request = request;
    this.#reported = reported;
  }

  /** The request is refused. */
  refused(verdict: RuleVerdict): void {
    this.#close('blocked', verdict);
  }

  /** The request has passed. */
  passed(): void {
    if (!this.terms.plan.needsResponse) this.#close();
  }

  /** The client has its answer, or has gone. */
  requestOver(): void {
    this.#isRequestOver = true;
    if (!this.#isAnswering) this.#close();
  }

  /** For one answer of an origin. The first goes on where the request's inspection is; further ones begin anew. */
  readonly inspectResponse = (): ResponseOf => {
    const isOwn = this.#answers++ === 0 && !this.#isClosed;
    if (!isOwn) return freshResponse(this.terms, this.#request, this.#reported);
    this.#isAnswering = true;
    return new ResponseOf(this.transaction, this.terms.responseLimit, (isRefused) => {
      this.#isAnswering = false;
      if (isRefused) this.#close('response_blocked');
      else if (this.#isRequestOver) this.#close();
    });
  };

  /** @param refusal of a request */
  #close(action?: 'blocked' | 'response_blocked', refusal?: RuleVerdict): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const outcome = this.transaction.log();
    const verdict = outcome.verdict ?? refusal;
    const status = refusal?.status ?? (action === undefined ? undefined : RESPONSE_STATUS);
    this.result = reportOutcome(this.terms.report, { ...outcome, verdict }, this.#reported, action, status);
  }
}

/** Status of the answer in place of one that is refused. */
const RESPONSE_STATUS = 403;

function reportOutcome(
  report: WafReport,
  outcome: Outcome,
  request: ReportedRequest,
  action?: 'blocked' | 'response_blocked',
  status?: number,
): WafResult {
  if (action === undefined && outcome.matched.length === 0 && outcome.verdict === undefined) return 'none';
  const result = action ?? (outcome.verdict === undefined ? 'passed' : 'would_block');
  report({ action: result, request, outcome, ...(status === undefined ? {} : { status }) });
  return result;
}

/** The inspection of an answer whose request has been inspected before, or was not to be. */
export function freshResponse(terms: InspectionTerms, request: WafRequest, reported: ReportedRequest): ResponseOf {
  const transaction = terms.plan.begin(request);
  // the rules for answers stand on what the first phase has set
  const isOdd = transaction.headersPhase() !== undefined;
  return new ResponseOf(
    transaction,
    terms.responseLimit,
    (isRefused) => {
      const outcome = transaction.log();
      const matched = outcome.matched.filter(({ phase }) => phase === 3 || phase === 4);
      if (!isRefused && matched.length === 0) return;
      const action = isRefused ? 'response_blocked' : undefined;
      reportOutcome(terms.report, { ...outcome, matched }, reported, action, isRefused ? RESPONSE_STATUS : undefined);
    },
    isOdd,
  );
}

/** Phases 3 and 4 of a transaction: what `fill/inspected.ts` asks for. */
export class ResponseOf {
  readonly bodyLimit: number;
  readonly #transaction: Transaction;
  readonly #onOver: (isRefused: boolean) => void;
  /** Nothing is to be said of the answer. */
  readonly #isSilent: boolean;
  #refusal: RuleVerdict | undefined;
  #isOver = false;

  constructor(transaction: Transaction, bodyLimit: number, onOver: (isRefused: boolean) => void, isSilent = false) {
    this.#transaction = transaction;
    this.bodyLimit = bodyLimit;
    this.#onOver = onOver;
    this.#isSilent = isSilent;
  }

  head(status: number, headers: readonly string[]): boolean {
    if (this.#isSilent) return false;
    return this.#judge(this.#transaction.responseHeaders(status, headers)) || (!this.wantsBody && this.end());
  }

  get wantsBody(): boolean {
    return !this.#isSilent && !this.#isOver && this.#transaction.wantsResponseBody;
  }

  body(bytes: Uint8Array): boolean {
    return this.#judge(this.#transaction.responseBody(bytes));
  }

  end(): boolean {
    return this.#judge(this.#transaction.responseBodyPhase());
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onOver(this.#refusal !== undefined);
  }

  get isTooLarge(): boolean {
    return this.#refusal?.reason === 'response-body-limit';
  }

  #judge(verdict: RuleVerdict | undefined): boolean {
    this.#refusal ??= verdict;
    return this.#refusal !== undefined;
  }
}
