/** How the reference model gets a part of a resource: what is not stored of it, gap by gap (RFC 9110 section 14, RFC 9111 section 3.4). */
import { has, type Lines } from './reference-fields.ts';
import { type Ask, fillLines, type OriginOutcome, type OriginReply } from './reference-origin.ts';
import {
  bytesOf,
  contentRange,
  gapsIn,
  isAnswerTo,
  isSameRepresentation,
  type Parts,
  type Place,
  type Spec,
  specText,
  strongValidator,
} from './reference-parts.ts';
import type { ModelRequest } from './reference-serving.ts';

/** A part that is wanted. With `held`, the spec is a place in what is stored. */
export interface PartTask {
  spec: Spec;
  /** The place that it selects in what is held. */
  wanted: Place;
  held: Parts | undefined;
  /** All of the resource, for a 200. */
  whole: boolean;
}

/** One answer made of stored bytes and of one answer or several; `place` and `complete` are those of a 206. */
export type PartOutcome =
  | { failure: number; at: number }
  /** All came, at a time, where a part was asked for: all is to be asked for. */
  | { failure: undefined; all: number }
  | { failure: undefined; all?: undefined; reply: OriginReply; place: Place | undefined; complete: number | undefined };

export function askForPart(
  request: ModelRequest,
  targets: readonly string[],
  ask: Ask,
  now: number,
  task: PartTask,
  mayStore: (reply: OriginReply) => boolean,
  forget: () => void,
): PartOutcome {
  const own = fillLines(request, targets);
  const validator = task.held === undefined ? undefined : strongValidator(task.held.stored);
  const get = (lines: Lines, at: number): OriginOutcome => ask({ method: 'GET', target: request.target, lines }, at);
  const getRange = (range: string, at: number, condition?: string): OriginOutcome =>
    get([...own, ['range', range], ...(condition === undefined ? [] : [['if-range', condition] as const])], at);
  const text = ([first, last]: Place): string => `bytes=${first}-${last}`;
  const { wanted } = task;
  let { held } = task;
  const missing = held === undefined ? [] : gapsIn(held, wanted);
  // many gaps are asked for as one
  const gaps: Place[] = missing.length > 4 ? [[missing[0][0], missing[missing.length - 1][1]]] : missing;
  let isPlain = false;
  let isOther = false;
  let outcome = held === undefined ? getRange(specText(task.spec), now) : getRange(text(gaps[0]), now, validator);
  for (;;) {
    const at = outcome.arrived;
    if (outcome.failure !== undefined) return { failure: outcome.failure, at };
    const given = outcome.status === 206 ? contentRange(outcome.lines) : undefined;
    // nothing tells the length of a part: its end is awaited, and must come
    const isOpen = given !== undefined && held === undefined && !has(outcome.lines, 'content-length');
    if (isOpen && !isPlain && !outcome.complete) return { failure: 502, at };
    if (outcome.status === 200 && !isPlain && mayStore(outcome)) {
      if (task.held !== undefined) forget();
      if (!task.whole) return { failure: undefined, all: at };
      // what is stored is asked for as its key says: without a range
      isPlain = true;
      held = undefined;
      outcome = get(own, at);
    } else if (outcome.status === 416 && held !== undefined) {
      // another version: what was asked for was a place in the one that is stored
      isOther = true;
      held = undefined;
      isPlain = task.whole;
      outcome = task.whole ? get(own, at) : getRange(specText(task.spec), at);
    } else if (outcome.status !== 206) {
      if (isOther || (task.held !== undefined && !isPlain)) forget();
      return { failure: undefined, reply: outcome, place: undefined, complete: undefined };
    } else if (held === undefined) {
      if (isOther) forget();
      // what is not the part that was asked for goes through as it is
      if (given === undefined || isPlain || !isAnswerTo(task.spec, given.place, given.complete)) {
        return { failure: undefined, reply: outcome, place: undefined, complete: undefined };
      }
      return part(outcome, given.place, given.complete);
    } else if (
      given !== undefined &&
      text(given.place) === text(gaps[0]) &&
      isSameRepresentation(held, outcome.lines, given.complete)
    ) {
      const reply = filledIn(outcome, held, wanted, gaps, (gap, when) => getRange(text(gap), when, validator));
      if (!task.whole) return part(reply, wanted, given.complete);
      return {
        failure: undefined,
        reply: { ...reply, status: 200, lines: sized(reply.lines, wanted) },
        place: undefined,
        complete: undefined,
      };
    } else if (task.whole) {
      isPlain = true;
      isOther = true;
      held = undefined;
      outcome = get(own, at);
    } else {
      isOther = true;
      held = undefined;
      outcome = getRange(specText(task.spec), at);
    }
  }
}

function part(reply: OriginReply, place: Place, complete: number | undefined): PartOutcome {
  const range: [string, string] = ['content-range', `bytes ${place[0]}-${place[1]}/${complete ?? '*'}`];
  return { failure: undefined, reply: { ...reply, lines: [...sized(reply.lines, place), range] }, place, complete };
}

/** Fields of a part with the length of what is made of it. */
function sized(lines: Lines, [first, last]: Place): Lines {
  const others = lines.filter(([name]) => name !== 'content-range' && name !== 'content-length');
  return [...others, ['content-length', String(last - first + 1)]];
}

/** The first gap's answer with stored bytes around it and further gaps' behind. */
function filledIn(
  first: OriginReply,
  held: Parts,
  wanted: Place,
  gaps: readonly Place[],
  ask: (gap: Place, at: number) => OriginOutcome,
): OriginReply {
  const bytes = [...held.bytes];
  let outcome: OriginOutcome = first;
  let { complete } = first;
  for (const [i, gap] of gaps.entries()) {
    if (i > 0) outcome = ask(gap, outcome.arrived);
    const given = outcome.failure === undefined && outcome.status === 206 ? contentRange(outcome.lines) : undefined;
    const fits = given?.place[0] === gap[0] && given.place[1] === gap[1];
    // what is under way cannot be begun anew
    if (outcome.failure !== undefined || !fits || !isSameRepresentation(held, outcome.lines, given.complete)) {
      return { ...first, complete: false, atOnce: false };
    }
    for (let at = 0; at < outcome.body.length; at++) bytes[gap[0] + at] = outcome.body[at];
    complete = outcome.complete;
    if (!complete) return { ...first, complete, atOnce: i === 0 && first.atOnce };
  }
  return { ...first, body: bytesOf({ ...held, bytes }, wanted), complete };
}
