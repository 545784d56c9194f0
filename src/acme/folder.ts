import { join } from 'node:path';

/**
 * Folder of the answers to challenges of HTTP-01, one file each: all processes that share the folder of lb's data answer
 * them, whichever has made the order.
 */
export function challengeFolder(dataDir: string): string {
  return join(dataDir, 'acme', 'challenges');
}
