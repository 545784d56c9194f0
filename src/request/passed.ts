import { cacheNow } from '../base/clock.ts';
import type { Coder } from '../compress/coder.ts';
import { isOfBytes } from '../compress/fields.ts';
import { Fetch, type FetchSink, type Source } from '../fill/fetch.ts';
import { PROXY_NAME, renderTail } from '../fill/head.ts';
import { passRequest } from '../fill/origin-request.ts';
import { appendCacheStatus } from '../http/cache-status.ts';
import { ORIGIN_ACCEPT_ENCODING } from '../http/content-coding.ts';
import { parseContentLength } from '../http/framing.ts';
import { combineHeader, getHeader, type HeaderList } from '../http/headers.ts';
import { isErrorStatus } from '../http/status-cache.ts';
import { statusText } from '../http/status-text.ts';
import { type OriginError, originError } from '../origin/origin-error.ts';
import { compressionOf, passedForm } from './coding.ts';
import { keepHints } from './early-hints.ts';
import { editTail } from './edit-tail.ts';
import type { Exchange } from './exchange.ts';
import { originProblem } from './follow.ts';
import { passInterim } from './interim.ts';
import { invalidate } from './invalidate.ts';
import { type Kept, keptAnswer } from './kept.ts';
import type { RequestProblem } from './outcome.ts';
import { deliver, startCoder } from './recode.ts';
import { bodyProblem, RequestBody } from './request-body.ts';
import { FINISH, LOOKUP, RESPOND, type Step, WAIT } from './step.ts';
import { stickyLine } from './sticky.ts';
import { trailersFor } from './trailers.ts';

/** Largest body that is sent by one call once all of it is there. Bytes. */
const WHOLE = 64 * 1024;

/** An origin's answer that goes to one client only, as fast as the client takes it. */
export class PassedAnswer implements FetchSink {
  readonly #x: Exchange;
  readonly #fetch: Source;
  readonly #queue: Buffer[] = [];
  #body: RequestBody | undefined;
  /** The head waits for the end of the current callback, so that it goes out with the body that came with it. */
  #head: (() => void) | undefined;
  /** Bytes in the queue before anything was sent. */
  #queued = 0;
  #bodyless = false;
  #ended = false;
  /** Fields behind the body that go on to the client. */
  trailers: HeaderList = [];
  /** The origin was asked for a coding of lb's choice, for all clients. */
  readonly #isShared: boolean;
  #flushing = false;
  readonly #kept: Kept | undefined;

  /** @param fetch one that is under way; without it `start` makes one */
  constructor(x: Exchange, fetch?: Source) {
    this.#x = x;
    this.#fetch = fetch ?? new Fetch(x.context, x.host.plan.index, this);
    this.#kept = fetch === undefined ? keptAnswer(x) : undefined;
    this.#isShared = fetch !== undefined;
  }

  /** Sends the client's request on. */
  start(): void {
    const x = this.#x;
    if (x.contentLength !== 0 && x.body === undefined) {
      const { clients, maxRequestBody: limit } = x.context;
      this.#body = new RequestBody(x.reply, x.held ?? x.reply, clients, limit, (status) => this.#refuseBody(status));
      // a client that goes away breaks the body; the fetch is aborted for it elsewhere
      this.#body.on('error', () => {});
    }
    const client = x.clientRequest();
    const route = x.context.pools.route(x.host.plan.index, client);
    // what HEAD says is compared with what is stored, and so asked for as that was
    const isCompared = this.#kept !== undefined && x.method === 'HEAD' && compressionOf(x) !== undefined;
    const encodings = isCompared ? ORIGIN_ACCEPT_ENCODING : undefined;
    this.#fetch.start(route, (origin) => passRequest(client, origin, this.#body ?? null, encodings));
  }

  /** Queues what comes before anything the fetch still brings, and holds the origin back. */
  hold(chunk: Buffer): void {
    this.#queue.push(chunk);
    this.#fetch.pause();
  }

  /** What came before is sent: goes on with what is queued. */
  goOn(): void {
    this.#flushSoon();
  }

  /** Whether the request is still this one's: what the origin sends after that concerns nobody. */
  get #isCurrent(): boolean {
    return this.#x.passed === this || this.#x.rest === this;
  }

  onInform(status: number, headers: HeaderList): void {
    if (this.#isCurrent) passInterim(this.#x, status, headers);
  }

  onHead(status: number, headers: HeaderList): void {
    const x = this.#x;
    if (!this.#isCurrent) return;
    if (status === 304 && !this.#isConditional()) {
      this.#fetch.abort();
      this.onError(originError('http_protocol_error'));
      return;
    }
    if (isErrorStatus(status) && this.#mayUseStale()) {
      this.#fetch.abort();
      this.#useStale({ status, detail: `the origin answered ${status}` });
      return;
    }
    const declared = getHeader(headers, 'content-length');
    const length = declared === undefined ? -1 : parseContentLength(declared);
    const form = passedForm(x, status, headers, length);
    if (form.isRefused && this.#isShared && x.method === 'GET') {
      this.#askForOne();
      return;
    }
    x.status = status;
    this.#body?.answered();
    keepHints(x, status, headers);
    invalidate(x, status, headers);
    this.#kept?.onHead({ status, headers, requestTime: this.#fetch.requestTime, responseTime: Date.now() / 1000 });
    const bodyless = x.method === 'HEAD' || status === 204 || status === 304;
    this.#bodyless = bodyless;
    x.bodyTotal = form.recoding === undefined ? length : -1;
    const own = x.cacheStatus === '' ? `${PROXY_NAME}; fwd=bypass` : x.cacheStatus;
    const cacheStatus = appendCacheStatus(combineHeader(headers, 'cache-status'), own);
    this.#head = () => {
      x.reply.head(statusText(status), cacheStatus, this.#tailOf(form.headers), originAge(headers));
      x.headSent = true;
      if (bodyless) x.reply.endEmpty(x.method === 'HEAD' ? x.bodyTotal : -1);
      else if (length === 0) x.reply.end('');
    };
    if (form.recoding !== undefined && !bodyless) {
      x.laterHead = this.#head;
      startCoder(x, form.recoding, () => this.#flushSoon());
    }
    this.#flushSoon();
  }

  /** No form of the answer for all will do for this client: the origin is asked once more, as the client asks. */
  #askForOne(): void {
    const x = this.#x;
    this.#fetch.abort();
    x.passed = new PassedAnswer(x);
    x.passed.start();
  }

  /** The lines for the client, with the changes that rules make. */
  #tailOf(headers: HeaderList): string | Buffer {
    const { host, rules } = this.#x;
    const tail = renderTail(headers, host.plan.hidden) + stickyLine(this.#x, this.#fetch, headers);
    return rules?.response === undefined ? bytesOf(tail) : editTail(tail, rules.response);
  }

  #isConditional(): boolean {
    return this.#x.field('if-none-match') !== '' || this.#x.field('if-modified-since') !== '';
  }

  onData(chunk: Buffer): void {
    // undici brings an empty chunk where it resumes at the end of what it had read
    if (chunk.length === 0 || this.#bodyless || !this.#isCurrent) return;
    this.#kept?.onData(chunk);
    this.#queue.push(chunk);
    this.#queued += chunk.length;
    if (this.#x.blocked || this.#x.rest === this) this.#fetch.pause();
    else this.#flushSoon();
  }

  onEnd(trailers: HeaderList): void {
    this.#ended = true;
    this.#kept?.onEnd();
    if (this.#isCurrent) this.trailers = this.#trailersOf(trailers);
    if (this.#x.passed === this && !this.#x.blocked) this.#flushSoon();
  }

  #trailersOf(trailers: HeaderList): HeaderList {
    const x = this.#x;
    const taken = trailersFor(x, trailers);
    return x.coder === undefined ? taken : taken.filter((_, i) => !isOfBytes(taken[i & ~1]));
  }

  onError(error: OriginError): void {
    const x = this.#x;
    this.#kept?.abort();
    if (x.aborted || !this.#isCurrent) return;
    this.#body?.destroy();
    if (this.#mayUseStale() && this.#head === undefined && !x.headSent) {
      this.#useStale(originProblem(error));
      return;
    }
    if (!x.headSent) {
      x.passed = x.laterHead = undefined;
      x.problem = originProblem(error);
      if (this.#body?.complete === false) x.endConnection();
      x.proceed(RESPOND);
      return;
    }
    x.reply.destroy();
    if (!x.aborted) x.proceed(FINISH);
  }

  /** Whether a stale response may stand in for an origin that fails (RFC 5861 section 4). */
  #mayUseStale(): boolean {
    const { stale } = this.#x;
    return stale !== undefined && cacheNow() < stale.errorUntil;
  }

  #useStale(failure: RequestProblem): void {
    this.#x.passed = undefined;
    this.#x.failure = failure;
    this.#x.proceed(LOOKUP);
  }

  onWritable(): void {
    this.#flush();
  }

  /** The client is gone. */
  abort(): void {
    this.#fetch.abort();
    this.#kept?.abort();
    this.#body?.destroy();
  }

  #refuseBody(status: 408 | 413): void {
    const x = this.#x;
    if (!this.#isCurrent) return;
    this.abort();
    x.endConnection();
    if (x.headSent) {
      x.reply.destroy();
      if (!x.aborted) x.proceed(FINISH);
      return;
    }
    x.passed = undefined;
    x.problem = bodyProblem(x, status);
    x.proceed(RESPOND);
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      if (this.#x.passed === this && !this.#x.aborted) this.#x.attempt(() => this.#flush());
    });
  }

  #flush(): void {
    const x = this.#x;
    if (x.coder !== undefined) {
      this.#flushRecoded(x.coder);
      return;
    }
    if (this.#awaitsWhole() || this.#awaitsBody()) return;
    let over = false;
    x.reply.cork(() => {
      this.#head?.();
      this.#head = undefined;
      over = this.#send();
    });
    if (!over) return;
    // a body that nobody wants, or one that the origin does not want
    if ((this.#bodyless && !this.#ended) || this.#body?.complete === false) this.abort();
    else this.#fetch.resume(); // its end may be held back behind what was the last of the body
    x.proceed(FINISH);
  }

  /** Whether to wait for the rest: an answer that ends the connection goes out by one call, which can close it. */
  #awaitsWhole(): boolean {
    const { reply, bodyTotal } = this.#x;
    const isSmall = bodyTotal > 0 && bodyTotal <= WHOLE;
    return reply.closeAfter && this.#head !== undefined && isSmall && !this.#bodyless && !this.#ended;
  }

  /** Whether the head waits for the body, as where the transport cannot end it without: what breaks before has a clean answer. */
  #awaitsBody(): boolean {
    const { reply, bodyTotal } = this.#x;
    const isBodyless = this.#bodyless || bodyTotal === 0;
    return this.#head !== undefined && this.#queue.length === 0 && !this.#ended && !isBodyless && !reply.flush;
  }

  /** Codes what is queued, and sends what is coded. */
  #flushRecoded(coder: Coder): void {
    const x = this.#x;
    for (let chunk = this.#queue[0]; chunk !== undefined && coder.wants; chunk = this.#queue[0]) {
      const isFirst = coder.taken === 0;
      coder.write(chunk);
      this.#queue.shift();
      if (isFirst && !this.#ended) coder.flush();
    }
    if (this.#queue.length === 0 && this.#ended) coder.end();
    else if (this.#queue.length === 0) coder.flush();
    let step = WAIT as Step;
    x.reply.cork(() => {
      if (coder.taken === 0 && !this.#ended) this.#flushHead();
      step = deliver(x, coder);
    });
    if (step === FINISH && this.#body?.complete === false) this.abort();
    if (step !== WAIT) x.proceed(step);
    else if (x.blocked || !coder.wants) this.#fetch.pause();
    else this.#fetch.resume();
  }

  /** Sends the head before there is any of the body, where the transport can. */
  #flushHead(): void {
    const { reply, laterHead } = this.#x;
    if (reply.flush === undefined || laterHead === undefined) return;
    laterHead();
    this.#x.laterHead = undefined;
    reply.flush(-1);
  }

  /** Sends what is queued; true when the response is over. */
  #send(): boolean {
    const x = this.#x;
    if (this.#bodyless || x.bodyTotal === 0) return true;
    if (
      this.#ended &&
      this.trailers.length === 0 &&
      x.reply.offset === 0 &&
      this.#queued <= WHOLE &&
      (x.bodyTotal < 0 || x.bodyTotal === this.#queued)
    ) {
      x.reply.end(this.#queue.length === 1 ? this.#queue[0] : Buffer.concat(this.#queue));
      return true;
    }
    while (this.#queue.length > 0) {
      const chunk = this.#queue[0];
      const before = x.reply.offset;
      const ready = x.reply.write(chunk, x.bodyTotal);
      const taken = x.reply.offset - before;
      if (taken < chunk.length) this.#queue[0] = chunk.subarray(taken);
      else this.#queue.shift();
      if (x.reply.closed) return true;
      if (!ready) {
        x.block();
        this.#fetch.pause();
        return false;
      }
    }
    // resuming brings at once what was held back, and with it perhaps the end: that goes out in the next turn
    const ended = this.#ended;
    if (!ended && x.reply.offset === 0) x.reply.flush?.(x.bodyTotal);
    this.#fetch.resume();
    if (!ended) return false;
    if (x.bodyTotal < 0) x.reply.finish(this.trailers);
    else x.reply.destroy(); // shorter than declared: the client must see that it is broken
    return true;
  }
}

/** Latin1 text as a transport takes it: text where that is the same in UTF-8, else bytes. */
function bytesOf(text: string): string | Buffer {
  return /[\x80-\xff]/.test(text) ? Buffer.from(text, 'latin1') : text;
}

function originAge(headers: HeaderList): number {
  const age = getHeader(headers, 'age');
  return age !== undefined && /^\d{1,9}$/.test(age) ? Number(age) : -1;
}
