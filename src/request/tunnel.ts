import type { Duplex } from 'node:stream';
import { countPassing } from '../base/garbage.ts';
import type { Channel, ChannelEvents } from './reply.ts';

/** How long an origin may take to end its side once the client's is over, in ms. */
const LINGER = 2000;

/** RFC 6455 section 7.4.1: also what ends a WebSocket that has been idle. */
const GOING_AWAY = 1001;

/** Whom a tunnel concerns. */
export interface TunnelOwner {
  /** Bytes from the client. */
  onReceived(bytes: number): void;
  /** Bytes for the client. */
  onSent(bytes: number): void;
  /** The client's side is over. */
  onOver(): void;
}

/** Bytes both ways between a client and an origin that have switched to a protocol of their own (RFC 9110 section 7.8). */
export class Tunnel implements ChannelEvents {
  readonly #origin: Duplex;
  readonly #owner: TunnelOwner;
  #channel!: Channel;
  readonly #idle: NodeJS.Timeout;
  /** Bytes for the client so far. */
  sent = 0;
  #clientEnded = false;
  #over = false;

  /** @param idleTimeout ms without a byte either way after which it ends */
  constructor(origin: Duplex, idleTimeout: number, owner: TunnelOwner) {
    this.#origin = origin;
    this.#owner = owner;
    this.#idle = setTimeout(() => this.close('idle for too long'), idleTimeout);
    origin.allowHalfOpen = true;
  }

  /** Begins once the client has got its answer. @throws what `switchProtocols` does; nothing is left then */
  open(switchProtocols: (events: ChannelEvents) => Channel): void {
    const origin = this.#origin;
    try {
      this.#channel = switchProtocols(this);
    } catch (error) {
      this.#over = true;
      clearTimeout(this.#idle);
      origin.destroy();
      throw error;
    }
    origin.on('data', (chunk: Buffer) => {
      this.#idle.refresh();
      this.sent += chunk.length;
      this.#owner.onSent(chunk.length);
      countPassing(chunk.length);
      if (!this.#channel.write(chunk)) origin.pause();
    });
    origin.on('drain', () => this.#channel.resume());
    origin.on('end', () => this.#channel.end());
    origin.on('error', () => {});
    origin.on('close', () => this.#onOriginClose());
    if (origin.destroyed) this.#onOriginClose();
  }

  onData(chunk: Buffer): void {
    this.#idle.refresh();
    if (!this.#origin.writable) return;
    this.#owner.onReceived(chunk.length);
    if (!this.#origin.write(chunk)) this.#channel.pause();
  }

  onEnd(): void {
    this.#clientEnded = true;
    this.#origin.end();
  }

  onDrain(): void {
    this.#origin.resume();
  }

  onClose(): void {
    const origin = this.#origin;
    if (this.#clientEnded && !origin.destroyed) {
      // what it still sends is nobody's, but its own end is to be in order
      origin.removeAllListeners('data').resume();
      const timer = setTimeout(() => origin.destroy(), LINGER);
      origin.once('close', () => clearTimeout(timer));
    } else origin.destroy();
    this.#end();
  }

  /** Ends it from here, both sides told where their protocol has a way to. */
  close(reason: string): void {
    if (this.#over) return;
    this.#channel.close(GOING_AWAY, reason);
    // a client that does not take what is owed to it is not waited for
    if (!this.#over) setTimeout(() => this.#break(), LINGER);
  }

  #break(): void {
    if (this.#over) return;
    this.#channel.destroy();
    this.#origin.destroy();
    this.#end();
  }

  #onOriginClose(): void {
    // after an end in order on both sides the client's ends by itself
    if (!this.#clientEnded || !this.#origin.readableEnded) this.#break();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#idle);
    this.#owner.onOver();
  }
}
