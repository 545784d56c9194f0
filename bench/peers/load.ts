import type { Case } from './cases.ts';
import type { Child } from './child.ts';
import { finishH2load, startH2load, startH2loadSteady } from './h2load.ts';
import { type Steady, startClient } from './steady/steady.ts';
import { finishWrk, startWrk, type WrkResult } from './wrk.ts';

/** A client under way. */
export interface Load<T> {
  child: Child;
  /** Waits for its end. Throws when it saw no answer or the wrong ones. */
  finish(): Promise<T>;
}

export interface LoadOptions {
  work: Case;
  target: { port: number; tlsPort: number };
  seconds: number;
  /** Seed of the order of requests, for cases whose order is random. */
  seed: number;
  core: number | undefined;
  cwd: string;
  /** What `steady/client.c` was built to; undefined where it could not be. */
  client: string | undefined;
}

/** Drives one server as hard as it goes, by the client that the case wants. */
export function startLoad(options: LoadOptions): Load<WrkResult> {
  const { work, client } = options;
  const run = { case: work, port: portOf(options), ...options };
  if (work.protocol === 'h2') {
    const child = startH2load(run);
    return { child, finish: () => finishH2load(child) };
  }
  if (work.ownClient && client !== undefined) {
    const own = startClient(client, { ...run, rate: 0 });
    return { child: own.child, finish: async () => ({ ...(await own.finish()), failed: 0, statuses: 0 }) };
  }
  const child = startWrk(run);
  return { child, finish: () => finishWrk(child) };
}

/** Drives one server at `rate` requests a second; undefined where there is no client for that. */
export function startSteady(options: LoadOptions, rate: number): Load<Steady> | undefined {
  const { work, client } = options;
  const run = { case: work, port: portOf(options), ...options };
  if (work.protocol === 'h2') return startH2loadSteady(run, rate);
  if (client === undefined) return undefined;
  const own = startClient(client, { ...run, rate });
  return { child: own.child, finish: async () => ({ rate, ...(await own.finish()) }) };
}

function portOf({ work, target }: LoadOptions): number {
  return work.protocol === undefined ? target.port : target.tlsPort;
}
