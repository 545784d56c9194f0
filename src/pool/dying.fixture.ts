/** A thread of the pool that dies of any input that begins with 0xff. */
import type { Job, JobResult } from './jobs.ts';
import { runJob } from './run.ts';

export default function run(job: Job): JobResult {
  if (job.input[0][0] === 0xff) process.exit(3);
  return runJob(job);
}
