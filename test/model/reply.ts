/** Both sides of a client's connection as lb's pipeline sees them, with all that is sent kept. */
import type { Channel, Reply, ReplyEvents, RequestView } from '../../src/request/reply.ts';

export class ReplayedRequest implements RequestView {
  readonly protocol = '1.1';
  readonly isUpgrade = false;
  readonly hasOpenBody = false;
  readonly #method: string;
  readonly #target: string;
  readonly #lines: readonly [string, string][];

  constructor(method: string, target: string, lines: readonly [string, string][]) {
    this.#method = method;
    this.#target = target;
    this.#lines = lines;
  }

  scheme(): 'http' | 'https' {
    return 'http';
  }

  serverName(): string {
    return '';
  }

  method(): string {
    return this.#method;
  }

  path(): string {
    return this.#target.split('?')[0];
  }

  query(): string {
    return this.#target.split('?')[1] ?? '';
  }

  header(name: string): string {
    return this.#lines.find(([other]) => other === name)?.[1] ?? '';
  }

  headers(): string[] {
    return this.#lines.flat();
  }

  address(): string {
    return '192.0.2.1';
  }
}

export class RecordedReply implements Reply {
  offset = 0;
  closed = false;
  closeAfter = false;
  status = 0;
  cacheStatus = '';
  lines: [string, string][] = [];
  /** What Age says, -1 without it. */
  age = -1;
  /** The length that the client is told, -1 where it is not. */
  length = -1;
  broken = false;
  aborted = false;
  /** Calls in a wrong order. */
  readonly misuse: string[] = [];
  readonly #slow: boolean;
  readonly #body: Buffer[] = [];
  #headed = false;
  #full = false;
  #events: ReplyEvents | undefined;
  #take: ((chunk: Uint8Array, last: boolean) => void) | undefined;

  constructor(slow: boolean) {
    this.#slow = slow;
  }

  get body(): string {
    return Buffer.concat(this.#body).toString('latin1');
  }

  head(status: string, cacheStatus: string, block: Uint8Array | string, age: number): void {
    if (this.#headed || this.closed) this.misuse.push('head');
    this.#headed = true;
    this.status = Number(status.slice(0, 3));
    const text = typeof block === 'string' ? block : Buffer.from(block).toString('latin1');
    const lines = `${cacheStatus === '' ? 'cache-status' : 'via'}: ${text}`.split('\r\n');
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 2);
      if (name === 'age') this.age = Number(value);
      else if (name === 'cache-status') this.cacheStatus = value;
      else this.lines.push([name, value]);
    }
    if (cacheStatus !== '') this.cacheStatus = cacheStatus;
    if (age >= 0) this.age = age;
  }

  inform(): void {}

  end(body: Uint8Array | string): void {
    this.#add(typeof body === 'string' ? Buffer.from(body) : body);
    this.length = this.offset;
    this.#close('end');
  }

  endEmpty(length: number): void {
    this.length = length;
    this.#close('endEmpty');
  }

  write(chunk: Uint8Array, total: number): boolean {
    if (this.closed) return false;
    if (!this.#headed || this.#full) this.misuse.push('write');
    this.length = total;
    // a full socket takes a part of a known length, and keeps chunks for later
    const taken = this.#slow && total >= 0 ? Math.ceil(chunk.length / 2) : chunk.length;
    this.#add(chunk.subarray(0, taken));
    if (total >= 0 && this.offset >= total) {
      this.closed = true;
      return true;
    }
    this.#full = this.#slow;
    return !this.#full;
  }

  finish(): void {
    this.#close('finish');
  }

  destroy(): void {
    if (this.closed) return;
    this.broken = true;
    this.closed = true;
  }

  cork(send: () => void): void {
    if (!this.closed) send();
  }

  detach(events: ReplyEvents): void {
    this.#events = events;
  }

  onBody(take: (chunk: Uint8Array, last: boolean) => void): void {
    this.#take = take;
  }

  switchProtocols(): Channel {
    throw new Error('no request of the model asks for another protocol');
  }

  pauseBody(): void {}

  resumeBody(): void {}

  /** The client's body arrives. */
  deliverBody(body: Uint8Array | undefined): void {
    if (body !== undefined) this.#take?.(body, true);
  }

  /** The client goes away. */
  abort(): void {
    if (this.closed || this.#events === undefined) return;
    this.closed = true;
    this.aborted = true;
    this.#events.onAborted();
  }

  /** The socket has room again. */
  drain(): void {
    if (!this.#full || this.closed) return;
    this.#full = false;
    this.#events?.onWritable();
  }

  #add(chunk: Uint8Array): void {
    this.#body.push(Buffer.from(chunk));
    this.offset += chunk.length;
  }

  #close(call: string): void {
    if (this.closed || !this.#headed) this.misuse.push(call);
    this.closed = true;
  }
}
