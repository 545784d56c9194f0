import type { Client, Dispatcher } from 'undici';
import type { OriginConnections, OriginDispatchOptions } from './connections.ts';
import type { ClientEnd } from './proxy-header.ts';

/** A connection for each request. */
export class SingleUse implements OriginConnections {
  readonly #open: (client: ClientEnd | undefined) => Client;
  readonly #limit: number;
  readonly #clients = new Set<Client>();
  readonly #waiting: [OriginDispatchOptions, Dispatcher.DispatchHandler][] = [];
  #closed: PromiseWithResolvers<void> | undefined;

  readonly dial: OriginConnections['dial'];

  constructor(open: (client: ClientEnd | undefined) => Client, dial: OriginConnections['dial'], limit: number) {
    this.#open = open;
    this.dial = dial;
    this.#limit = limit;
  }

  dispatch(options: OriginDispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (this.#clients.size < this.#limit) this.#start(options, handler);
    else this.#waiting.push([options, handler]);
    return this.#clients.size < this.#limit;
  }

  get stats(): OriginConnections['stats'] {
    let running = 0;
    for (const { stats } of this.#clients) if (stats.connected) running++;
    return { connected: running, running, pending: this.#waiting.length + this.#clients.size - running };
  }

  close(): Promise<void> {
    this.#closed ??= Promise.withResolvers();
    this.#next();
    return this.#closed.promise;
  }

  async destroy(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    await Promise.all([...this.#clients].map((client) => client.destroy()));
    // a client that is destroyed says so to each request
    for (const [options, handler] of waiting) {
      const client = this.#open(options.client);
      client.dispatch(options, handler);
      await client.destroy();
    }
  }

  #start(options: OriginDispatchOptions, handler: Dispatcher.DispatchHandler): void {
    const client = this.#open(options.client);
    this.#clients.add(client);
    client.dispatch({ ...options, reset: true }, handler);
    void client
      .close()
      .catch(() => {})
      .finally(() => {
        this.#clients.delete(client);
        this.#next();
      });
  }

  #next(): void {
    while (this.#clients.size < this.#limit) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#start(...next);
    }
    if (this.#clients.size === 0) this.#closed?.resolve();
  }
}
