import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from './open-index.ts';
import { segmentNumber } from './segment-file.ts';

/**
 * Removes the segment that was written longest ago from a folder that is locked and whose index has no room to say so: what is
 * missing is taken out of the index when it is opened. False where there is none.
 */
export function giveRoom(folder: string, log: Log): boolean {
  let oldest: { path: string; written: number } | undefined;
  for (const name of readdirSync(folder)) {
    if (segmentNumber(name) === undefined) continue;
    const path = join(folder, name);
    const { mtimeMs, size } = statSync(path);
    if (size > 0 && (oldest === undefined || mtimeMs < oldest.written)) oldest = { path, written: mtimeMs };
  }
  if (oldest === undefined) return false;
  rmSync(oldest.path);
  log('warn', 'a disk is full: its oldest segment is given back, so that its index has room', { folder });
  return true;
}
