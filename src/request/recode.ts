import { BROKEN, DONE } from '../cache/cache.ts';
import { Coder, type Recoding } from '../compress/coder.ts';
import { originError } from '../origin/origin-error.ts';
import { RECODED_TO } from '../stats/compression-table.ts';
import { SLOT } from '../stats/counters.ts';
import { compressionOf, formsOf } from './coding.ts';
import type { Exchange } from './exchange.ts';
import { originProblem } from './follow.ts';
import { FINISH, RESPOND, type Step, WAIT } from './step.ts';

/** Bytes of the first piece, which is coded and sent at once, and of those that follow. */
const FIRST = 16 * 1024;
const PIECE = 64 * 1024;

/** Largest body that is coded whole before any of it is sent, by one call and with its length. Bytes. */
const WHOLE = 64 * 1024;

/** Bytes of it, coded, beyond which it is sent as it comes: it has been decoded to far more. */
const MAX_WHOLE = 1024 * 1024;

/** Begins to code a body. @param onMove called from the event loop when there may be more to do, and the socket takes it */
export function startCoder(x: Exchange, recoding: Recoding, onMove: () => void): void {
  const coder = new Coder(recoding, () => {
    if (x.coder === coder && !x.blocked) onMove();
  });
  x.coder = coder;
  const { counters } = x.context;
  const coding = recoding.dictionary?.coding ?? recoding.encode ?? 'identity';
  counters.add(x.line, SLOT.recoded + RECODED_TO.indexOf(coding), 1);
  counters.add(x.line, SLOT.recoding, 1);
}

/** What is made of a hit on its way a second time is worth making well. The entry has its transient pin. */
export function wantVariant(x: Exchange, { encode, decode }: Recoding): void {
  const { view } = x;
  const forms = view && formsOf(view);
  const content = view?.meta.content;
  if (encode === undefined || forms === undefined || content === undefined || view === undefined) return;
  if (!forms.asked.has(encode)) {
    forms.asked.add(encode);
    return;
  }
  if (compressionOf(x)?.background !== true) return;
  const { key, entry: id, host } = x;
  const { type } = forms.terms;
  const { length } = view;
  const wish = { key, id, content, from: decode ?? ('identity' as const), to: encode, type, length };
  x.context.variants?.want({ ...wish, site: host.plan.index });
}

/** Codes what is there of the entry's body, and hands over what is coded. */
export function pumpRecoded(x: Exchange, coder: Coder): Step {
  if (x.passed !== undefined) {
    x.passed.goOn();
    return WAIT;
  }
  if (isBroken(x, coder)) return breakOff(x, 'http_response_incomplete');
  return deliver(x, coder);
}

/** Gives the coder what it wants of what is there. @returns whether the origin's answer was cut short */
function isBroken(x: Exchange, coder: Coder): boolean {
  const { cache } = x.context;
  while (coder.wants) {
    // the state is read before the length: see pump
    const state = x.flight === undefined ? DONE : cache.flightState(x.flight.id);
    const there = cache.bodyLength(x.entry) - coder.taken;
    if (there > 0) feed(x, coder, there, state === DONE);
    else if (x.rest !== undefined) {
      x.passed = x.rest;
      x.rest = undefined;
      x.passed.goOn();
      return false;
    } else if (state === DONE) coder.end();
    else {
      if (state !== BROKEN) awaitMore(x, coder);
      return state === BROKEN;
    }
  }
  return false;
}

/** @param there bytes that the coder has not had. @param isAll no more follow */
function feed(x: Exchange, coder: Coder, there: number, isAll: boolean): void {
  const isFirst = coder.taken === 0 && (there > WHOLE || !isAll);
  const run = x.context.cache.body(x.entry, coder.taken);
  // a copy: the entry may be let go of before the coder has worked it off
  coder.write(Buffer.from(run.subarray(0, isFirst ? FIRST : PIECE)));
  if (isFirst) coder.flush();
}

function awaitMore(x: Exchange, coder: Coder): void {
  if (coder.taken > 0) coder.flush();
  else if (x.reply.flush !== undefined && x.laterHead !== undefined) {
    sendLaterHead(x);
    x.reply.flush(-1);
  }
}

/** Hands over what is coded, until the socket takes no more or there is no more for now. */
export function deliver(x: Exchange, coder: Coder): Step {
  if (coder.ended && x.laterHead !== undefined && coder.taken <= WHOLE && coder.given <= MAX_WHOLE) {
    const step = deliverWhole(x, coder);
    if (step !== undefined) return step;
  }
  for (;;) {
    const chunk = coder.kept.shift() ?? coder.read();
    if (chunk === undefined) break;
    sendLaterHead(x);
    if (!x.reply.write(chunk, -1)) {
      if (x.reply.closed) return FINISH;
      x.block();
      return WAIT;
    }
  }
  if (coder.failed !== undefined) return breakOff(x, 'http_response_content_coding');
  if (!coder.over) return WAIT;
  sendLaterHead(x);
  x.reply.finish(x.passed?.trailers);
  return FINISH;
}

/**
 * All of a small body has gone in, and nothing has left: it goes out by one call. Undefined where what comes out is too
 * much for that.
 */
function deliverWhole(x: Exchange, coder: Coder): Step | undefined {
  while (coder.given <= MAX_WHOLE) {
    const chunk = coder.read();
    if (chunk !== undefined) coder.kept.push(chunk);
    else if (coder.failed !== undefined) return breakOff(x, 'http_response_content_coding');
    else if (!coder.over) return WAIT;
    else {
      sendLaterHead(x);
      const [first] = coder.kept;
      x.reply.end(coder.kept.length === 1 ? first : Buffer.concat(coder.kept));
      return FINISH;
    }
  }
  return undefined;
}

function sendLaterHead(x: Exchange): void {
  x.laterHead?.();
  x.laterHead = undefined;
}

/** What comes is not what was said. Where nothing of it has left, there is a clean answer in its place. */
function breakOff(x: Exchange, type: 'http_response_incomplete' | 'http_response_content_coding'): Step {
  x.endCoder();
  x.passed?.abort();
  x.passed = undefined;
  if (x.laterHead === undefined) {
    x.reply.destroy();
    return FINISH;
  }
  x.laterHead = undefined;
  x.leaveFlight();
  x.problem = originProblem(originError(type));
  return RESPOND;
}
