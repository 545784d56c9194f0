import { type FileHandle, open, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { makeFolder } from './files.ts';

/** A holder says this often that it lives, in ms. */
const BEAT = 10_000;

/** One that has not for so long is taken for dead, in ms: far above what clocks of machines that share a folder differ. */
const STALE = 120_000;

/**
 * Runs work that only one of the processes that share a folder may do at a time: the lock is a file.
 * @param times for tests, in ms
 * @returns false where another process has the lock; then nothing was done
 */
export async function withLock(
  path: string,
  work: () => Promise<void>,
  times: { beat: number; stale: number } = { beat: BEAT, stale: STALE },
): Promise<boolean> {
  await makeFolder(dirname(path));
  if (!(await take(path))) {
    if (!(await isStale(path, times.stale))) return false;
    await removeStale(path, times.stale);
    if (!(await take(path))) return false;
  }
  const beat = setInterval(() => {
    const now = new Date();
    // one that fails is made up for by the next
    utimes(path, now, now).catch(() => {});
  }, times.beat);
  beat.unref();
  try {
    await work();
  } finally {
    clearInterval(beat);
    await rm(path, { force: true });
  }
  return true;
}

async function take(path: string): Promise<boolean> {
  let file: FileHandle;
  try {
    file = await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  await file.writeFile(`${hostname()} ${process.pid}\n`);
  await file.close();
  return true;
}

async function isStale(path: string, stale: number): Promise<boolean> {
  try {
    return Date.now() - (await stat(path)).mtimeMs > stale;
  } catch {
    return false; // it was given back meanwhile; there will be another time
  }
}

/**
 * Removes the lock of one that has died. Those who notice do so one at a time, and look again: the lock may be that of
 * another one by then.
 */
async function removeStale(path: string, stale: number): Promise<void> {
  const turn = `${path}.stale`;
  if (!(await take(turn))) {
    if (await isStale(turn, stale)) await rm(turn, { force: true });
    return;
  }
  try {
    if (await isStale(path, stale)) await rm(path, { force: true });
  } finally {
    await rm(turn, { force: true });
  }
}
