/** A thread of the pool: compresses and hashes stored bytes, at the lowest priority, for as long as there is such work. */
import { move, transferableSymbol, valueSymbol } from 'piscina';
import type { Job, JobResult } from '../src/pool/jobs.ts';
import { lowerPriority } from '../src/pool/priority.ts';
import { runJob } from '../src/pool/run.ts';

lowerPriority();

/** What piscina calls for each job. The bytes of a result are handed over, not copied. */
export default function run(job: Job): unknown {
  const result: JobResult = runJob(job);
  const bytes = 'bytes' in result ? result.bytes : undefined;
  return bytes === undefined ? result : move({ [valueSymbol]: result, [transferableSymbol]: [bytes] });
}
