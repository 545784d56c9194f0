import type { Dispatcher } from 'undici';
import type { OriginConnections, OriginDispatchOptions } from './connections.ts';

/** Connections that a gate counts one by one. */
export interface CountedConnections {
  /** Closes one without a request. Resolves when it is closed; undefined where there is none. */
  shed(): Promise<void> | undefined;
  /** Lets go of those that have ended by themselves. @returns how many */
  prune(): number;
}

/** A connection, open or to be opened with its next request. */
interface Cell {
  readonly connections: OriginConnections;
}

/**
 * Connections of one thread to an origin that may have few on all threads together: each request has one to itself, and those
 * without a request can be closed, so that another thread may open one. Whoever dispatches has leave to use one more.
 */
export class LimitedConnections implements OriginConnections, CountedConnections {
  readonly #open: () => OriginConnections;
  /** The one that was used last comes last. */
  readonly #idle: Cell[] = [];
  readonly #busy = new Set<Cell>();
  #isClosed = false;

  /** @param open makes what has one connection at most */
  constructor(open: () => OriginConnections) {
    this.#open = open;
  }

  dispatch(options: OriginDispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const cell = this.#idle.pop() ?? { connections: this.#open() };
    this.#busy.add(cell);
    const done = () => {
      if (!this.#busy.delete(cell)) return;
      if (this.#isClosed) void cell.connections.close();
      else this.#idle.push(cell);
    };
    cell.connections.dispatch(options, new EndingHandler(handler, done));
    return true;
  }

  /** Counts for no limit. */
  async dial(...terms: Parameters<OriginConnections['dial']>): ReturnType<OriginConnections['dial']> {
    const connections = this.#open();
    try {
      return await connections.dial(...terms);
    } finally {
      void connections.close();
    }
  }

  get stats(): OriginConnections['stats'] {
    const all = [...this.#idle, ...this.#busy].map(({ connections }) => connections.stats);
    const sum = (name: 'connected' | 'pending' | 'running') => all.reduce((total, stats) => total + stats[name], 0);
    return { connected: sum('connected'), pending: sum('pending'), running: sum('running') };
  }

  shed(): Promise<void> | undefined {
    return this.#idle.shift()?.connections.close();
  }

  prune(): number {
    const ended = this.#idle.filter(({ connections }) => connections.stats.connected === 0);
    for (const cell of ended) {
      this.#idle.splice(this.#idle.indexOf(cell), 1);
      void cell.connections.close();
    }
    return ended.length;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#idle.splice(0), ...this.#busy];
    await Promise.all(all.map(({ connections }) => connections.close()));
  }

  async destroy(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#idle.splice(0), ...this.#busy];
    await Promise.all(all.map(({ connections }) => connections.destroy()));
  }
}

/** Tells when a request is over, before its handler hears of it. */
class EndingHandler implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #done: () => void;

  constructor(handler: Dispatcher.DispatchHandler, done: () => void) {
    this.#handler = handler;
    this.#done = done;
  }

  onRequestStart(...terms: Parameters<NonNullable<Dispatcher.DispatchHandler['onRequestStart']>>): void {
    this.#handler.onRequestStart?.(...terms);
  }

  onResponseStart(...terms: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>): void {
    this.#handler.onResponseStart?.(...terms);
  }

  onResponseData(...terms: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseData']>>): void {
    this.#handler.onResponseData?.(...terms);
  }

  onResponseEnd(...terms: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseEnd']>>): void {
    this.#done();
    this.#handler.onResponseEnd?.(...terms);
  }

  onResponseError(...terms: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseError']>>): void {
    this.#done();
    this.#handler.onResponseError?.(...terms);
  }
}
