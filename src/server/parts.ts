import type { Cache } from '../cache/cache.ts';
import type { Provenance } from '../config/picker.ts';
import type { BackgroundWorks } from '../pool/works.ts';
import type { AccessLog } from '../stats/access-log.ts';
import type { Logger } from '../stats/logger.ts';
import type { LineOutput } from '../stats/output.ts';
import type { EdgeThreads } from '../threads/edges.ts';
import type { TlsKeeper } from '../tls/keeper.ts';
import type { AcmeRunner } from './acme.ts';
import type { Disks } from './disks.ts';
import type { Entrance } from './entrance.ts';
import type { GiveBack } from './give-back.ts';
import type { LimitLines } from './limit-lines.ts';
import type { Live } from './live.ts';
import type { Origins } from './origins.ts';
import type { Plans } from './plans.ts';
import type { Purger } from './purger.ts';
import type { Reloader, Reread } from './reload.ts';
import type { SharedMemory } from './shared-memory.ts';

export interface ServerOptions {
  version: string;
  logger: Logger;
  /** Where the access log goes. */
  output: LineOutput;
  /** Every setting with where it came from, for explanations. */
  settings?: readonly Provenance[];
  /** Reads the configuration anew; without it there is no reload. */
  reread?: () => Reread;
  /** The file that the configuration came from, for `watch`. */
  file?: string | undefined;
  /** Another lb listens on the same addresses, and is about to go. */
  takesOver?: boolean;
  /** Starts a successor for `POST /upgrade`. @returns its process id. Rejects with one sentence */
  upgrade?: () => Promise<number>;
  /** Serve the admin API's hooks for tests. */
  testHooks: boolean;
}

/** All that main has. */
export interface Parts {
  readonly memory: SharedMemory;
  readonly cache: Cache;
  readonly live: Live;
  readonly state: { draining: boolean; settings: readonly Provenance[] };
  readonly entrance: Entrance;
  readonly edges: EdgeThreads;
  readonly plans: Plans;
  readonly purger: Purger;
  readonly reloader: Reloader;
  readonly accessLog: AccessLog;
  readonly tls: TlsKeeper;
  readonly origins: Origins;
  readonly limits: LimitLines;
  readonly acme: AcmeRunner;
  /** Undefined where nothing is kept on disk. */
  readonly disks: Disks | undefined;
  readonly works: BackgroundWorks;
  readonly giveBack: GiveBack;
}
