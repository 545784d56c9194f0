/** Everything about one transaction that variables, macros and actions read or change. It holds data, no logic. */
import type { ParsedBody } from '../body/parsed-body.ts';
import type { BodyProcessor, EngineMode, EngineSettings, Rule } from '../lang/rule.ts';
import type { OperatorContext } from '../operator/operator.ts';
import type { Entry } from './entry.ts';
import type { Collection, Collections } from './persistent.ts';
import type { Source } from './source.ts';
import { type TxNames, TxStore } from './tx-store.ts';
import type { WafRequest } from './waf.ts';

/** What all transactions of a plan share. */
export interface Shared {
  readonly settings: EngineSettings;
  readonly txNames: TxNames;
  /** What TX holds when a transaction begins. */
  readonly txStart: readonly (string | undefined)[];
  readonly collections: Collections;
  /** How many there are in the plan. */
  readonly sources: number;
  /** What transactions that have ended no longer need. */
  readonly spare: Gathered[];
  readonly mode: EngineMode;
  readonly now: () => number;
  readonly elapsed: () => number;
  /** Milliseconds that the processor has worked for this thread. */
  readonly processorTime: () => number;
}

/** A target that `ctl` has taken from some rules. */
export interface TargetRemoval {
  /** By the rule's number: 1 where it is one of them. */
  readonly rules: Uint8Array;
  readonly matches: (entry: Entry) => boolean;
}

export class State implements OperatorContext {
  readonly captures: (string | undefined)[] = [];
  captured = 0;
  /** An operator has run since the time was last looked at. */
  worked = false;

  readonly shared: Shared;
  readonly request: WafRequest;
  readonly tx: TxStore;
  /** Milliseconds of the monotonic clock. */
  readonly began: number;

  /** As the configuration says. */
  readonly modeWanted: EngineMode;
  mode: EngineMode;
  processor: BodyProcessor | undefined = undefined;
  requestBodyAccess: boolean;
  responseBodyAccess: boolean;
  requestBodyLimit: number;
  responseBodyLimit: number;
  xmlArguments: EngineSettings['parseXmlIntoArgs'];

  /** By rule number: 1 for those that `ctl` removed. */
  removedRules: Uint8Array | undefined = undefined;
  targetRemovals: TargetRemoval[] | undefined = undefined;

  /** What was gathered from variables so far. */
  gathered: Gathered;

  readonly path: RequestPath;
  readonly argsGet: Entry[] = [];
  readonly argsPost: Entry[] = [];
  argsSize = 0;
  argumentsCut = false;
  urlencodedError = false;
  readonly headers: Entry[] = [];
  readonly cookies: Entry[] = [];
  contentType = '';

  requestBody = '';
  /** Bytes that came of it. */
  requestBodyLength = 0;
  requestBodyCut = false;
  parsed: ParsedBody | undefined = undefined;

  status = 0;
  readonly responseHeaders: Entry[] = [];
  responseBody = '';
  responseBodyCut = false;

  matchedVars: Entry[] = [];
  matchedNames: string[] = [];
  matchedVar = '';
  matchedName = '';

  /** The first link of the rule that runs, and what it says of itself. */
  rule: Rule | undefined = undefined;
  ruleMessage = '';
  ruleData = '';
  highestSeverity = 255;

  collections: Map<string, Collection> | undefined = undefined;
  environment: Map<string, string> | undefined = undefined;
  sessionId = '';
  userId = '';
  country: string | undefined = undefined;

  constructor(shared: Shared, request: WafRequest, path: RequestPath) {
    const { settings } = shared;
    this.shared = shared;
    this.request = request;
    this.path = path;
    this.tx = new TxStore(shared.txNames, shared.txStart.slice());
    this.began = shared.elapsed();
    this.modeWanted = modeOf(shared.mode, request.mode);
    this.mode = this.modeWanted;
    this.requestBodyAccess = settings.requestBody.access;
    this.responseBodyAccess = settings.responseBody.access;
    this.requestBodyLimit = settings.requestBody.limit;
    this.responseBodyLimit = settings.responseBody.limit;
    this.xmlArguments = settings.parseXmlIntoArgs;
    this.gathered = shared.spare.pop() ?? new Gathered(shared.sources);
  }

  /** Variables have changed: what was gathered from them is gathered anew. */
  forgetGathered(): void {
    this.gathered.clear();
  }

  /** The transaction has ended: what it gathered into may serve another. */
  release(): void {
    const { spare } = this.shared;
    if (spare.length >= MOST_SPARE) return;
    this.gathered.clear();
    spare.push(this.gathered);
    this.gathered = new Gathered(0);
  }
}

/** The mode of a set of rules with what is said otherwise: rules that are off stay so. */
export function modeOf(set: EngineMode, wanted: 'block' | 'log' | undefined): EngineMode {
  if (set === 'off' || wanted === undefined) return set;
  return wanted === 'log' ? 'detection-only' : 'on';
}

const MOST_SPARE = 16;

/** What was gathered from variables, by the numbers that they and sources have in the plan. */
export class Gathered {
  readonly entriesOf: (readonly Entry[] | undefined)[];
  /** Entries of whole variables. */
  readonly variableEntries: (readonly Entry[] | undefined)[] = [];
  /** By phase: the operators that may match any value. */
  readonly possible: (readonly number[] | undefined)[] = [];

  constructor(sources: number) {
    this.entriesOf = new Array<readonly Entry[] | undefined>(sources).fill(undefined);
  }

  clear(): void {
    this.entriesOf.fill(undefined);
    this.variableEntries.fill(undefined);
    this.possible.fill(undefined);
  }
}

/** The entries of a source that is fixed. */
export function gathered(source: Source, state: State): readonly Entry[] {
  const { entriesOf } = state.gathered;
  let entries = entriesOf[source.number];
  if (entries === undefined) {
    entries = source.collect(state);
    entriesOf[source.number] = entries;
  }
  return entries;
}

/** The parts of the request target that variables show. */
export interface RequestPath {
  /** REQUEST_URI: decoded, without scheme and host. */
  readonly uri: string;
  /** REQUEST_FILENAME and PATH_INFO: decoded, without query. */
  readonly filename: string;
  readonly basename: string;
  /** As sent, without `?`. */
  readonly query: string;
}
