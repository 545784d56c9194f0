// What the admin listener needs from the program, and what it answers.
import type { LineSource } from '../stats/access-log.ts';
import type { StatsSnapshot } from '../stats/snapshot.ts';
import type { ExplainAnswer, ExplainQuery } from './explain.ts';
import type { ReloadOutcome } from './reload.ts';
import type { DiskStatus } from './status.ts';

/** A parsed purge. Which objects it matches is said by `site`, `host`, `pattern` and `tag` together. */
export interface PurgeRequest {
  /** `url`: one target; `pattern`: targets that match a pattern with wildcards; `tag`: whatever has it; `all`: every target. */
  readonly scope: 'url' | 'pattern' | 'tag' | 'all';
  /** Name of the one site it is for. */
  readonly site?: string;
  /** Lower-case host name without port, or null for any host. */
  readonly host: string | null;
  /**
   * Target (path and query) as sent. In a `pattern` or `all`, `*` stands for any number of characters; in a `url`
   * there are none. `%2A` stays as it is and is never a wildcard.
   */
  readonly pattern: string;
  /** With the scope `tag`; what is not ASCII stands for its UTF-8. */
  readonly tag?: string;
  /** True marks matching objects stale, false removes them. */
  readonly soft: boolean;
  /** Position in the list that it came in. */
  readonly item?: number;
}

/** Answer of a purge that has already taken effect on every thread. */
export interface PurgeResult {
  /** Identifies the purge in logs. */
  readonly id: string;
  /** Name of the site that was named or that the host belongs to, null when it is for every site. */
  readonly site: string | null;
  /** When it took effect: ISO 8601, UTC. */
  readonly time: string;
  /** Number of objects, where it can be known at once. */
  readonly objects?: number;
  /** What is not as it should be: a disk has not kept the purge. */
  readonly warning?: string;
}

/** Refuses a purge of a host that no site serves, or of a site that there is none of. */
export class UnknownSiteError extends Error {
  override name = 'UnknownSiteError';
}

export interface AdminConfig {
  /** Address to bind: an IP address or a name that resolves to one. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Bearer token; required when `host` is not a loopback address. */
  readonly token?: string;
  /** Another lb may listen there, which is about to go. */
  readonly shared?: boolean;
  /** Further names that the Host field may carry, for example behind a reverse proxy. */
  readonly allowedHosts?: readonly string[];
}

export interface AdminDeps {
  readonly config: AdminConfig;
  /**
   * Makes purges effective on every thread before it returns: all, or none when it throws UnknownSiteError. In their order.
   * Disks may take longer to keep them.
   */
  purge(requests: readonly PurgeRequest[]): PurgeResult[] | Promise<PurgeResult[]>;
  /** Says what would become of a request, without a trace. */
  explain(query: ExplainQuery): ExplainAnswer | Promise<ExplainAnswer>;
  /** Reasons for not being ready; an empty list means ready. */
  ready(): readonly string[];
  /** Prometheus exposition. */
  metrics(): Promise<string>;
  /** Statistics of the cache; becomes the JSON answer of `GET /cache`. */
  cacheStats(): object;
  /** Everything counted; the JSON answer of `GET /stats`. */
  stats(): StatsSnapshot;
  /** Lines of requests as they are answered, for `GET /logs`. */
  readonly lines: LineSource;
  /** Version of lb. */
  readonly version: string;
  /** Of the configuration in force, from 1. */
  generation(): number;
  listeners(): readonly ListenerState[];
  originStates(): readonly OriginState[];
  disks?(): readonly DiskStatus[];
  /** Reads the configuration anew and puts it in force; a wrong one changes nothing. Never rejects. */
  reload(): Promise<ReloadOutcome>;
  /** Starts another process that takes this one's place. @returns its id once it serves. Rejects with one sentence */
  upgrade?(): Promise<number>;
  /** Serve `POST /debug/workers/ID/kill`; only tests set it. */
  readonly testHooks?: boolean;
  /** Kills an edge thread; false when there is none of that id. */
  killWorker?(id: number): boolean;
  /** Told of every purge and every refused request, for the process log. */
  log?(event: AdminEvent): void;
}

/** Where clients connect. */
export interface ListenerState {
  /** `127.0.0.1:8080`. */
  readonly address: string;
  readonly tls: boolean;
}

/** How an origin of a site is. What is not known or not counted is null. */
export interface OriginState {
  /** Name of the site. */
  readonly site: string;
  readonly url: string;
  /**
   * `up`: it gets requests; `down`: its health check fails; `ejected`: too many requests to it failed in a row;
   * `open`: its circuit breaker keeps requests away; `unknown`: nothing has told yet.
   */
  readonly state: 'up' | 'down' | 'ejected' | 'open' | 'unknown';
  /** Why it is in this state, in words. */
  readonly reason: string | null;
  readonly backup: boolean;
  readonly weight: number;
  /** Of the last health check: ISO 8601, UTC. */
  readonly last_check: string | null;
  /** Moving average of the time to the head of an answer. */
  readonly latency_ms: number | null;
  /** Requests under way. */
  readonly under_way: number | null;
  readonly connections: number | null;
  /** Since the start. */
  readonly requests: number | null;
  readonly errors: number | null;
}

export interface AdminEvent {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface AdminServer {
  /** Where it listens, for example `127.0.0.1:9900` or `[::1]:9900`. */
  readonly address: { readonly host: string; readonly port: number };
  /** Stops accepting, lets running answers finish for a moment, then closes every connection. */
  close(): Promise<void>;
}
