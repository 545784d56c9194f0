/** One request through the phases. */
import type { BodyBounds, ParsedBody } from '../body/parsed-body.ts';
import { asInteger } from './actions.ts';
import { Entry } from './entry.ts';
import { parseBody } from './parse-body.ts';
import type { Program } from './program.ts';
import { pushArguments, readHead, requestPath } from './request.ts';
import type { Decision, Listener, Runner } from './run.ts';
import { type Shared, State } from './state.ts';
import type { MatchedRule, Outcome, Scores, Transaction, Verdict, WafRequest } from './waf.ts';

/** What the transactions of a plan have in common besides what rules see. */
export interface TransactionPlan {
  readonly programs: readonly Program[];
  readonly runner: Runner;
  readonly shared: Shared;
  readonly timeBudget: number;
  readonly needsRequestBody: boolean;
  readonly needsResponseBody: boolean;
}

/** More rules that matched are not kept. */
const MOST_MATCHED = 500;
const BUDGET_STATUS = 503;

export class WafTransaction implements Transaction, Listener {
  readonly #plan: TransactionPlan;
  readonly #state: State;
  readonly #matched: MatchedRule[] = [];
  #verdict: Verdict | undefined = undefined;
  /** Set where only noted. */
  #noted: Verdict | undefined = undefined;
  #allowed: 'none' | 'request' | 'all' = 'none';
  /** Milliseconds of rules so far, and when the phase that runs began. */
  #spent = 0;
  #phaseBegan = 0;
  #phase = 0;
  #processorFrom: number | undefined = undefined;

  constructor(plan: TransactionPlan, request: WafRequest) {
    this.#plan = plan;
    this.#state = new State(plan.shared, request, requestPath(request.target));
    readHead(this.#state);
  }

  headersPhase(): Verdict | undefined {
    return this.#run(1);
  }

  get wantsRequestBody(): boolean {
    const state = this.#state;
    return state.mode !== 'off' && state.requestBodyAccess && this.#plan.needsRequestBody && this.#allowed === 'none';
  }

  body(bytes: Uint8Array): Verdict | undefined {
    const state = this.#state;
    if (!this.wantsRequestBody || state.requestBodyCut) return undefined;
    const room = state.requestBodyLimit - state.requestBody.length;
    state.requestBody += latin1(bytes.length > room ? bytes.subarray(0, room) : bytes);
    if (bytes.length <= room) return undefined;
    state.requestBodyCut = true;
    if (state.shared.settings.requestBody.limitAction === 'process-partial') return undefined;
    return this.#decide({ action: 'deny', status: 413, location: '', ruleId: 0, reason: 'request-body-limit' });
  }

  bodyPhase(): Verdict | undefined {
    const state = this.#state;
    state.requestBodyLength = state.requestBody.length;
    const parsed = state.requestBody === '' ? undefined : this.#parse();
    if (parsed !== undefined) {
      state.parsed = parsed;
      state.urlencodedError ||= parsed.urlencodedError;
      if (parsed.excerpt !== undefined) state.requestBody = parsed.excerpt;
      pushArguments(state, parsed.arguments, 'ARGS_POST');
      state.forgetGathered();
    }
    return this.#run(2);
  }

  #parse(): ParsedBody | undefined {
    const state = this.#state;
    if (state.mode === 'off') return undefined;
    const { settings } = state.shared;
    const bounds: BodyBounds = {
      arguments: settings.argumentsLimit - state.argsGet.length,
      jsonDepth: settings.requestBody.jsonDepthLimit,
      files: settings.uploadFileLimit,
      noFiles: settings.requestBody.noFilesLimit,
    };
    return parseBody(state.processor, state.requestBody, {
      bounds,
      contentType: state.contentType,
      separator: settings.argumentSeparator,
      xmlArguments: state.xmlArguments !== 'off',
    });
  }

  responseHeaders(status: number, headers: readonly string[]): Verdict | undefined {
    const state = this.#state;
    state.status = status;
    for (let i = 0; i < headers.length; i += 2) {
      state.responseHeaders.push(new Entry('RESPONSE_HEADERS', headers[i], headers[i + 1]));
    }
    state.forgetGathered();
    return this.#run(3);
  }

  get wantsResponseBody(): boolean {
    const state = this.#state;
    if (state.mode === 'off' || !state.responseBodyAccess || !this.#plan.needsResponseBody) return false;
    if (this.#allowed === 'all') return false;
    const type = state.responseHeaders.find(({ key }) => key.toLowerCase() === 'content-type')?.value ?? '';
    return state.shared.settings.responseBody.mimeTypes.includes(type.split(';', 1)[0].trim().toLowerCase());
  }

  responseBody(bytes: Uint8Array): Verdict | undefined {
    const state = this.#state;
    if (state.responseBodyCut) return undefined;
    const room = state.responseBodyLimit - state.responseBody.length;
    state.responseBody += latin1(bytes.length > room ? bytes.subarray(0, room) : bytes);
    if (bytes.length <= room) return undefined;
    state.responseBodyCut = true;
    if (state.shared.settings.responseBody.limitAction === 'process-partial') return undefined;
    return this.#decide({ action: 'deny', status: 500, location: '', ruleId: 0, reason: 'response-body-limit' });
  }

  responseBodyPhase(): Verdict | undefined {
    this.#state.forgetGathered();
    return this.#run(4);
  }

  log(): Outcome {
    this.#run(5);
    this.#state.release();
    return {
      matched: this.#matched,
      verdict: this.#verdict ?? this.#noted,
      detectionOnly: this.#verdict === undefined && this.#noted !== undefined,
      scores: scores(this.#state),
    };
  }

  #run(phase: 1 | 2 | 3 | 4 | 5): Verdict | undefined {
    const state = this.#state;
    if (phase !== 5) {
      if (this.#verdict !== undefined) return this.#verdict;
      if (this.#allowed === 'all' || (this.#allowed === 'request' && phase <= 2)) return undefined;
    }
    if (state.mode === 'off') return undefined;
    this.#phase = phase;
    this.#phaseBegan = state.shared.elapsed();
    this.#plan.runner.run(this.#plan.programs[phase], state, this);
    this.#spent += state.shared.elapsed() - this.#phaseBegan;
    return this.#verdict;
  }

  matched(rule: MatchedRule): void {
    if (this.#matched.length < MOST_MATCHED) this.#matched.push(rule);
  }

  decided({ rule, location }: Decision): boolean {
    const state = this.#state;
    if (this.#phase === 5) return false;
    if (rule.disruptive === 'allow' || rule.disruptive === 'allow-phase' || rule.disruptive === 'allow-request') {
      if (state.mode !== 'on') return false;
      if (rule.disruptive === 'allow') this.#allowed = 'all';
      if (rule.disruptive === 'allow-request') this.#allowed = 'request';
      return true;
    }
    const action = rule.disruptive === 'redirect' ? 'redirect' : rule.disruptive === 'drop' ? 'drop' : 'deny';
    this.#decide({ action, status: rule.status, location, ruleId: rule.id, reason: 'rule' });
    return this.#verdict !== undefined;
  }

  /**
   * Time on the clock is cheap to look at, but passes also while other threads run. So once the budget has passed on the
   * clock, as much again is given, in time of the processor.
   */
  overBudget(): boolean {
    const { timeBudget, shared } = this.#plan;
    if (this.#spent + shared.elapsed() - this.#phaseBegan <= timeBudget) return false;
    const now = shared.processorTime();
    this.#processorFrom ??= now;
    if (now - this.#processorFrom <= timeBudget) return false;
    this.#decide({ action: 'deny', status: BUDGET_STATUS, location: '', ruleId: 0, reason: 'time-budget' });
    return true;
  }

  /** Stops the request, or notes that it would be stopped; the first word counts. */
  #decide(verdict: Verdict): Verdict | undefined {
    if (this.#state.mode === 'on') this.#verdict ??= verdict;
    else this.#noted ??= verdict;
    return this.#verdict;
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

const INBOUND = ['blocking_inbound_anomaly_score', 'inbound_anomaly_score', 'anomaly_score'];
const OUTBOUND = ['blocking_outbound_anomaly_score', 'outbound_anomaly_score'];

function scores({ tx }: State): Scores {
  const first = (names: readonly string[]) => {
    const values = names.map((name) => tx.get(name));
    return asInteger(values.find((value) => value !== undefined && value !== '0'));
  };
  return { inbound: first(INBOUND), outbound: first(OUTBOUND) };
}
