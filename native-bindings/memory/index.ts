import { createRequire } from 'node:module';
import { compiledAddon } from '../compile.ts';

/** What the addon does. */
export interface MemoryAddon {
  /**
   * Gives the system back what the C library holds free, of all threads (malloc_trim(3)). Whoever allocates meanwhile waits: about
   * a millisecond for each 100 MB.
   * @returns whether anything was given back
   */
  trim: () => boolean;
}

/** Loads the addon, compiled first where it has to be; undefined where there is none. Never rejects. */
export async function loadMemoryAddon(): Promise<MemoryAddon | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    return createRequire(import.meta.url)(await compiledAddon('memory')) as MemoryAddon;
  } catch {
    return undefined;
  }
}
