/**
 * What a request, its inspection and the outcome are to whoever calls the engine. All text is binary: one UTF-16 unit
 * (0..255) a byte. Whoever fills a request re-encodes text beyond ASCII as UTF-8 first.
 */
import type { Phase, Place } from '../lang/rule.ts';

/** A request's head as the client sent it. */
export interface WafRequest {
  /** UNIQUE_ID. */
  readonly id: string;
  readonly method: string;
  /** The request target as sent: `/a?b=c`. */
  readonly target: string;
  /** `HTTP/1.1`, `HTTP/2.0`, ... */
  readonly protocol: string;
  /** Names and values in turn, in the order of the request; names in any case. */
  readonly headers: readonly string[];
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly serverAddress: string;
  readonly serverPort: number;
  /** ISO 3166-1 alpha-2 of the client's address where it is known: GEO:COUNTRY_CODE. */
  readonly country?: string | undefined;
  /** In place of the plan's mode. */
  readonly mode?: 'block' | 'log';
}

/** A rule (the whole of a chain) that has matched and is to be logged. */
export interface MatchedRule {
  readonly id: number;
  readonly phase: Phase;
  readonly place: Place;
  /** Macros expanded. */
  readonly message: string;
  /** logdata, macros expanded. It may hold what the client sent: redact before it is shown. */
  readonly data: string;
  /** The first variable that matched: `ARGS:id`; empty for SecAction. */
  readonly variable: string;
  readonly tags: readonly string[];
  /** 0 (emergency) to 7 (debug); -1: the rule does not say. */
  readonly severity: number;
  readonly version: string;
}

/** What is to become of a request, or of its response. */
export interface Verdict {
  readonly action: 'deny' | 'drop' | 'redirect';
  readonly status: number;
  /** Of `redirect`. */
  readonly location: string;
  /** 0 where no rule but a limit of the engine has spoken. */
  readonly ruleId: number;
  /** Of a limit: which. */
  readonly reason: 'rule' | 'time-budget' | 'request-body-limit' | 'response-body-limit';
}

/** Anomaly scores as CRS keeps them in TX, by whichever of its versions' names are set. */
export interface Scores {
  readonly inbound: number;
  readonly outbound: number;
}

/** The outcome of a transaction. */
export interface Outcome {
  /** Rules that matched and have `log`, in order. */
  readonly matched: readonly MatchedRule[];
  /** What was done, or would have been where `mode` is `log`. */
  readonly verdict: Verdict | undefined;
  /** Whether `verdict` was only noted. */
  readonly detectionOnly: boolean;
  readonly scores: Scores;
}

/**
 * The inspection of one request. Call in order: `headersPhase`, `body` any number of times, `bodyPhase` (also without a
 * body), `responseHeaders`, `responseBody`, `responseBodyPhase`, `log`. Each phase but the last may be left out. After
 * a verdict only `log` is of use.
 */
export interface Transaction {
  /** Phase 1. */
  headersPhase(): Verdict | undefined;
  /** Whether the rules in force for this request look at its body; known after phase 1. */
  readonly wantsRequestBody: boolean;
  /** Takes a part of the body (its bytes are copied). A verdict: the body is over the limit, and no more is to be read. */
  body(bytes: Uint8Array): Verdict | undefined;
  /** Phase 2. */
  bodyPhase(): Verdict | undefined;
  /** Phase 3. Names and values in turn. */
  responseHeaders(status: number, headers: readonly string[]): Verdict | undefined;
  /** Whether the rules look at this response's body, by its media type; known after phase 3. */
  readonly wantsResponseBody: boolean;
  /** Takes a part of the response's body, not encoded. A verdict: over the limit. */
  responseBody(bytes: Uint8Array): Verdict | undefined;
  /** Phase 4. */
  responseBodyPhase(): Verdict | undefined;
  /** Phase 5: once, at the end, also after a verdict. */
  log(): Outcome;
}

/** Rules compiled for one thread. A plan is immutable to its users; a reload makes another. */
export interface WafPlan {
  begin(request: WafRequest): Transaction;
  /** Whether any rule looks at request bodies, and the settings let it. */
  readonly needsRequestBody: boolean;
  /** Whether any rule of phase 3 or 4 exists, so that responses need be shown at all. */
  readonly needsResponse: boolean;
  readonly needsResponseBody: boolean;
  /** Rules (chains count once). */
  readonly ruleCount: number;
}

/** How a plan is to be run. */
export interface WafOptions {
  /** `log`: rules run, nothing is stopped (as `SecRuleEngine DetectionOnly`). Default: as SecRuleEngine says. */
  readonly mode?: 'block' | 'log';
  /** Milliseconds that the rules may take for one transaction in all, at most twice that where the thread had to wait; default 250. */
  readonly timeBudget?: number;
  /** How many distinct values are remembered from one request to the next; default 4096, 0 for none. */
  readonly rememberedValues?: number;
  /** Compiles also rules that are never reached, so that whatever is wrong with them is told. */
  readonly everyRule?: boolean;
  /** Milliseconds since 1970; for tests. */
  readonly now?: () => number;
  /** Milliseconds of a monotonic clock, for the time budget; for tests. */
  readonly elapsed?: () => number;
  /** Reads a data file of an operator as a binary string; default: from the file system. */
  readonly readFile?: (path: string) => string;
  /** Country of an address (ISO 3166-1 alpha-2), for geoLookup; without it geoLookup knows no address. */
  readonly countryOf?: (address: string) => string | undefined;
}

/** A rule that cannot be compiled; the message begins with its `file:line: `. */
export class WafCompileError extends Error {
  readonly place: Place;

  constructor(place: Place, message: string) {
    super(`${place.file}:${place.line}: ${message}`);
    this.name = 'WafCompileError';
    this.place = place;
  }
}
