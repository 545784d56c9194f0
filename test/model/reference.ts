/**
 * A shared cache after RFC 9111 with lb's documented choices, written for the tests: plain, slow, one request at a time,
 * and sharing no code with lb.
 */
import { wishesOf } from './reference-directives.ts';
import { has, joined, type Lines, selection, valuesOf } from './reference-fields.ts';
import { askForPart, type PartTask } from './reference-gaps.ts';
import { judge, type Passage } from './reference-judge.ts';
import {
  type Ask,
  CONDITIONS,
  fillLines,
  isSame,
  type OriginOutcome,
  type OriginReply,
  passedOn,
  problem,
  updated,
} from './reference-origin.ts';
import {
  gapsIn,
  type Parts,
  placeIn,
  servePart,
  singleRange,
  strongValidator,
  withoutExcess,
  withPart,
} from './reference-parts.ts';
import { errorUntil, standsIn, standsInLate, useOf } from './reference-reuse.ts';
import { type ModelAnswer, type ModelRequest, type Stored, serve } from './reference-serving.ts';
import { isFailure, type ModelPolicy } from './reference-storing.ts';
import {
  etagsOf,
  evidenceOf,
  invalidated,
  isAbout,
  know,
  type Resource,
  saysSoOfTheResource,
  selectingNames,
  variantOf,
  withheld,
} from './reference-variants.ts';

/** What came of asking for the whole resource. */
type Settled =
  | { kind: 'new'; stored: Stored; reply: OriginReply; at: number }
  | { kind: 'validated'; stored: Stored; at: number }
  /** The 304 leaves nothing that this client could be given. */
  | { kind: 'unusable'; why: string; at: number }
  | { kind: 'refused'; reply: OriginReply; why: string }
  | { kind: 'failed'; status: number; at: number };

/** For how long an answer that was not for storing is remembered: requests then go to the origin on their own. Seconds. */
const HIT_FOR_MISS = 10;

/** Times that an answer is waited for that breaks off before anything of it is sent. */
const MAX_ATTEMPTS = 3;

/** Stands for a byte that never came. */
const MISSING = '\0';

export class Reference {
  readonly #policyOf: (path: string) => ModelPolicy;
  readonly #resources = new Map<string, Resource>();
  /** What is stored in parts, by URL. */
  readonly #parts = new Map<string, Parts>();
  readonly #uncacheable = new Map<string, number>();
  #ids = 0;

  constructor(policyOf: (path: string) => ModelPolicy) {
    this.#policyOf = policyOf;
  }

  /** The answer to a request at `now`, seconds since 1970. */
  handle(request: ModelRequest, now: number, ask: Ask, attempt = 1): ModelAnswer {
    const policy = this.#policyOf(request.target.split('?')[0]);
    const wishes = policy.clientDirectives ? wishesOf(request.lines) : undefined;
    const resource = this.#resources.get(request.target);
    const selected = selection(resource?.names ?? [], request.lines);
    const stored = resource?.variants.get(selected);
    const passage: Passage = { request, policy, wishes, ask, resource, selected, stored, attempt };
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
    return this.#ask({ ...passage, request: withoutExcess(request) }, now);
  }

  /** What is stored does not do. */
  #ask(passage: Passage, now: number): ModelAnswer {
    const { request, stored, attempt } = passage;
    if (Math.floor(now) < (this.#uncacheable.get(placeOf(passage)) ?? 0))
      return this.#pass(passage, now, 'hit-for-miss');
    if (attempt > MAX_ATTEMPTS) return this.#pass(passage, now, 'tried often enough');
    if (request.method === 'HEAD') return this.#head(passage, now);
    if (stored !== undefined) return this.#fetch(passage, now);
    return this.#fetchPart(passage, now);
  }

  /** The origin's answer for this client alone. */
  #pass(passage: Passage, now: number, why: string): ModelAnswer {
    const { request, policy, ask } = passage;
    const outcome = ask({ method: request.method, target: request.target, lines: request.lines }, now);
    if (request.leaves) return problem(0, 'the client has gone, and the origin is let go');
    if (outcome.failure !== undefined) return problem(outcome.failure, why);
    if (outcome.status === 304 && !has(request.lines, 'if-none-match') && !has(request.lines, 'if-modified-since')) {
      return problem(502, 'a 304 that nobody asked for');
    }
    for (const target of invalidated(request, outcome)) {
      this.#resources.delete(target);
      this.#parts.delete(target);
    }
    this.#keepPosted(passage, outcome);
    return passedOn(request, outcome, why, policy.targets);
  }

  /** HEAD goes to the origin; what it says of a stored response brings that up to date, or drops it (RFC 9111 section 4.3.5). */
  #head(passage: Passage, now: number): ModelAnswer {
    const { stored, wishes } = passage;
    let answer: OriginOutcome | undefined;
    const ask: Ask = (asked, at) => {
      answer = passage.ask(asked, at);
      return answer;
    };
    const passed = this.#pass({ ...passage, ask }, now, 'HEAD');
    if (stored === undefined || answer === undefined || passage.request.leaves) return passed;
    const at = answer.arrived;
    const failed = passed.problem || isFailure(passed.status);
    const standsInNow = Math.floor(at) < errorUntil(stored, now, wishes) && standsIn(stored, at, wishes);
    if (failed && standsInNow) return serve(passage.request, stored, at, false, 'stale, error');
    const saysNothing = passed.status >= 400 && passed.status !== 404 && passed.status !== 410;
    if (answer.failure !== undefined || passed.problem || passed.status === 304 || saysNothing) return passed;
    const evidence = evidenceOf(stored, answer);
    if (evidence === 'same') this.#validated(passage, answer, []);
    else if (evidence === 'other') passage.resource?.variants.delete(passage.selected);
    return passed;
  }

  /** A POST's answer that says to be what a GET would get, and for how long, is stored for that (RFC 9110 section 9.3.3). */
  #keepPosted(passage: Passage, reply: OriginReply): void {
    const { request, policy } = passage;
    const base = `http://www.example.com${request.target}`;
    const location = valuesOf(reply.lines, 'content-location')[0];
    const isOfTarget = location !== undefined && URL.parse(location, base)?.href === base;
    if (
      !policy.storePosted ||
      request.method !== 'POST' ||
      reply.status !== 200 ||
      !isOfTarget ||
      !has(reply.lines, 'content-length')
    )
      return;
    const made = judge(passage, reply, reply.lines);
    if (!('stored' in made) || selectingNames(reply.lines).length > 0 || !reply.complete) return;
    if (!/^(?:s-maxage|max-age|Expires|an Expires)/.test(made.stored.why)) return;
    this.#store(passage, { ...made.stored, body: reply.body }, true, reply.arrived);
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
    const waits = policy.staleDeadline > 0 && stored !== undefined && standsInLate(stored, now, wishes);
    const inTime =
      waits && standsInLate(stored, deadline, wishes) ? serve(request, stored, deadline, false, 'deadline') : undefined;
    const settled = this.#settle(passage, now);
    if (request.leaves) return problem(0, 'the client has gone, what it began has gone on');
    const at = settled.kind === 'refused' ? settled.reply.arrived : settled.at;
    const isLate = waits && at >= deadline;
    if (isLate && inTime !== undefined) return inTime;
    switch (settled.kind) {
      case 'new':
        return this.#newAnswer(passage, settled.stored, settled.reply);
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

  #newAnswer({ request, policy, ask, attempt }: Passage, stored: Stored, reply: OriginReply): ModelAnswer {
    const { complete, atOnce, arrived } = reply;
    // it broke off before anything was sent of it: another try costs the client nothing
    if (!complete && atOnce) return this.handle(request, arrived, ask, attempt + 1);
    const declared = valuesOf(reply.lines, 'content-length')[0];
    const isOpen = declared === undefined && !atOnce;
    const whole = complete ? stored.body : stored.body.padEnd(Number(declared ?? 0), MISSING);
    const answer = serve(request, { ...stored, body: whole }, arrived, isOpen, `new, ${stored.why}`);
    const isBodyless = answer.status === 304 || answer.status === 416 || request.method === 'HEAD';
    // a range that came before the body broke off is sent whole
    const isRange = answer.status === 206 && !answer.body.includes(MISSING);
    const broken = !complete && !isBodyless && !isRange;
    return { ...answer, lines: [...answer.lines, ...withheld(reply, policy)], broken };
  }

  /** What is not stored as a whole: from stored parts, as a part, or as a whole after all. */
  #fetchPart(passage: Passage, now: number): ModelAnswer {
    const { request, resource, wishes } = passage;
    const field = joined(request.lines, 'range');
    const spec = field === undefined ? undefined : singleRange(field);
    if (field !== undefined && request.wantsAll) return this.#fetch(passage, now);
    const varies = (resource?.names.length ?? 0) > 0;
    const isBound = varies || CONDITIONS.some((name) => has(request.lines, name));
    if (field !== undefined && (spec === undefined || isBound))
      return this.#pass(passage, now, 'ranges, or a condition');
    const parts = varies ? undefined : this.#parts.get(request.target);
    if (parts === undefined) {
      const isAll = spec === undefined || (spec.first === 0 && spec.last === undefined);
      return isAll
        ? this.#fetch(passage, now)
        : this.#askForPart(passage, now, { spec, wanted: [0, 0], held: undefined, whole: false });
    }
    const place = placeIn(spec ?? { first: 0, last: undefined }, parts.bytes.length);
    if (place === undefined) return this.#pass(passage, now, 'a range beyond the end');
    if (gapsIn(parts, place).length === 0) {
      if (useOf(parts.stored, now, wishes) === 'fresh') return servePart(parts, place, now, 'a stored part');
      return spec === undefined
        ? this.#fetch(passage, now)
        : this.#askForPart(passage, now, { spec, wanted: place, held: undefined, whole: false });
    }
    const held = strongValidator(parts.stored) === undefined ? undefined : parts;
    if (held === undefined && spec === undefined) return this.#fetch(passage, now);
    const asked = spec ?? { first: 0, last: undefined };
    return this.#askForPart(passage, now, { spec: asked, wanted: place, held, whole: spec === undefined });
  }

  #askForPart(passage: Passage, now: number, task: PartTask): ModelAnswer {
    const { request, policy, ask, attempt } = passage;
    const outcome = askForPart(
      request,
      policy.targets,
      ask,
      now,
      task,
      (reply) => 'stored' in judge(passage, reply, reply.lines),
      () => this.#parts.delete(request.target),
    );
    const gone = problem(0, 'the client has gone, what it began has gone on');
    if (outcome.failure !== undefined) return request.leaves ? gone : problem(outcome.failure, 'no part came');
    if (outcome.all !== undefined) {
      return request.leaves ? gone : this.handle({ ...request, wantsAll: true }, outcome.all, ask, attempt + 1);
    }
    const { reply, place, complete } = outcome;
    if (reply.status === 304) return request.leaves ? gone : problem(502, 'a 304 that nobody asked for');
    const made = judge(passage, reply, reply.lines, place !== undefined);
    const refuse = (why: string, mine: boolean): ModelAnswer => {
      this.#refused(passage, reply, why, mine);
      return request.leaves ? gone : passedOn(request, reply, why, policy.targets);
    };
    if (!('stored' in made)) return refuse(made.why, made.mine);
    const { stored } = made;
    if (place === undefined && reply.status !== 200) return refuse('no answer for all', true);
    if (place !== undefined && (complete === undefined || selectingNames(reply.lines).length > 0)) {
      return refuse('a part of what varies, or of an unknown whole', true);
    }
    if (place === undefined || complete === undefined) {
      stored.body = reply.body;
      if (!this.#store(passage, stored, reply.complete, reply.arrived)) return refuse('too many variants', false);
      return request.leaves ? gone : this.#newAnswer(passage, stored, reply);
    }
    for (const list of ['lines', 'shown'] as const) {
      stored[list] = stored[list].filter(([name]) => name !== 'content-range');
    }
    if (reply.complete)
      this.#keepPart(passage, withPart(this.#parts.get(request.target), stored, place, complete, reply.body));
    if (request.leaves) return gone;
    if (!reply.complete && reply.atOnce) return this.handle(request, reply.arrived, ask, attempt + 1);
    const own = withPart(undefined, stored, place, complete, reply.body);
    const answer = servePart(own, place, reply.arrived, `a new part, ${stored.why}`);
    return { ...answer, lines: [...answer.lines, ...withheld(reply, policy)], broken: !reply.complete };
  }

  /** Keeps parts, as a whole once nothing is missing. */
  #keepPart(passage: Passage, parts: Parts): void {
    const { target } = passage.request;
    this.#parts.set(target, parts);
    if (parts.bytes.includes(undefined)) return;
    this.#parts.delete(target);
    this.#store(passage, { ...parts.stored, status: 200, body: parts.bytes.join('') }, true, 0);
  }

  /** Asks for the whole resource, on condition where something is stored, and stores the answer where it may. */
  #settle(passage: Passage, now: number, until?: number): Settled {
    const { request, policy, wishes, resource, stored } = passage;
    const etags = stored === undefined ? etagsOf(resource) : valuesOf(stored.lines, 'etag').slice(0, 1);
    const outcome = passage.ask(
      { method: 'GET', target: request.target, lines: fillLines(request, policy.targets, etags, stored) },
      now,
    );
    const at = outcome.arrived;
    const canStandIn = stored !== undefined && Math.floor(at) < (until ?? errorUntil(stored, now, wishes));
    if (outcome.failure !== undefined || (isFailure(outcome.status) && canStandIn)) {
      if (stored !== undefined) stored.failed = Math.floor(at);
      return { kind: 'failed', status: outcome.failure ?? outcome.status, at };
    }
    if (outcome.status === 304) {
      const validated = this.#validated(passage, outcome, etags);
      const isLost = validated.kind === 'unusable' && stored === undefined && etags.length > 0;
      // what the 304 names is not there: all is asked for
      return isLost ? this.#settle({ ...passage, resource: nothingKnown(resource) }, at, until) : validated;
    }
    const made = judge(passage, outcome, outcome.lines);
    if (!('stored' in made)) return this.#refused(passage, outcome, made.why, made.mine);
    made.stored.body = outcome.body;
    if (!this.#store(passage, made.stored, outcome.complete, outcome.arrived)) {
      return this.#refused(passage, outcome, `more than ${policy.maxVariants} variants`, false);
    }
    return { kind: 'new', stored: made.stored, reply: outcome, at };
  }

  #refused(passage: Passage, reply: OriginReply, why: string, mine: boolean): Settled {
    if (!mine && saysSoOfTheResource(reply.status)) {
      this.#uncacheable.set(placeOf(passage), Math.floor(reply.arrived) + HIT_FOR_MISS);
      // the newest answer is not for storing: the one before it is not to be used any more
      passage.resource?.variants.delete(passage.selected);
      this.#parts.delete(passage.request.target);
    }
    return { kind: 'refused', reply, why };
  }

  /**
   * Stores under the latest Vary; variants of another one are out of reach from now on, even where the body then breaks
   * off. False where there are too many variants.
   */
  #store({ request, policy }: Passage, fresh: Stored, complete: boolean, now: number): boolean {
    const names = selectingNames(fresh.lines);
    let resource = this.#resources.get(request.target);
    const isOther = names.length > 0 && names.join() !== resource?.names.join();
    if (isOther || (resource === undefined && complete)) {
      resource = { id: ++this.#ids, names, variants: new Map(), known: [] };
    }
    const selected = selection(resource?.names ?? [], request.lines);
    if (resource === undefined) return true;
    if (names.length > 0 && !know(resource, selected, fresh, policy.maxVariants, now)) return false;
    this.#resources.set(request.target, resource);
    if (complete) resource.variants.set(selected, fresh);
    return true;
  }

  /** A 304: the stored response is brought up to date (RFC 9111 section 4.3.4); another variant serves this request too where the 304 names it. */
  #validated(passage: Passage, reply: OriginReply, etags: readonly string[]): Settled {
    const { resource, selected, policy, stored } = passage;
    const at = reply.arrived;
    if (stored === undefined && etags.length === 0) return { kind: 'failed', status: 502, at };
    const other = stored ?? variantOf(resource, valuesOf(reply.lines, 'etag')[0]);
    if (other === undefined || !isAbout(other.lines, reply.lines)) {
      resource?.variants.delete(selected);
      return { kind: 'unusable', why: 'it is about nothing that is stored', at };
    }
    const lines = updated(other.lines, policy.storeSetCookie ? reply.lines : withoutCookies(reply.lines));
    const times = reply.lines.filter(([name]) => name === 'date' || name === 'age');
    const made = judge(passage, { ...reply, status: other.status, lines: [...lines, ...times] }, lines);
    if (!('stored' in made)) {
      if (!made.mine && saysSoOfTheResource(other.status)) resource?.variants.delete(selected);
      return { kind: 'unusable', why: made.why, at };
    }
    if (selectingNames(lines).join() !== selectingNames(other.lines).join()) {
      resource?.variants.delete(selected);
      return { kind: 'unusable', why: 'it varies by other fields now', at };
    }
    made.stored.body = other.body;
    if (stored === undefined) {
      if (resource === undefined || !know(resource, selected, made.stored, policy.maxVariants, at)) {
        return { kind: 'unusable', why: 'too many variants', at };
      }
      resource.variants.set(selected, made.stored);
      return { kind: 'validated', stored: made.stored, at };
    }
    const { date, swr, sie, strict, tried, failed } = stored;
    const fresh = made.stored;
    const isAsBefore = swr === fresh.swr && sie === fresh.sie && strict === fresh.strict;
    // nothing but times has changed: it stays as it is
    if (isAsBefore && isSame(stored.lines, fresh.lines)) Object.assign(stored, fresh, { date, tried, failed });
    else Object.assign(stored, fresh);
    return { kind: 'validated', stored, at };
  }
}

/** A cookie in a 304 is its client's. */
function withoutCookies(lines: Lines): Lines {
  return lines.filter(([name]) => name !== 'set-cookie');
}

/** A resource of which no tag can be named. */
function nothingKnown(resource: Resource | undefined): Resource | undefined {
  return resource === undefined ? undefined : { ...resource, known: [] };
}

/** What an answer that may not be stored is remembered under: a URL, or a variant of one. */
function placeOf({ request, resource, selected }: Passage): string {
  const { target } = request;
  return resource === undefined || resource.names.length === 0 ? target : `${target} ${resource.id} ${selected}`;
}
