import { setTimeout } from 'node:timers/promises';
import type { ListeningSocket, LoadedSockets, Sockets } from '../../native-bindings/sockets/index.ts';
import type { Shared } from '../supervisor/messages.ts';
import type { Successor, SuccessorState } from '../supervisor/parent.ts';

/**
 * How long handshakes that began before may take to end, in ms: a lost packet of one is sent again after a second.
 */
const HANDSHAKES = 1500;

/** Longest wait for connections in the accept queues, and for listening sockets to close, in ms. */
const QUEUES = 5000;

const INTERVAL = 5;

/** The addresses on which this process listens in a way that others can share, with how many sockets. */
export function sharedAddresses(sockets: Sockets): Shared[] {
  return [...groups(sockets)].map(([, [first, ...others]]) => ({
    host: first.host,
    port: first.port,
    count: others.length + 1,
  }));
}

function groups(sockets: Sockets): Map<string, [ListeningSocket, ...ListeningSocket[]]> {
  const found = new Map<string, [ListeningSocket, ...ListeningSocket[]]>();
  for (const socket of sockets.listening().filter(({ shared }) => shared)) {
    const group = found.get(nameOf(socket));
    if (group === undefined) found.set(nameOf(socket), [socket]);
    else group.push(socket);
  }
  return found;
}

function nameOf({ host, port }: { host: string; port: number }): string {
  return `${host} ${port}`;
}

/**
 * One process's part of handing its addresses over to another, in such a way that no connection is lost. Without the
 * addon the system shares connections out as it likes, and those that were not accepted yet are reset.
 *
 * The sockets of both are a group, in the order in which they began to listen: this process's, then the successor's.
 */
export class Handover {
  readonly #sockets: Sockets | undefined;
  readonly #own: ReadonlyMap<string, readonly [ListeningSocket, ...ListeningSocket[]]>;

  constructor(loaded: LoadedSockets) {
    this.#sockets = 'sockets' in loaded ? loaded.sockets : undefined;
    this.#own = this.#sockets === undefined ? new Map() : groups(this.#sockets);
  }

  /** Before the successor starts: whatever joins the group gets nothing. */
  hold(): void {
    for (const [{ fd }, ...others] of this.#own.values()) this.#sockets?.steer(fd, 0, others.length + 1);
  }

  /** It did not come to anything. */
  abandon(): void {
    for (const [{ fd }] of this.#own.values()) this.#sockets?.unsteer(fd);
  }

  /**
   * Steers all new connections to the successor, and waits until this process has accepted what came before.
   * @returns whether the successor has ended meanwhile
   */
  async pass(successor: Successor): Promise<SuccessorState> {
    const sockets = this.#sockets;
    if (sockets === undefined) return successor.state();
    const taken = this.#takenBy(successor);
    for (const { fd, own, theirs } of taken) sockets.steer(fd, own, theirs);
    await setTimeout(HANDSHAKES);
    // one place stays right while the sockets before it close, as long as there are as many behind it
    for (const { fd, own } of taken) sockets.steer(fd, own, 1);
    const isQuiet = () => sockets.listening().every(({ waiting, shared }) => !shared || waiting === 0);
    await until(isQuiet, QUEUES);
    return successor.state();
  }

  #takenBy(successor: Successor): { fd: number; own: number; theirs: number }[] {
    return [...this.#own].flatMap(([name, [{ fd }, ...others]]) => {
      const theirs = successor.listening.find((address) => nameOf(address) === name)?.count;
      return theirs === undefined ? [] : [{ fd, own: others.length + 1, theirs }];
    });
  }

  /** Waits until this process listens no more where it did. */
  async released(): Promise<void> {
    const sockets = this.#sockets;
    if (sockets === undefined) return;
    await until(() => sockets.listening().every((socket) => !this.#own.has(nameOf(socket))), QUEUES);
  }
}

/** Waits, but not for ever: what is late is not worth an upgrade that hangs. */
async function until(condition: () => boolean, timeout: number): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!condition() && performance.now() < deadline) await setTimeout(INTERVAL);
}

/** In the successor, once the addresses are its own: the system shares connections out among all its sockets again. */
export function takeAll(sockets: Sockets): void {
  for (const [{ fd }] of groups(sockets).values()) sockets.unsteer(fd);
}
