import type { Cache } from '../cache/cache.ts';
import { WorkPool } from '../pool/pool.ts';
import { BackgroundWorks } from '../pool/works.ts';
import type { Logger } from '../stats/logger.ts';
import { workerFile } from '../threads/spawn.ts';

/**
 * What is done in the background. Its threads belong to main, not to each edge: so there are as many as the share of the
 * processor needs, whatever the number of edges, and nothing is made twice.
 *
 * @param share CPU seconds per second that all of it may take
 */
export function openBackground(cache: Cache, logger: Logger, share: number): BackgroundWorks {
  const log = (message: string, details: Record<string, unknown>) => logger.warn(details, message);
  const onError = (error: Error) => log('a thread of the pool has ended', { error: error.message });
  return new BackgroundWorks(cache, new WorkPool({ file: workerFile('pool'), share, onError }), log);
}
