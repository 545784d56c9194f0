import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY_FILES = '/dev/shm';
const SPACE_NEEDED = 2 ** 30;

/** A new folder, in place of one of the same name. */
export function emptyFolder(parent: string, name: string): string {
  const dir = join(parent, name);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  return dir;
}

/** A file system in memory where there is one with room, so that no server waits for a disk. */
export function memoryFolder(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY_FILES);
    return bavail * bsize > SPACE_NEEDED ? MEMORY_FILES : tmpdir();
  } catch {
    return tmpdir();
  }
}
