import type { Dispatcher } from 'undici';
import type { OriginConnections, OriginDispatchOptions } from '../../src/origin/connections.ts';
import { type OriginError, originErrorFrom } from '../../src/origin/origin-error.ts';

type Fields = Record<string, string | string[] | undefined>;

/** One request to an origin and all that comes of it. */
export class Exchange implements Dispatcher.DispatchHandler {
  status = 0;
  fields: Fields = {};
  readonly interim: number[] = [];
  body = Buffer.alloc(0);
  trailers: Fields = {};
  error: OriginError | undefined;
  cause: Error | undefined;
  /** Times that it was told to be over. */
  ends = 0;
  controller: Dispatcher.DispatchController | undefined;
  /** Called for each part of the body. */
  onChunk: (() => void) | undefined;
  readonly #head = Promise.withResolvers<void>();
  readonly #end = Promise.withResolvers<void>();

  /** Resolves when there is a head, or none will come. */
  get head(): Promise<void> {
    return this.#head.promise;
  }

  /** Resolves when it is over, well or not. */
  get end(): Promise<void> {
    return this.#end.promise;
  }

  /** Status and body, or the type of error. */
  get outcome(): string {
    return this.error?.type ?? `${this.status} ${this.body.toString('latin1')}`;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, fields: Fields): void {
    if (status < 200) {
      this.interim.push(status);
      return;
    }
    this.status = status;
    this.fields = fields;
    this.#head.resolve();
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.body = Buffer.concat([this.body, chunk]);
    this.onChunk?.();
  }

  onResponseEnd(_: Dispatcher.DispatchController, trailers: Fields): void {
    this.trailers = trailers;
    this.ends++;
    this.#head.resolve();
    this.#end.resolve();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.cause = error;
    this.ends++;
    this.error = originErrorFrom(error);
    this.#head.resolve();
    this.#end.resolve();
  }
}

/** Begins a request. */
export function ask(
  connections: OriginConnections,
  path: string,
  options: Partial<OriginDispatchOptions> = {},
): Exchange {
  const exchange = new Exchange();
  const host = ['host', 'origin.test'];
  const request = { path, method: 'GET', headers: host, servername: 'localhost', ...options };
  connections.dispatch(request, exchange);
  return exchange;
}

/** Makes a request and waits for its end. */
export async function fetchAll(...args: Parameters<typeof ask>): Promise<Exchange> {
  const exchange = ask(...args);
  await exchange.end;
  return exchange;
}
