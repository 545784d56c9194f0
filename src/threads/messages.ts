import type { Address, Config } from '../config/config.ts';
import type { TlsChallenge, TlsTerms } from '../tls/terms.ts';

/** Every message between threads, and what a thread is born with. Shared memory is passed once, in `EdgeData`. */

/** workerData of workers/edge.ts. */
export interface EdgeData {
  /** 1 to the number of workers; main is 0. */
  worker: number;
  /** Names this process among all lbs that a request may come through. */
  instance: string;
  /** Version of lb. */
  version: string;
  /** What a reload replaces. */
  plan: PlanData;
  cache: SharedArrayBuffer;
  counters: SharedArrayBuffer;
  doorbells: SharedArrayBuffer;
  /** Answers that were not stored. */
  uncacheable: SharedArrayBuffer;
  /** Numbers of clients' connections. */
  connections: SharedArrayBuffer;
  /** What all threads know of the origins. */
  origins: SharedArrayBuffer;
  /** Ring of the access log; where the log is off it is for whoever listens. */
  log: SharedArrayBuffer;
}

/** All that an edge knows of the configuration: replaced as a whole, between two requests. */
export interface PlanData {
  /** 1 at the start, one more with each reload. */
  generation: number;
  /** Without secrets that are main's alone. */
  config: Config;
  /** The database of countries; absent where no site asks for them. */
  countries: SharedArrayBuffer | undefined;
  /** Of each site in its order, where in the memory of origins its own state is, and that of its origins. */
  originSlots: readonly { readonly site: number; readonly origins: readonly number[] }[];
  /** Undefined where there is no listener with TLS. */
  tls: TlsTerms | undefined;
  /** Where edges listen themselves, by Node; sockets of other listeners are handed over by main. */
  listen: EdgeListen[];
}

/** A listener of which every edge has its part. */
export interface EdgeListen {
  /** Tells it apart from others over reloads. */
  id: string;
  /** The port is never 0. */
  address: Address;
  tls: boolean;
}

/** What a uWebSockets.js app takes: all apps of one listener are of one kind. */
export type AppKind = 'plain' | 'tls';

/** Main to an edge. */
export type ToEdge =
  /** Finish what is under way within `timeout` ms, then end. Connections without a request may stay for `idle` ms. */
  | { type: 'drain'; timeout: number; idle: number }
  /** Say `pong`. */
  | { type: 'ping' }
  /** Main hands out no more sockets to this edge. */
  | { type: 'detached' }
  /** Get ready for a new plan, and say `prepared`. */
  | { type: 'prepare'; plan: PlanData }
  /** The prepared plan is in force: say `committed`. */
  | { type: 'commit'; generation: number }
  /** The prepared plan will not be. */
  | { type: 'discard'; generation: number }
  /** Certificates, and the key of session tickets, for handshakes from now on. */
  | { type: 'certificates'; tls: TlsTerms }
  /** Answer challenges of TLS-ALPN-01 with these certificates, and no other. */
  | { type: 'challenges'; challenges: TlsChallenge[] }
  /** Test hook: throw where nothing catches. */
  | { type: 'die' };

/** An edge to main. */
export type FromEdge =
  /** It serves by the plan that it was born with. */
  | { type: 'ready' }
  /** The thread's event loop turns. */
  | { type: 'pong' }
  /** `descriptor`: of a uWebSockets.js app that takes sockets from now on, in place of the one before of its kind. */
  | { type: 'app'; kind: AppKind; descriptor: unknown }
  /** `error`: why the plan cannot be. */
  | { type: 'prepared'; generation: number; error?: string }
  /** Requests from now on go by the plan. */
  | { type: 'committed'; generation: number }
  /** The edge is about to end by an error: hand out no more sockets, then say `detached`. */
  | { type: 'dying'; error: string }
  /** An unsafe method succeeded: what is stored for the target of a site's host, under whatever key, is invalid. */
  | { type: 'changed'; site: number; host: string; target: string }
  | { type: 'log'; level: 'warn' | 'error'; message: string; details: Record<string, unknown> };
