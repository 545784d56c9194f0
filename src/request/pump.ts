import { BROKEN, DONE } from '../cache/cache.ts';
import { originError } from '../origin/origin-error.ts';
import { awaitDisk } from './disk-body.ts';
import type { Exchange } from './exchange.ts';
import { originProblem } from './follow.ts';
import { pieceAt } from './pieces.ts';
import { pumpRecoded } from './recode.ts';
import { awaitSlice } from './sliced.ts';
import { FINISH, RESPOND, type Step, WAIT } from './step.ts';

/** Largest part of a body of unknown length that is handed over at once. Bytes. */
const PART = 64 * 1024;

/** Goes on with a body, on the event loop's turn. */
export function pumpMore(x: Exchange): Step {
  let step: Step = WAIT;
  x.reply.cork(() => {
    step = pump(x);
  });
  releaseSent(x);
  return step;
}

/** Hands over what is there of the body, until the socket takes no more, the origin owes more, or all is sent. */
export function pump(x: Exchange): Step {
  if (x.coder !== undefined) return pumpRecoded(x, x.coder);
  const { cache } = x.context;
  for (;;) {
    // the state is read before the length, so that DONE and BROKEN mean that the length is final
    const state = x.flight === undefined ? DONE : cache.flightState(x.flight.id);
    const sent = x.reply.offset;
    if (x.bodyTotal >= 0 && sent >= x.bodyTotal) return x.bodyTotal === 0 ? endNothing(x) : FINISH;
    const run = nextRun(x, sent);
    if (run === undefined) {
      if (x.disk.body !== undefined) return awaitDisk(x, x.disk.body);
      if (x.sliced !== undefined) return awaitSlice(x, x.sliced);
      if (x.rest !== undefined) return goOnWithRest(x);
      if (state === BROKEN) return breakOff(x);
      if (state !== DONE) return awaitMore(x, sent);
      sendLaterHead(x);
      x.reply.finish();
      return FINISH;
    }
    sendLaterHead(x);
    if (!x.reply.write(run, x.bodyTotal)) {
      if (x.reply.closed) return FINISH;
      x.block();
      return WAIT;
    }
  }
}

function awaitMore(x: Exchange, sent: number): Step {
  if (sent === 0 && x.reply.flush !== undefined) {
    sendLaterHead(x);
    x.reply.flush(x.bodyTotal);
  }
  return WAIT;
}

function sendLaterHead(x: Exchange): void {
  x.laterHead?.();
  x.laterHead = undefined;
}

/** The origin's answer is cut short. Where nothing of it has left, there is a clean answer in its place. */
function breakOff(x: Exchange): Step {
  if (x.laterHead === undefined) {
    x.reply.destroy();
    return FINISH;
  }
  x.laterHead = undefined;
  x.leaveFlight();
  x.problem = originProblem(originError('http_response_incomplete'));
  return RESPOND;
}

/** The bytes behind the first `sent` of the body, as far as they lie in one piece; undefined where none are there yet. */
function nextRun(x: Exchange, sent: number): Uint8Array | undefined {
  if (x.pieces === undefined) return entryRun(x, x.bodyFrom + sent, x.bodyTotal < 0 ? PART : x.bodyTotal - sent);
  const piece = pieceAt(x.pieces, sent);
  return piece === undefined ? undefined : (piece.text ?? entryRun(x, piece.start, piece.length));
}

/** At most `limit` bytes. */
function entryRun(x: Exchange, at: number, limit: number): Uint8Array | undefined {
  if (x.disk.body !== undefined) return x.disk.body.run(at, limit);
  if (x.sliced !== undefined) return x.sliced.run(at, limit);
  const { entry } = x;
  const { cache } = x.context;
  if (at >= cache.bodyLength(entry)) return undefined;
  const run = cache.body(entry, at);
  return run.length > limit ? run.subarray(0, limit) : run;
}

function endNothing(x: Exchange): Step {
  sendLaterHead(x);
  x.reply.end('');
  return FINISH;
}

/** What was handed over within a cork has gone out now: the entry is needed no more where the rest comes from elsewhere. */
export function releaseSent(x: Exchange): void {
  if (x.passed !== undefined) x.leaveFlight();
}

function goOnWithRest(x: Exchange): Step {
  sendLaterHead(x);
  x.passed = x.rest;
  x.rest = undefined;
  x.passed?.goOn();
  return WAIT;
}
