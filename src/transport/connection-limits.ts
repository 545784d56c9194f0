import { connectedAddresses, hasCensus } from './census.ts';
import { ConnectionCounts } from './connection-counts.ts';
import { connectionRoom } from './descriptors.ts';

/** Caps on connections of clients, over all threads; 0 for none. */
export interface ConnectionCaps {
  connections: number;
  connectionsPerAddress: number;
}

/** A census takes at most this part of a thread's time. */
const CENSUS_SHARE = 20;

/** Shortest time between two messages about refused connections, in ms. */
const QUIET = 60_000;

/** Shortest pause between two of a thread's, in ms. */
const CENSUS_PAUSE = 50;

/**
 * One thread's part in keeping the number of clients' connections, in all and by address, under its caps. In all there are
 * never more than the process has descriptors for: what is over is refused in place of failing later.
 */
export class ConnectionLimits {
  /** Connections that came by this object. */
  own = 0;
  readonly #counts: ConnectionCounts;
  readonly #thread: number;
  #caps: ConnectionCaps;
  #nextCensus = 0;
  readonly #warn: (message: string, details: Record<string, unknown>) => void;
  #nextWarning = 0;
  readonly #room = connectionRoom();
  readonly #tellsClosed: boolean;
  readonly #hasCensus: boolean;

  /**
   * @param tellsClosed whether `closed` is told the address of each connection that was counted by it; else a census counts by address
   * @param warn told of refusals, now and then
   */
  constructor(
    memory: SharedArrayBuffer,
    thread: number,
    caps: ConnectionCaps,
    tellsClosed: boolean,
    warn: (message: string, details: Record<string, unknown>) => void = () => {},
  ) {
    this.#warn = warn;
    this.#counts = new ConnectionCounts(memory);
    this.#thread = thread;
    this.#caps = caps;
    this.#tellsClosed = tellsClosed;
    this.#hasCensus = !tellsClosed && hasCensus();
  }

  /** Other caps; connections that stand stay. */
  update(caps: ConnectionCaps): void {
    this.#caps = caps;
  }

  /**
   * Counts a connection that has just come.
   * @param address asked for only where it counts; left out where it is told later, by `identified`
   * @returns whether it is within the caps. Where not it counts all the same, until `closed`
   */
  opened(address?: () => string): boolean {
    this.#counts.add(this.#thread, 1);
    this.own++;
    const { connections } = this.#caps;
    const cap = connections === 0 ? this.#room : Math.min(connections, this.#room);
    const isWithin = cap === Number.POSITIVE_INFINITY || this.#counts.total() <= cap;
    if (!isWithin) this.#refused('more connections than there may be', { connections: this.#counts.total(), cap });
    const isWithinOwn = address === undefined || this.#openedFrom(address);
    return isWithin && isWithinOwn;
  }

  /** Counts a connection, which came without one, by its address. @returns whether that is within its cap */
  identified(address: string): boolean {
    return this.#openedFrom(() => address);
  }

  /** Where closes are told the counts are kept without a cap too: one may be set while connections stand. */
  #openedFrom(address: () => string): boolean {
    const cap = this.#caps.connectionsPerAddress;
    if (!this.#tellsClosed && (cap === 0 || !this.#hasCensus)) return true;
    const from = address();
    const count = this.#counts.open(from);
    if (cap === 0 || count <= cap) return true;
    this.#takeCensus();
    if (this.#counts.count(from) <= cap) return true;
    this.#refused('more connections of one address than there may be', { cap });
    return false;
  }

  #refused(message: string, details: Record<string, unknown>): void {
    const now = performance.now();
    if (now < this.#nextWarning) return;
    this.#nextWarning = now + QUIET;
    this.#warn(`${message}: some are refused`, details);
  }

  /** @param address where the transport knows it and it was counted */
  closed(address?: string): void {
    this.#counts.add(this.#thread, -1);
    this.own--;
    if (address !== undefined) this.#counts.close(address);
  }

  /** Counts what stands, where closes are not told by address and the last census is not too young. */
  #takeCensus(): void {
    const begin = performance.now();
    if (!this.#hasCensus || begin < this.#nextCensus) return;
    this.#counts.correct(() => connectedAddresses(this.#counts.ports()));
    const end = performance.now();
    this.#nextCensus = end + Math.max(CENSUS_PAUSE, (end - begin) * CENSUS_SHARE);
  }
}
