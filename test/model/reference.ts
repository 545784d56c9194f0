/**
 * A shared cache after RFC 9111 with lb's documented choices, written for the tests: plain, slow, one request at a time,
 * and sharing no code with lb.
 */
import { type Wishes, wishesOf } from './reference-directives.ts';
import { has, type Lines, selection, valuesOf, varyNames } from './reference-fields.ts';
import {
  type Ask,
  fillLines,
  isSame,
  kept,
  type OriginReply,
  passedOn,
  problem,
  shown,
  updated,
} from './reference-origin.ts';
import { errorUntil, standsIn, standsInLate, useOf } from './reference-reuse.ts';
import { type ModelAnswer, type ModelRequest, type Stored, serve } from './reference-serving.ts';
import {
  type Arrival,
  dateOf,
  initialAge,
  isFailure,
  lifetime,
  type ModelPolicy,
  refusal,
  staleness,
} from './reference-storing.ts';
import { governing } from './reference-targeted.ts';

/** A URL: one response, or the fields of the latest Vary and a response for each selection. */
interface Resource {
  id: number;
  names: string[];
  /** What is stored, by selection. */
  variants: Map<string, Stored>;
  /** Selections and entity tags that the origin can be asked with, in the order in which they came. */
  known: { selected: string; etag: string | undefined }[];
}

/** One request's way through the cache. */
interface Passage {
  request: ModelRequest;
  policy: ModelPolicy;
  wishes: Wishes | undefined;
  ask: Ask;
  resource: Resource | undefined;
  selected: string;
  stored: Stored | undefined;
}

/** What came of asking for the whole resource. */
type Settled =
  | { kind: 'new'; stored: Stored; complete: boolean; at: number }
  | { kind: 'validated'; stored: Stored; at: number }
  /** The 304 leaves nothing that this client could be given. */
  | { kind: 'unusable'; why: string; at: number }
  | { kind: 'refused'; reply: OriginReply; why: string }
  | { kind: 'failed'; status: number; at: number };

/** For how long an answer that was not for storing is remembered: requests then go to the origin on their own. Seconds. */
const HIT_FOR_MISS = 10;

const MAX_ETAGS = 16;

const SAFE = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND', 'REPORT', 'SEARCH'];

export class Reference {
  readonly #policyOf: (path: string) => ModelPolicy;
  readonly #resources = new Map<string, Resource>();
  readonly #uncacheable = new Map<string, number>();
  #ids = 0;

  constructor(policyOf: (path: string) => ModelPolicy) {
    this.#policyOf = policyOf;
  }

  /** The answer to a request at `now`, seconds since 1970. */
  handle(request: ModelRequest, now: number, ask: Ask): ModelAnswer {
    const policy = this.#policyOf(request.target.split('?')[0]);
    const wishes = policy.clientDirectives ? wishesOf(request.lines) : undefined;
    const resource = this.#resources.get(request.target);
    const selected = selection(resource?.names ?? [], request.lines);
    const stored = resource?.variants.get(selected);
    const passage: Passage = { request, policy, wishes, ask, resource, selected, stored };
    const isRetrieval = request.method === 'GET' || request.method === 'HEAD';
    if (!isRetrieval) return this.#pass(passage, now, 'method');
    const use = stored === undefined || request.hasBody ? 'ask' : useOf(stored, now, wishes);
    if (stored !== undefined && use !== 'ask') {
      const answer = serve(request, stored, now, false, `${use}, until ${stored.freshUntil} by ${stored.why}`);
      if (use === 'refresh') this.#refresh(passage, now);
      return answer;
    }
    if (wishes?.onlyIfCached) return problem(504, 'only-if-cached');
    if (request.hasBody) return this.#pass(passage, now, 'body');
    if (Math.floor(now) < (this.#uncacheable.get(placeOf(passage)) ?? 0))
      return this.#pass(passage, now, 'hit-for-miss');
    const isPartOnly = request.method === 'HEAD' || has(request.lines, 'range');
    if (stored === undefined && isPartOnly) return this.#pass(passage, now, 'nothing stored, not a whole GET');
    return this.#fetch(passage, now);
  }

  /** The origin's answer for this client alone. */
  #pass({ request, policy, ask }: Passage, now: number, why: string): ModelAnswer {
    const outcome = ask({ method: request.method, target: request.target, lines: request.lines }, now);
    if (outcome.failure !== undefined) return problem(outcome.failure, why);
    if (outcome.status === 304 && !has(request.lines, 'if-none-match') && !has(request.lines, 'if-modified-since')) {
      return problem(502, 'a 304 that nobody asked for');
    }
    // RFC 9111 section 4.4
    if (!SAFE.includes(request.method) && outcome.status < 400) this.#resources.delete(request.target);
    return passedOn(request, outcome, why, policy.targets);
  }

  /** Refreshes a stale response that is in use, once a second. */
  #refresh(passage: Passage, now: number): void {
    const { stored } = passage;
    if (stored === undefined || stored.tried === Math.floor(now)) return;
    stored.tried = Math.floor(now);
    // as long as it may be used at all, no failure takes its place
    this.#settle(passage, now, stored.freshUntil + Math.max(stored.swr, stored.sie));
  }

  #fetch(passage: Passage, now: number): ModelAnswer {
    const { request, wishes, stored, policy } = passage;
    const deadline = now + policy.staleDeadline / 1000;
    const mayBeLate = policy.staleDeadline > 0 && stored !== undefined;
    const waits = mayBeLate && (Math.floor(now) < errorUntil(stored, now, wishes) || stored.swr > 0);
    const inTime =
      waits && standsInLate(stored, deadline) ? serve(request, stored, deadline, false, 'deadline') : undefined;
    const settled = this.#settle(passage, now);
    const at = settled.kind === 'refused' ? settled.reply.arrived : settled.at;
    const isLate = waits && at >= deadline;
    if (isLate && inTime !== undefined) return inTime;
    switch (settled.kind) {
      case 'new': {
        const answer = serve(request, settled.stored, at, true, `new, ${settled.stored.why}`);
        const needsBody = answer.status !== 304 && request.method !== 'HEAD';
        return settled.complete || !needsBody ? answer : { ...answer, broken: true };
      }
      case 'validated':
        return serve(request, settled.stored, at, false, `validated, ${settled.stored.why}`);
      case 'unusable':
        return this.#pass(passage, at, `the 304 leaves nothing to use: ${settled.why}`);
      case 'refused':
        // nobody takes an answer over from a fill that was left for its lateness
        return isLate ? this.#pass(passage, at, 'late') : passedOn(request, settled.reply, settled.why, policy.targets);
      default:
        if (stored !== undefined && standsIn(stored, at, wishes))
          return serve(request, stored, at, false, 'stale, error');
        return problem(settled.status, 'the origin failed');
    }
  }

  /** Asks for the whole resource, on condition where something is stored, and stores the answer where it may. */
  #settle(passage: Passage, now: number, until?: number): Settled {
    const { request, policy, wishes, resource, stored } = passage;
    const etags = stored === undefined ? etagsOf(resource) : valuesOf(stored.lines, 'etag').slice(0, 1);
    const outcome = passage.ask(
      { method: 'GET', target: request.target, lines: fillLines(request, etags, stored) },
      now,
    );
    const at = outcome.arrived;
    const canStandIn = stored !== undefined && Math.floor(at) < (until ?? errorUntil(stored, now, wishes));
    if (outcome.failure !== undefined || (isFailure(outcome.status) && canStandIn)) {
      if (stored !== undefined) stored.failed = Math.floor(at);
      return { kind: 'failed', status: outcome.failure ?? outcome.status, at };
    }
    if (outcome.status === 304) return this.#validated(passage, outcome, etags);
    const made = this.#judge(passage, outcome, outcome.lines);
    if (!('stored' in made)) return this.#refused(passage, outcome, made.why, made.mine);
    made.stored.body = outcome.body;
    if (!this.#store(passage, made.stored, outcome.complete)) {
      return this.#refused(passage, outcome, `more than ${policy.maxVariants} variants`, false);
    }
    return { kind: 'new', stored: made.stored, complete: outcome.complete, at };
  }

  #refused(passage: Passage, reply: OriginReply, why: string, mine: boolean): Settled {
    if (!mine && saysSoOfTheResource(reply.status)) {
      this.#uncacheable.set(placeOf(passage), Math.floor(reply.arrived) + HIT_FOR_MISS);
      // the newest answer is not for storing: the one before it is not to be used any more
      passage.resource?.variants.delete(passage.selected);
    }
    return { kind: 'refused', reply, why };
  }

  #judge(passage: Passage, answer: Arrival, lines: Lines): { stored: Stored } | { why: string; mine: boolean } {
    const { request, policy, wishes } = passage;
    const says = governing(lines, policy.targets);
    if (wishes?.noStore) return { why: 'the request says no-store', mine: true };
    const refused = refusal(answer, says, policy, has(request.lines, 'authorization'));
    if (refused !== undefined) return refused;
    const life = lifetime(answer, says, policy, isAsset(request.target, valuesOf(lines, 'content-type')[0]));
    const arrival = Math.floor(answer.arrived);
    const age = initialAge(answer);
    const storedLines = kept(lines).filter(([name]) => !says.withheld.includes(name));
    const stored: Stored = {
      status: answer.status,
      lines: storedLines,
      shown: shown(storedLines, policy.targets),
      body: '',
      born: arrival - age,
      freshUntil: arrival + life.seconds - (life.configured ? 0 : age),
      alwaysAsk: says.noCache && !life.overriding,
      date: dateOf(answer),
      ...staleness(says, policy, life),
      tried: undefined,
      failed: undefined,
      why: `${life.why} ${life.seconds}`,
    };
    const lasting = !stored.alwaysAsk && stored.freshUntil + Math.max(stored.swr, stored.sie) > arrival;
    if (!lasting && !has(lines, 'etag') && !has(lines, 'last-modified')) return { why: 'of no use later', mine: false };
    return { stored };
  }

  /**
   * Stores under the latest Vary; variants of another one are out of reach from now on, even where the body then breaks
   * off. False where there are too many variants.
   */
  #store({ request, policy }: Passage, fresh: Stored, complete: boolean): boolean {
    const names = selectingNames(fresh.lines);
    let resource = this.#resources.get(request.target);
    const isOther = names.length > 0 && names.join() !== resource?.names.join();
    if (isOther || (resource === undefined && complete)) {
      resource = { id: ++this.#ids, names, variants: new Map(), known: [] };
    }
    const selected = selection(resource?.names ?? [], request.lines);
    if (resource === undefined) return true;
    if (names.length > 0 && !know(resource, selected, fresh, policy.maxVariants)) return false;
    this.#resources.set(request.target, resource);
    if (complete) resource.variants.set(selected, fresh);
    return true;
  }

  /** A 304: the stored response is brought up to date (RFC 9111 section 4.3.4); another variant serves this request too where the 304 names it. */
  #validated(passage: Passage, reply: OriginReply, etags: readonly string[]): Settled {
    const { resource, selected, policy, stored } = passage;
    const at = reply.arrived;
    if (stored === undefined && etags.length === 0) return { kind: 'failed', status: 502, at };
    const etag = valuesOf(reply.lines, 'etag')[0];
    const other = stored ?? this.#variantOf(resource, etag);
    if (other === undefined) return { kind: 'unusable', why: 'it names nothing that is stored', at };
    const lines = updated(other.lines, reply.lines);
    const times = reply.lines.filter(([name]) => name === 'date' || name === 'age');
    const made = this.#judge(passage, { ...reply, status: other.status, lines: [...lines, ...times] }, lines);
    if (!('stored' in made)) {
      if (!made.mine && saysSoOfTheResource(other.status)) resource?.variants.delete(selected);
      return { kind: 'unusable', why: made.why, at };
    }
    made.stored.body = other.body;
    if (stored === undefined) {
      if (resource === undefined || !know(resource, selected, made.stored, policy.maxVariants)) {
        return { kind: 'unusable', why: 'too many variants', at };
      }
      resource.variants.set(selected, made.stored);
      return { kind: 'validated', stored: made.stored, at };
    }
    const { date, swr, sie, tried, failed } = stored;
    // nothing but times has changed: it stays as it is
    if (isSame(stored.lines, made.stored.lines)) Object.assign(stored, made.stored, { date, swr, sie, tried, failed });
    else Object.assign(stored, made.stored);
    return { kind: 'validated', stored, at };
  }

  #variantOf(resource: Resource | undefined, etag: string | undefined): Stored | undefined {
    const known = resource?.known.find((one) => one.etag !== undefined && one.etag === etag);
    return known === undefined ? undefined : resource?.variants.get(known.selected);
  }
}

/** A refusal or a failure may be of one request only, and says nothing of what others would get. */
function saysSoOfTheResource(status: number): boolean {
  return status < 400 || status === 404 || status === 410;
}

function isAsset(target: string, type: string | undefined): boolean {
  return /\.css(?:$|\?)/.test(target) && /^text\/css(?:$|[ ;])/.test(type ?? '');
}

/** Vary's names; what is encoded varies by Accept-Encoding whether it says so or not. */
function selectingNames(lines: Lines): string[] {
  const names = varyNames(lines) ?? [];
  if (has(lines, 'content-encoding') && !names.includes('accept-encoding')) names.push('accept-encoding');
  return names;
}

/** Takes note of a variant; false where there are too many that are stored. */
function know(resource: Resource, selected: string, stored: Stored, max: number): boolean {
  const etag = valuesOf(stored.lines, 'etag')[0];
  if (resource.known.some((one) => one.selected === selected && one.etag === etag)) return true;
  let others = resource.known.filter((one) => one.selected !== selected);
  if (others.length >= max) others = others.filter((one) => resource.variants.has(one.selected));
  if (others.length >= max) return false;
  resource.known = [...others, { selected, etag }];
  return true;
}

function etagsOf(resource: Resource | undefined): string[] {
  const etags = (resource?.known ?? []).map(({ etag }) => etag).filter((etag) => etag !== undefined);
  return [...new Set(etags)].slice(0, MAX_ETAGS);
}

/** What an answer that may not be stored is remembered under: a URL, or a variant of one. */
function placeOf({ request, resource, selected }: Passage): string {
  const { target } = request;
  return resource === undefined || resource.names.length === 0 ? target : `${target} ${resource.id} ${selected}`;
}
