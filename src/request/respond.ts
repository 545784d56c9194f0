import { keptBytes } from '../base/kept-bytes.ts';
import { USER_BORN } from '../cache/cache.ts';
import type { Recoding } from '../compress/coder.ts';
import { PROXY_NAME, parseTail, tailOf } from '../fill/head.ts';
import { hitHead, type StoredMeta, type StoredParts, type StoredView } from '../fill/stored.ts';
import { appendCacheStatus } from '../http/cache-status.ts';
import { evaluateConditional, ifRangeAllows } from '../http/conditional.ts';
import { formatContentRange, formatUnsatisfiedRange } from '../http/content-range.ts';
import type { HeaderEdits } from '../http/header-edits.ts';
import { getHeader } from '../http/headers.ts';
import { type ByteRange, resolveRange } from '../http/range.ts';
import { statusText } from '../http/status-text.ts';
import { headersOf304 } from '../http/stored-headers.ts';
import { formFor } from './coding.ts';
import { dress, editRefusal } from './edit-tail.ts';
import type { Exchange } from './exchange.ts';
import { wantedPart } from './parts.ts';
import { multipartBody, rangesIn } from './pieces.ts';
import { sendAnswer, sendProblem } from './problem.ts';
import { pump, pumpMore, releaseSent } from './pump.ts';
import { startCoder, wantVariant } from './recode.ts';
import { openSliced } from './sliced.ts';
import { FILL, FINISH, LOOKUP, RESPOND, type Step, WAIT } from './step.ts';

/** Largest body that is handed over whole; what a slow socket leaves of it is copied by the transport. Bytes. */
const WHOLE = 128 * 1024;

/** Answers from a stored response or one that is being stored, or says what went wrong. */
export function respond(x: Exchange): Step {
  if (x.begun) return pumpMore(x);
  if (x.problem !== undefined) return sendProblem(x);
  if (x.answer !== undefined) return sendAnswer(x, x.answer);
  const view = x.view ?? x.context.stored.of(x.entry);
  x.view = view;
  const form = x.host.plan.compression === undefined ? view : formFor(x, view);
  if (typeof form === 'string') return form === 'gone' ? lookAgain(x) : passInstead(x);
  const shown = x.rules?.response === undefined ? form : dressed(x, form, x.rules.response);
  return x.detached ? sendCorked(x, shown) : send(x, shown);
}

/** Apart from `respond`, which is so spared the making of a closure. */
function sendCorked(x: Exchange, view: StoredView): Step {
  let step: Step = WAIT;
  x.reply.cork(() => {
    step = send(x, view);
  });
  releaseSent(x);
  return step;
}

/** What is for this client alone is changed with the rest. */
function dressed(x: Exchange, view: StoredView, edits: HeaderEdits): StoredView {
  const lines = x.ownLines;
  x.ownLines = '';
  return dress(view, edits, lines);
}

function send(x: Exchange, view: StoredView): Step {
  if (isUnchanged(x, view)) return sendNotModified(x, view);
  const ranges = rangesOf(x, view);
  if (ranges !== undefined) return ranges.length === 0 ? sendUnsatisfiable(x, view) : sendRanges(x, view, ranges);
  if (view.meta.parts !== undefined) return sendPart(x, view, view.meta.parts);
  x.status = view.meta.status;
  x.bodyTotal = view.length;
  if (x.method === 'HEAD' || view.meta.status === 204) {
    sendHead(x, view.status, view, view.tail);
    x.reply.endEmpty(view.meta.status === 204 ? -1 : view.length);
    return FINISH;
  }
  if (view.body !== undefined && view.length <= WHOLE) {
    sendHead(x, view.status, view, view.tail);
    x.reply.end(view.body);
    return FINISH;
  }
  return stream(x, view.status, view, view.tail);
}

/** Whether the client holds this representation already (RFC 9110 section 13). */
function isUnchanged(x: Exchange, view: StoredView): boolean {
  const ifNoneMatch = x.field('if-none-match');
  const ifModifiedSince = x.field('if-modified-since');
  if ((ifNoneMatch === '' && ifModifiedSince === '') || view.meta.status !== 200) return false;
  const conditions = {
    method: x.method,
    ifNoneMatch: ifNoneMatch || undefined,
    ifModifiedSince: ifModifiedSince || undefined,
  };
  return evaluateConditional(conditions, view.meta) === 304;
}

function sendHead(x: Exchange, status: string, view: StoredView, tail: Uint8Array | string): void {
  const born = x.disk.body === undefined ? x.context.cache.word(x.entry, USER_BORN) : x.disk.body.born;
  const age = Math.max(0, x.now - born);
  if (x.cacheStatus === '' && tail === view.tail) x.reply.head(status, '', hitHead(view, age), -1);
  else {
    const own = x.cacheStatus === '' ? `${PROXY_NAME}; hit` : x.cacheStatus;
    x.reply.head(
      status,
      appendCacheStatus(view.meta.upstream, own),
      x.ownLines === '' ? tail : withLines(tail, x.ownLines),
      x.flight !== undefined && age === 0 ? -1 : age,
    );
  }
  x.headSent = true;
}

function withLines(tail: Uint8Array | string, lines: string): Uint8Array {
  const before = typeof tail === 'string' ? Buffer.from(tail, 'latin1') : tail;
  return Buffer.concat([before, Buffer.from(lines, 'latin1')]);
}

function sendNotModified(x: Exchange, view: StoredView): Step {
  view.notModified ??= keptBytes(notModifiedTail(view));
  x.status = 304;
  sendHead(x, statusText(304), view, view.notModified);
  x.reply.endEmpty(-1);
  return FINISH;
}

function notModifiedTail(view: StoredView): string {
  return tailOf(headersOf304(parseTail(view.tail)));
}

/**
 * What a Range field wants of a whole response, stored or still arriving (RFC 9110 section 14.2): none where nothing of
 * it is there, undefined where all goes out, as also while its length is not known, and where it is empty.
 */
function rangesOf(x: Exchange, view: StoredView): readonly ByteRange[] | undefined {
  if (x.method !== 'GET' || view.meta.status !== 200 || view.length <= 0) return undefined;
  const field = x.field('range');
  if (field === '' || !ifRangeAllows(x.field('if-range') || undefined, view.meta)) return undefined;
  const result = resolveRange(field, view.length);
  if (result.kind === 'full') return undefined;
  return result.kind === 'ranges' ? result.ranges : [];
}

function sendUnsatisfiable(x: Exchange, view: StoredView): Step {
  x.status = 416;
  const tail = `1.1 ${PROXY_NAME}\r\nContent-Range: ${formatUnsatisfiedRange(view.length)}`;
  const edits = x.rules?.response;
  sendHead(x, statusText(416), view, edits === undefined ? tail : editRefusal(tail, edits));
  x.reply.end('');
  return FINISH;
}

function sendRanges(x: Exchange, view: StoredView, ranges: readonly ByteRange[]): Step {
  x.status = 206;
  if (ranges.length > 1) return sendSeveral(x, view, ranges);
  const [range] = ranges;
  x.bodyFrom = range.start;
  x.bodyTotal = range.end - range.start + 1;
  const line = `\r\nContent-Range: ${formatContentRange(range, view.length)}`;
  return stream(x, statusText(206), view, Buffer.concat([view.tail, Buffer.from(line, 'latin1')]));
}

/** A part of a resource that is stored in parts, or the part that is being fetched. */
function sendPart(x: Exchange, view: StoredView, parts: StoredParts): Step {
  const { range, offset } = wantedPart(x.field('range'), parts);
  x.status = 206;
  x.bodyFrom = offset;
  x.bodyTotal = range.end - range.start + 1;
  const line = `\r\nContent-Range: ${formatContentRange(range, parts.complete)}`;
  return stream(x, statusText(206), view, Buffer.concat([view.tail, Buffer.from(line, 'latin1')]));
}

function sendSeveral(x: Exchange, view: StoredView, ranges: readonly ByteRange[]): Step {
  const lines = parseTail(view.tail);
  const body = multipartBody(ranges, view.length, getHeader(lines, 'content-type'));
  x.pieces = body.pieces;
  x.bodyTotal = body.length;
  const others = lines.filter((_, i) => lines[i & ~1] !== 'content-type');
  const tail = tailOf([...others, 'content-type', body.contentType]);
  return stream(x, statusText(206), view, Buffer.from(tail, 'latin1'));
}

/** Begins a body that goes out as the socket takes it, under a long pin. */
function stream(x: Exchange, status: string, view: StoredView, tail: Uint8Array | string): Step {
  if (x.disk.body !== undefined) {
    x.laterHead = () => sendHead(x, status, view, tail);
    return pump(x);
  }
  if (x.flight === undefined) {
    x.handle = x.context.cache.hold(x.entry);
    if (x.handle < 0) return passInstead(x);
    if (x.recoding === undefined) x.context.cache.unpin();
  }
  if (view.meta.slices !== undefined) return streamSlices(x, view.meta, () => sendHead(x, status, view, tail));
  if (x.recoding !== undefined) return streamRecoded(x, x.recoding, () => sendHead(x, status, view, tail));
  if (x.flight === undefined) sendHead(x, status, view, tail);
  else x.laterHead = () => sendHead(x, status, view, tail);
  return pump(x);
}

/** As `stream`, of a body that is stored in slices: the head waits for the first bytes, as long as there may be a better answer. */
function streamSlices(x: Exchange, meta: StoredMeta, head: () => void): Step {
  const part = { start: x.bodyFrom, end: x.bodyFrom + x.bodyTotal - 1 };
  const ranges = x.pieces === undefined ? [part] : rangesIn(x.pieces);
  if (!openSliced(x, meta, ranges)) return RESPOND;
  x.laterHead = head;
  return pump(x);
}

/** As `stream`, of a body that is coded on its way. */
function streamRecoded(x: Exchange, recoding: Recoding, head: () => void): Step {
  if (x.flight === undefined) {
    wantVariant(x, recoding);
    x.context.cache.unpin();
  }
  startCoder(x, recoding, () => x.proceed(RESPOND));
  x.laterHead = head;
  return pump(x);
}

/** The entry has been replaced since it was looked up. */
function lookAgain(x: Exchange): Step {
  x.entry = 0;
  x.view = undefined;
  return LOOKUP;
}

/** No further pin can be had, or the client takes no form of what is stored: this request goes to the origin. */
function passInstead(x: Exchange): Step {
  x.context.cache.unpin();
  x.entry = 0;
  x.view = undefined;
  x.bypass = true;
  x.outcome = 'none';
  return FILL;
}
