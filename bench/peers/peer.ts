/** What a server is started with: ports, folder and limits are chosen by the run, equal for every server. */
export interface Setup {
  /** Empty folder of this server alone: on a memory file system where there is one, unless `disk` is given. */
  dir: string;
  port: number;
  adminPort: number;
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

export type Kind = 'hit' | 'miss' | 'zipf' | 'disk';

/** One server under test: a pure description, from which `run.ts` starts a process. */
export interface Peer {
  name: string;
  kinds: readonly Kind[];
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
