import { randomBytes } from 'node:crypto';

/** Bytes of a name, an HMAC key and an AES key. */
const LENGTH = 48;

/** How long a key is used, in ms: whoever learns it can read what sessions of that time hold of TLS 1.2. */
const LIFETIME = 12 * 3_600_000;

/**
 * The key of session tickets that all threads share; it outlives reloads. A session of a key before is not resumed: its
 * client makes a whole handshake once.
 */
export class TicketKey {
  #key = randomBytes(LENGTH);
  #timer: NodeJS.Timeout | undefined;

  get current(): Uint8Array {
    return this.#key;
  }

  /** Calls back whenever there is another key. */
  rotate(changed: () => void): void {
    this.#timer = setInterval(() => {
      this.#key = randomBytes(LENGTH);
      changed();
    }, LIFETIME).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
