import type { Config } from '../config/config.ts';

/** Every message between threads, and what a thread is born with. Shared memory is passed once, in `EdgeData`. */

/** workerData of workers/edge.ts. */
export interface EdgeData {
  /** 1 to the number of workers; main is 0. */
  worker: number;
  /** Names this process among all lbs that a request may come through. */
  instance: string;
  config: Config;
  cache: SharedArrayBuffer;
  counters: SharedArrayBuffer;
  doorbells: SharedArrayBuffer;
  /** Answers that were not stored. */
  uncacheable: SharedArrayBuffer;
  /** The database of countries; absent where no site asks for them. */
  countries: SharedArrayBuffer | undefined;
  /** Absent where the access log is off. */
  log: SharedArrayBuffer | undefined;
  /** Where node:http stands in for uWebSockets.js, the edge listens itself. */
  listen: { host: string; port: number } | undefined;
}

/** Main to an edge. */
export type ToEdge =
  /** Finish what is under way within `timeout` ms, then end. */
  | { type: 'drain'; timeout: number }
  /** Main hands out no more sockets to this edge. */
  | { type: 'detached' }
  /** Test hook: throw where nothing catches. */
  | { type: 'die' };

/** An edge to main. */
export type FromEdge =
  /** `descriptor`: of the uWebSockets.js app that takes sockets; undefined where the edge listens itself. */
  | { type: 'ready'; descriptor: unknown }
  /** The edge is about to end by an error: hand out no more sockets, then say `detached`. */
  | { type: 'dying'; error: string }
  /** An unsafe method succeeded: what is stored for the target of a site's host, under whatever key, is invalid. */
  | { type: 'changed'; site: number; host: string; target: string }
  | { type: 'log'; level: 'warn' | 'error'; message: string; details: Record<string, unknown> };
