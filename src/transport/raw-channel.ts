import type { Duplex } from 'node:stream';
import type { Channel, ChannelEvents } from '../request/reply.ts';

/**
 * A client's connection, or its stream of HTTP/2, as a channel: bytes as they come.
 * @param early bytes that came with the request
 */
export class RawChannel implements Channel {
  readonly #stream: Duplex;
  readonly #events: ChannelEvents;
  /** `close` has a listener of ours that is to say no more. */
  #silent = false;

  constructor(stream: Duplex, early: Buffer, events: ChannelEvents) {
    this.#stream = stream;
    this.#events = events;
    stream.allowHalfOpen = true;
    if (early.length > 0) stream.unshift(early);
    stream.on('data', (chunk: Buffer) => events.onData(chunk));
    stream.on('end', () => events.onEnd());
    stream.on('drain', () => events.onDrain());
    stream.on('error', () => {});
    stream.on('close', () => {
      if (!this.#silent) events.onClose();
    });
  }

  get closed(): boolean {
    return this.#stream.destroyed;
  }

  write(chunk: Buffer): boolean {
    return this.#stream.writable ? this.#stream.write(chunk) : true;
  }

  end(): void {
    this.#stream.end();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  close(): void {
    if (this.closed) return;
    this.destroy();
    this.#events.onClose();
  }

  destroy(): void {
    this.#silent = true;
    this.#stream.destroy();
  }
}
