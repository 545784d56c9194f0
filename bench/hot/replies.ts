/** A client's side of a request without any socket: takes what it is given, and keeps nothing of it. */
import type { Channel, Reply, RequestView } from '../../src/request/reply.ts';

export class BenchRequest implements RequestView {
  readonly protocol = '1.1';
  readonly isUpgrade = false;
  readonly hasOpenBody = false;
  target: string;
  readonly #lines: ReadonlyMap<string, string>;
  readonly #list: readonly string[];

  constructor(target: string, lines: Readonly<Record<string, string>>) {
    this.target = target;
    this.#lines = new Map(Object.entries(lines));
    this.#list = Object.entries(lines).flat();
  }

  scheme(): 'http' | 'https' {
    return 'http';
  }

  serverName(): string {
    return '';
  }

  method(): string {
    return 'GET';
  }

  path(): string {
    return this.target;
  }

  query(): string {
    return '';
  }

  header(name: string): string {
    return this.#lines.get(name) ?? '';
  }

  headers(): string[] {
    return [...this.#list];
  }

  address(): string {
    return '192.0.2.1';
  }
}

export class BenchReply implements Reply {
  offset = 0;
  closed = false;
  closeAfter = false;
  status = '';

  reuse(): this {
    this.offset = 0;
    this.closed = this.closeAfter = false;
    return this;
  }

  inform(): void {}

  head(status: string): void {
    this.status = status;
  }

  end(body: Uint8Array | string): void {
    this.offset += body.length;
    this.closed = true;
  }

  endEmpty(): void {
    this.closed = true;
  }

  write(chunk: Uint8Array, total: number): boolean {
    this.offset += chunk.length;
    this.closed = total >= 0 && this.offset >= total;
    return true;
  }

  finish(): void {
    this.closed = true;
  }

  destroy(): void {
    this.closed = true;
  }

  cork(send: () => void): void {
    send();
  }

  detach(): void {}

  onBody(): void {}

  pauseBody(): void {}

  resumeBody(): void {}

  switchProtocols(): Channel {
    throw new Error('nobody asks for another protocol here');
  }
}
