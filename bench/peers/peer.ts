/** What a server is started with: ports, folder and limits are chosen by the run, equal for every server. */
export interface Setup {
  /** Empty folder of this server alone: on a memory file system where there is one, unless `disk` is given. */
  dir: string;
  port: number;
  adminPort: number;
  /** Port for HTTP/1.1 and HTTP/2 over TLS, for servers that speak it. */
  tlsPort: number;
  /** PEM files of the certificate, its key, and of both in one. */
  cert: string;
  key: string;
  certAndKey: string;
  /** Threads or worker processes that answer. */
  threads: number;
  /** Whether each client's rate is counted against a limit that it never reaches. */
  limited: boolean;
  /** Whether requests go through the rules of the OWASP Core Rule Set, at its first level. */
  waf: boolean;
  originPort: number;
  /** Limit of the cache in bytes. */
  memory: number;
  /** Limit in bytes of what it keeps in files beneath `memory`; 0 where the case wants no such tier. */
  disk: number;
  /** Whether far more is asked for than fits in the cache. */
  churn: boolean;
  /** Folder with the origin's files, for servers that answer without an origin. */
  bodies: string;
  root: boolean;
}

/** A process to start in the foreground. */
export interface Launch {
  argv: string[];
  env?: Record<string, string>;
  /** Files to write before the start: path relative to `Setup.dir` -> content. A path that ends in `/` is a folder. */
  files: Record<string, string>;
}

/**
 * What a case asks of a server, so that those that cannot do it are left out: hits, hits answered by 304 or 206 or chosen
 * by Accept-Encoding, over TLS or HTTP/2, with rates counted, through a firewall, and with two threads; revalidations.
 */
export type Kind =
  | 'hit'
  | 'miss'
  | 'zipf'
  | 'disk'
  | 'conditional'
  | 'range'
  | 'variant'
  | 'tls'
  | 'h2'
  | 'limited'
  | 'revalidate'
  | 'waf'
  | 'threads';

/** One server under test: a pure description, from which `run.ts` starts a process. */
export interface Peer {
  name: string;
  kinds: readonly Kind[];
  /** Why it is left out of a kind of work, for those that are worth telling. */
  cannot?: Partial<Record<Kind, string>>;
  /** Whether it compiles its code while it works: its first, unmeasured run has to be long in every case. */
  compiles?: boolean;
  /** Whether what it keeps in memory is measured too. */
  weighed?: boolean;
  /** Debian packages that bring it; none for what belongs to the project. */
  packages: readonly string[];
  /** Why it cannot run here, in one sentence; undefined when it can. */
  absent(): string | undefined;
  /** Command that prints the version, and the pattern whose first group is the version. */
  version: { argv: string[]; pattern: RegExp };
  launch(setup: Setup): Launch;
}

export const MB = 1024 * 1024;

/** Size in whole megabytes, at least one. */
export function megabytes(bytes: number): number {
  return Math.max(1, Math.floor(bytes / MB));
}
