import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import type { Reply, ReplyEvents, RequestView } from '../request/reply.ts';

/** Whatever answers requests: the pipeline of the thread. */
export interface RequestHandler {
  handle(request: RequestView, reply: Reply): void;
}

const decoder = new TextDecoder();

/** Leads all requests of a uWebSockets.js app to a handler. */
export function serveUws(app: TemplatedApp, handler: RequestHandler): void {
  const request = new UwsRequest();
  let reply = new UwsReply();
  const serve = (method: string, res: HttpResponse, req: HttpRequest) => {
    request.attach(method, req, res);
    reply.attach(res);
    handler.handle(request, reply);
    request.release();
    if (reply.detached) reply = new UwsReply();
  };
  // the route tells the method, which saves asking for it
  app.get('/*', (res, req) => serve('GET', res, req));
  app.any('/*', (res, req) => serve(req.getCaseSensitiveMethod(), res, req));
}

/** The request of the current callback. */
class UwsRequest implements RequestView {
  #req: HttpRequest | undefined;
  #res: HttpResponse | undefined;

  #method = '';

  attach(method: string, req: HttpRequest, res: HttpResponse): void {
    this.#method = method;
    this.#req = req;
    this.#res = res;
  }

  release(): void {
    this.#req = undefined;
    this.#res = undefined;
  }

  get #current(): HttpRequest {
    if (this.#req === undefined) throw new Error('the transport has let go of the request');
    return this.#req;
  }

  method(): string {
    return this.#method;
  }

  path(): string {
    return this.#current.getUrl();
  }

  query(): string {
    // undefined where there is no question mark, whatever its type says
    return this.#current.getQuery() || '';
  }

  header(name: string): string {
    return this.#current.getHeader(name);
  }

  headers(): string[] {
    const list: string[] = [];
    this.#current.forEach((name, value) => {
      list.push(name, toLatin1(value));
    });
    return list;
  }

  address(): string {
    return this.#res === undefined ? '' : addressText(decoder.decode(this.#res.getRemoteAddressAsText()));
  }
}

/** uWebSockets.js decodes fields as UTF-8; the rest of lb keeps bytes as latin1 text. */
function toLatin1(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return Buffer.from(text, 'utf8').toString('latin1');
  }
  return text;
}

/** An IPv6 address as it is usually written; IPv4 in IPv6 as IPv4. */
function addressText(text: string): string {
  if (!text.includes(':')) return text;
  const groups = text.split(':').map((group) => Number.parseInt(group, 16) || 0);
  if (groups.length === 8 && groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `${groups[6] >> 8}.${groups[6] & 255}.${groups[7] >> 8}.${groups[7] & 255}`;
  }
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

class UwsReply implements Reply {
  offset = 0;
  closed = false;
  closeAfter = false;
  detached = false;
  #res!: HttpResponse;
  #events: ReplyEvents | undefined;
  #awaiting = false;

  attach(res: HttpResponse): void {
    this.#res = res;
    this.offset = 0;
    this.closed = false;
    this.closeAfter = false;
    this.#awaiting = false;
  }

  head(status: string, cacheStatus: string, block: Uint8Array | string, age: number): void {
    const res = this.#res;
    if (status !== '200 OK') res.writeStatus(status); // that is what the library writes by itself
    if (cacheStatus === '') res.writeHeader('Cache-Status', block);
    else {
      res.writeHeader('Cache-Status', cacheStatus);
      res.writeHeader('Via', block);
    }
    if (age >= 0) res.writeHeader('Age', String(age));
  }

  end(body: Uint8Array | string): void {
    this.closed = true;
    this.offset += body.length;
    this.#res.end(body, this.closeAfter);
  }

  endEmpty(length: number): void {
    this.closed = true;
    if (length >= 0) this.#res.endWithoutBody(length, this.closeAfter);
    else {
      // with a second argument the first is taken for a number, whatever it is
      this.#closeLater(true);
      this.#res.endWithoutBody();
    }
  }

  write(chunk: Uint8Array, total: number): boolean {
    if (this.closed) return false;
    return total >= 0 ? this.#writeKnown(chunk, total) : this.#writeChunked(chunk);
  }

  #writeKnown(chunk: Uint8Array, total: number): boolean {
    this.#closeLater(this.offset === 0);
    const [ok, done] = this.#res.tryEnd(chunk, total);
    if (done) {
      this.closed = true;
      this.offset = total;
      return true;
    }
    this.offset = ok ? this.offset + chunk.length : this.#res.getWriteOffset();
    if (!ok) this.#awaitWritable();
    return ok;
  }

  #writeChunked(chunk: Uint8Array): boolean {
    this.#closeLater(this.offset === 0);
    this.offset += chunk.length;
    const ready = this.#res.write(chunk);
    if (!ready) this.#awaitWritable();
    return ready;
  }

  finish(): void {
    this.closed = true;
    this.#closeLater(this.offset === 0);
    this.#res.end();
  }

  /**
   * A streamed response cannot close the connection by itself: the client is told to, and nothing more is read from it,
   * so that the connection carries no other request and ends by its idle time-out.
   */
  #closeLater(first: boolean): void {
    if (!this.closeAfter || !first) return;
    this.#res.writeHeader('Connection', 'close');
    this.#res.pause();
  }

  destroy(): void {
    if (this.closed) return;
    this.closed = true;
    this.#res.close();
  }

  cork(send: () => void): void {
    if (this.closed) return;
    this.#res.cork(send);
  }

  detach(events: ReplyEvents): void {
    this.detached = true;
    this.#res.onAborted(() => {
      if (this.closed) return;
      this.closed = true;
      events.onAborted();
    });
    this.#events = events;
  }

  /** Asked for only where a socket is full, which few ever are. */
  #awaitWritable(): void {
    if (this.#awaiting) return;
    this.#awaiting = true;
    this.#res.onWritable(() => {
      if (!this.closed) this.#events?.onWritable();
      return true;
    });
  }

  onBody(take: (chunk: Uint8Array, last: boolean) => void): void {
    this.#res.onData((chunk, last) => take(new Uint8Array(chunk), last));
  }

  pauseBody(): void {
    if (!this.closed) this.#res.pause();
  }

  resumeBody(): void {
    if (!this.closed) this.#res.resume();
  }
}
