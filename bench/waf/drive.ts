/** Drives servers with wrk and counts their processor time. */
import { join } from 'node:path';
import { Child } from '../peers/child.ts';
import { coreBusyMicros, treeCpuMicros } from '../peers/proc.ts';
import { finishWrk } from '../peers/wrk.ts';

const SCRIPT = join(import.meta.dirname, 'wrk', 'request.lua');

/** A kind of request. */
export interface Work {
  readonly title: string;
  readonly method: 'get' | 'post';
  readonly values: 'new' | 'again';
  readonly connections: number;
}

export const WORKS: readonly Work[] = [
  { title: 'GET from the cache, values that never repeat', method: 'get', values: 'new', connections: 32 },
  { title: 'GET from the cache, always the same values', method: 'get', values: 'again', connections: 32 },
  { title: 'POST of a 10 KB form, values that never repeat', method: 'post', values: 'new', connections: 16 },
];

export interface Sample {
  /** User and system time of all the server's processes and threads. */
  readonly microsPerRequest: number;
  /** Share of the time in which something else kept the server's core busy. */
  readonly otherUse: number;
  readonly requests: number;
  /** Requests without an answer, or with a status of 400 or above. */
  readonly failed: number;
}

export interface Drive {
  readonly work: Work;
  readonly child: Child;
  readonly port: number;
  readonly seconds: number;
  readonly seed: number;
  readonly cores: { readonly load: number; readonly server: number } | undefined;
  readonly cwd: string;
  /** Called with wrk's process, so that it can be ended with the run. */
  readonly onWrk: (wrk: Child) => void;
}

export async function drive({ work, child, port, seconds, seed, cores, cwd, onWrk }: Drive): Promise<Sample> {
  const clock = () => ({
    at: performance.now() * 1000,
    own: treeCpuMicros(child.pid),
    core: cores === undefined ? 0 : coreBusyMicros(cores.server),
  });
  const before = clock();
  const wrk = new Child({
    argv: [
      ...['wrk', '-t', '1', '-c', String(work.connections), '-d', `${seconds}s`, '--timeout', '10s', '--latency'],
      ...['-s', SCRIPT, `http://127.0.0.1:${port}/`, '--', work.method, work.values, String(seed)],
    ],
    cwd,
    core: cores?.load,
    stdout: 'keep',
  });
  onWrk(wrk);
  const { requests, failed, statuses } = await finishWrk(wrk);
  const after = clock();
  if (!child.alive) throw new Error(`it died: ${child.output}`);
  if (requests === 0) throw new Error('it answered nothing');
  const own = after.own - before.own;
  return {
    microsPerRequest: own / requests,
    otherUse: Math.max(0, after.core - before.core - own) / (after.at - before.at),
    requests,
    failed: failed + statuses,
  };
}
