import type { MessagePort } from 'node:worker_threads';
import type { BackgroundRequest } from '../compress/background.ts';
import type { Address, Config } from '../config/config.ts';
import type { TlsChallenge, TlsTerms } from '../tls/terms.ts';
import type { SharedRules } from '../waf/ruleset/shared-rules.ts';

/** Every message between threads, and what a thread is born with. Shared memory is passed once, in `EdgeData` and `DiskTerms`. */

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
  /** Buckets of rate limits, requests under way by key, counters of limits. */
  rateLimits: SharedArrayBuffer;
  /** Ring of the access log; where the log is off it is for whoever listens. */
  log: SharedArrayBuffer;
  /** In the order of the configuration; none where nothing is kept on disk. */
  disks: readonly EdgeDisk[];
}

/** A disk as an edge knows it. */
export interface EdgeDisk {
  folder: string;
  /** What the disk's thread shares with all edges. */
  slots: SharedArrayBuffer;
  /** Where this edge offers entries. */
  ring: SharedArrayBuffer;
  /** Of the disk's thread: what its doorbell goes by. */
  worker: number;
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
  /** Of each site in its order, the lines of the counters of its rate limits. */
  limitLines: readonly (readonly number[])[];
  /** Rules of WAFs: each set once, and the id of that of each site in its order, '' where there is none. */
  waf: { readonly sets: readonly SharedRules[]; readonly ofSites: readonly string[] };
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
  /** A disk's thread has begun: it answers by this port (`FindRequest`, `FindAnswer`). */
  | { type: 'disk'; disk: number; port: MessagePort }
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
  /** A disk does not answer: nobody is to use it before it is well again. */
  | { type: 'disk-failed'; disk: number; reason: string }
  /** Something to be made of a stored response in the background. */
  | { type: 'work'; request: BackgroundRequest }
  | { type: 'log'; level: 'warn' | 'error'; message: string; details: Record<string, unknown> };

/** workerData of workers/disk.ts. */
export interface DiskData {
  /** Of this disk in the configuration, from 0. */
  disk: number;
  folder: string;
  /** Bytes that all files of the folder may take together. */
  size: number;
  /** How long to wait for another process that has the folder to leave it, in ms, before going on without. */
  lockWait: number;
}

/** A purge as a disk keeps it. */
export interface DiskPurge {
  sequence: number;
  /** -1: any. */
  site: number;
  /** Lowercase; '': any. */
  host: string;
  /** A target, or one with stars; `*` beside a tag. */
  pattern: string;
  /** The pattern is a target as it stands. */
  exact: boolean;
  /** Mark stale instead of removing. */
  soft: boolean;
  /** Of a soft purge: what it leaves of later fresh-until words. */
  stamp: number;
  /** Hash of the tag as a signed word, 0 for none. */
  tag: number;
}

/** What a folder says of itself, before main has made the cache. */
export interface DiskContents {
  /** 8 bytes that key the hashes of all that is stored; undefined for a new folder, which takes what `begin` says. */
  secret: Uint8Array | undefined;
  /** The newest purge that the folder knows of; 0 for a new one. Main's next purge must be a later one. */
  sequence: number;
  /** Purges up to this one are applied to all rows. */
  applied: number;
  /** The newest purges, ascending without a gap: at least those after `applied`. */
  purges: DiskPurge[];
  /** Numbers of sites by name, as they were last told. */
  sites: [name: string, number: number][];
  /** Another process has the folder for now: it is opened once that one has left it, and `sequence` leaves room for its purges. */
  locked: boolean;
  /** What its table of slots needs: see `createSlotTable`. */
  table: { slots: number; segments: number };
}

/** What a disk thread works with from then on. */
export interface DiskTerms {
  cache: SharedArrayBuffer;
  /** Of this thread in the cache. */
  worker: number;
  /** What it shares with the edges. */
  slots: SharedArrayBuffer;
  /** Where each worker offers entries, by worker. */
  rings: SharedArrayBuffer[];
  /** By which they wake this thread. */
  doorbells: SharedArrayBuffer;
  /** The secret of the cache. What is stored under another one is thrown away. */
  secret: Uint8Array;
  /** The newest purge as the cache begins. */
  sequence: number;
  /** Purges that other disks know of and this one has missed, ascending. */
  missed: DiskPurge[];
  /** This folder has missed purges that nobody knows any more: throw away what it has. */
  empty: boolean;
}

/** Main to a disk thread. */
export type ToDisk =
  /** Once, after `opened`. */
  | ({ type: 'begin' } & DiskTerms)
  /** Keep the purges durably, say `kept`, apply them. Ascending; each disk is told of every purge. */
  | { type: 'purge'; purges: DiskPurge[] }
  /** Numbers of sites by name, in place of those before. */
  | { type: 'sites'; sites: [name: string, number: number][] }
  /** An edge asks by this port (`FindRequest`, `FindAnswer`) what its disk has while the disk still loads. */
  | { type: 'port'; port: MessagePort }
  /** Say `pong`. */
  | { type: 'ping' }
  /** Edges have given this disk up: try it anew, after a while. */
  | { type: 'failed'; reason: string }
  /** Write what is begun, give the folder back, say `closed`, end. */
  | { type: 'close' };

/** A disk thread to main. */
export type FromDisk =
  /** The folder's state is known. Where it could not be opened `contents` is undefined; it is tried again. */
  | { type: 'opened'; contents: DiskContents | undefined; error: string | undefined }
  /** Also in the shared slots. `failed`: for this reason, and tried again. */
  | { type: 'state'; state: 'loading' | 'ready' | 'failed'; reason: string | undefined; objects: number }
  /** Purges up to this one are on the disk for good; with `error` they could not be kept. */
  | { type: 'kept'; sequence: number; error: string | undefined }
  /** Purges up to this one are applied to all that the disk has: also in the shared slots. */
  | { type: 'applied'; sequence: number }
  /** Once a second while something changes. */
  | { type: 'figures'; figures: DiskFigures }
  | { type: 'pong' }
  | { type: 'closed' }
  | { type: 'log'; level: 'info' | 'warn' | 'error'; message: string; details: Record<string, unknown> };

/** What a disk counts, since its thread began unless said otherwise. */
export interface DiskFigures {
  /** At present. */
  objects: number;
  /** Bytes of all files of the folder at present. */
  bytes: number;
  limit: number;
  /** Bytes of the index among them. */
  indexBytes: number;
  segments: number;
  written: number;
  writtenBytes: number;
  /** Offered and not admitted. */
  refused: number;
  /** Offered and gone, or purged, before it was its turn. */
  missed: number;
  /** Left out when the oldest segment was taken for new objects. */
  evicted: number;
  /** Kept then, since they had been used. */
  reinserted: number;
  purged: number;
  /** Writes that failed. */
  errors: number;
  /** Writing has stopped for this reason, and is tried again. */
  paused: string | undefined;
}

/** An edge to a disk thread that loads, by their port. */
export interface FindRequest {
  id: number;
  lo: number;
  hi: number;
}

/** `found`: the slot is there now. */
export interface FindAnswer {
  id: number;
  found: boolean;
}
