import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import type { ClientEnd } from './proxy-header.ts';

/** A request as connections take it. `client` is whose it is, where the origin wants a PROXY header. */
export type OriginDispatchOptions = Dispatcher.DispatchOptions & { client?: ClientEnd };

/** Connections of one thread to one origin. */
export interface OriginConnections {
  /** As undici's: the handler hears what becomes of the request, whether it gets a connection or not. */
  dispatch(options: OriginDispatchOptions, handler: Dispatcher.DispatchHandler): boolean;
  /** A connection for HTTP/1.1 that is the caller's alone, and counts for no limit. @throws as `Dialer.dial` */
  dial(client: ClientEnd | undefined): Promise<Socket>;
  readonly stats: { readonly connected: number; readonly pending: number; readonly running: number };
  /** Takes no more requests; resolves when the running ones are complete. */
  close(): Promise<void>;
  /** Breaks all connections. */
  destroy(): Promise<void>;
}
