import { createHash } from 'node:crypto';
import { compress, decode } from './codings.ts';
import type { Job, JobResult, Pieces } from './jobs.ts';
import { Pace } from './pace.ts';

/** Does a job on the thread that calls, which it blocks, within its share of a core. @throws Error by a bug only */
export function runJob(job: Job): JobResult {
  const pace = new Pace(job.share, job.signal);
  const done = work(job, pace);
  return { ...done, cpuSeconds: pace.cpuSeconds };
}

type Done = JobResult extends infer R ? (R extends unknown ? Omit<R, 'cpuSeconds'> : never) : never;

function work(job: Job, pace: Pace): Done {
  let input: Pieces;
  try {
    input = decode(job.from, job.input, job.maxInput);
  } catch {
    return { outcome: 'useless' };
  }
  if (!pace.step()) return { outcome: 'stopped' };
  if (job.type === 'digest') return digest(job.from === 'identity', input, pace);
  const bytes = compress(job, input, pace);
  if (bytes !== undefined) return { outcome: 'made', bytes: bytes.buffer };
  return { outcome: new Int32Array(job.signal)[0] === 0 ? 'useless' : 'stopped' };
}

function digest(isPlain: boolean, input: Pieces, pace: Pace): Done {
  const sum = createHash('sha256');
  for (const piece of input) sum.update(piece);
  pace.step();
  const hash = new Uint8Array(sum.digest());
  if (isPlain) return { outcome: 'digest', hash };
  return { outcome: 'digest', hash, bytes: new Uint8Array(Buffer.concat(input)).buffer };
}
