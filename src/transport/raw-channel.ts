import type { Duplex } from 'node:stream';
import type { Channel, ChannelEvents } from '../request/reply.ts';
import { FrameBoundary } from './frame-boundary.ts';
import { closeFrame, serverCloseFrame } from './websocket-frames.ts';

/**
 * A client's connection, or its stream of HTTP/2, as a channel: bytes as they come. Of a WebSocket it follows the frames, so
 * that both sides can be told why it ends.
 */
export class RawChannel implements Channel {
  readonly #stream: Duplex;
  readonly #events: ChannelEvents;
  /** `close` has a listener of ours that is to say no more. */
  #silent = false;
  readonly #frames: { fromClient: FrameBoundary; toClient: FrameBoundary } | undefined;

  /**
   * @param early bytes that came with the request
   * @param protocol what was switched to
   */
  constructor(stream: Duplex, early: Buffer, protocol: string, events: ChannelEvents) {
    this.#stream = stream;
    this.#events = events;
    stream.allowHalfOpen = true;
    if (early.length > 0) stream.unshift(early);
    if (protocol === 'websocket') this.#frames = { fromClient: new FrameBoundary(), toClient: new FrameBoundary() };
    stream.on('data', (chunk: Buffer) => {
      this.#frames?.fromClient.feed(chunk);
      events.onData(chunk);
    });
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
    if (!this.#stream.writable) return true;
    this.#frames?.toClient.feed(chunk);
    return this.#stream.write(chunk);
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

  close(code: number, reason: string): void {
    if (this.closed) return;
    const { fromClient, toClient } = this.#frames ?? {};
    if (fromClient?.isFree && toClient?.isFree && this.#stream.writable) {
      for (const part of closeFrame(code, Buffer.from(reason))) this.#events.onData(part);
      this.#events.onEnd();
      this.#stream.end(serverCloseFrame(code, reason));
      return;
    }
    this.destroy();
    this.#events.onClose();
  }

  destroy(): void {
    this.#silent = true;
    this.#stream.destroy();
  }
}
