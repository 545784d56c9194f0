import type { EdgeListen } from '../threads/messages.ts';
import { type HttpListener, listenNodeHttp } from './node-http.ts';
import type { RequestHandler } from './uws.ts';

interface Open {
  readonly id: string;
  readonly listener: HttpListener;
}

/** The listeners that an edge opens itself; a plan says which. */
export class EdgeListeners {
  readonly #handler: RequestHandler;
  #open: readonly Open[] = [];
  /** Of a plan that is not in force yet. */
  #next: readonly Open[] = [];
  /** Accept no more; their connections go on. */
  readonly #former: HttpListener[] = [];

  constructor(handler: RequestHandler) {
    this.#handler = handler;
  }

  /** Opens what is new in a plan. Rejects where that cannot be, and nothing has changed then. */
  async prepare(listen: readonly EdgeListen[]): Promise<void> {
    const next: Open[] = [];
    this.#next = next;
    try {
      for (const { id, address } of listen) {
        const open = this.#open.find((candidate) => candidate.id === id);
        next.push(open ?? { id, listener: await listenNodeHttp(address, this.#handler) });
      }
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /** The prepared plan is in force: the listeners that it has not accept no more. */
  commit(): void {
    for (const open of this.#open) {
      if (this.#next.includes(open)) continue;
      open.listener.stop();
      this.#former.push(open.listener);
    }
    this.#open = this.#next;
    this.#next = [];
  }

  discard(): void {
    for (const open of this.#next) if (!this.#open.includes(open)) open.listener.close();
    this.#next = [];
  }

  /** Accepts no more, and has clients go as their requests end. */
  stop(): void {
    for (const { listener } of this.#open) listener.stop();
  }

  /** Open connections of all listeners. */
  connections(): number {
    const all = [...this.#open.map(({ listener }) => listener), ...this.#former];
    return all.reduce((sum, listener) => sum + listener.connections(), 0);
  }

  /** Breaks all connections. */
  close(): void {
    this.discard();
    for (const { listener } of this.#open) listener.close();
    for (const listener of this.#former) listener.close();
  }
}
