import { createRequire } from 'node:module';
import { compiledAddon } from '../compile.ts';

/** What the addon does. Both throw RangeError for bytes outside of the view. */
export interface DiskAddon {
  /**
   * Reads what the system has in memory, without waiting for a disk (preadv2(2) with RWF_NOWAIT).
   * @returns bytes read: fewer than `length` where the rest would take a wait, or at the end of the file; -1 where none can be
   * read so, be it that they are not in memory, that the file system cannot tell, or that the read fails
   */
  readNow: (fd: number, view: Uint8Array, offset: number, length: number, position: number) => number;
  /** CRC-32C of bytes, as a signed word; `seed`: that of the bytes before them. Undefined where the processor has no instructions for it. */
  crc32c: ((view: Uint8Array, offset: number, length: number, seed: number) => number) | undefined;
}

export type LoadedDiskAddon = { addon: DiskAddon } | { unavailable: string };

interface Binary {
  readNow: DiskAddon['readNow'];
  crc32c: NonNullable<DiskAddon['crc32c']>;
  hasCrc: boolean;
}

let loaded: Promise<LoadedDiskAddon> | undefined;

/** Loads the addon, compiled first where it has to be; or says in one sentence why there is none. Never rejects. */
export function loadDiskAddon(): Promise<LoadedDiskAddon> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<LoadedDiskAddon> {
  if (process.platform !== 'linux') return { unavailable: `the disk addon is for Linux, not ${process.platform}` };
  try {
    const { readNow, crc32c, hasCrc } = createRequire(import.meta.url)(await compiledAddon('disk')) as Binary;
    return { addon: { readNow, crc32c: hasCrc ? crc32c : undefined } };
  } catch (error) {
    return { unavailable: `the disk addon cannot be loaded: ${(error as Error).message}` };
  }
}
