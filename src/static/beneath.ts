/** Files of a folder, opened so that what is opened lies beneath it, whatever links there are and whoever changes them. */

import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath, stat } from 'node:fs/promises';

/** A regular file or a folder that is open. Whoever has it closes it. */
export interface Opened {
  readonly kind: 'file' | 'folder';
  readonly handle: FileHandle;
  readonly stats: BigIntStats;
}

/** Why there is nothing to read: no such file, or one that lb may not read. */
export type Refusal = 'missing' | 'forbidden';

/** A FIFO must not hold the thread pool up, and a terminal must not become lb's. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Codes for paths that lead to nothing that can be sent; ENXIO: a socket. */
const MISSING: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO', 'EINVAL']);

/**
 * Opens a path beneath a folder. Links are followed as long as they stay within; that is looked at on the open file
 * itself, so that nobody can put a link in between.
 * @param root real path of the folder
 * @param names as `parseTarget` has them
 * @throws for errors that are no answer, such as EMFILE and EIO
 */
export async function openBeneath(root: string, names: readonly string[]): Promise<Opened | Refusal> {
  const path = [root === '/' ? '' : root, ...names].join('/') || '/';
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, FLAGS);
    const stats = await handle.stat({ bigint: true });
    const kind = kindOf(stats);
    if (kind !== undefined && isWithin(root, await realPathOf(handle, path, stats))) {
      const opened: Opened = { kind, handle, stats };
      handle = undefined;
      return opened;
    }
    return 'missing';
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (MISSING.has(code)) return 'missing';
    if (code === 'EACCES' || code === 'EPERM') return 'forbidden';
    throw error;
  } finally {
    await handle?.close();
  }
}

function kindOf(stats: BigIntStats): Opened['kind'] | undefined {
  if (stats.isFile()) return 'file';
  return stats.isDirectory() ? 'folder' : undefined;
}

function isWithin(root: string, path: string | undefined): boolean {
  return path !== undefined && (path === root || path.startsWith(root === '/' ? root : `${root}/`));
}

/**
 * Where an open file lies. On Linux the kernel says so. Elsewhere the path is resolved once more, and counts if it still
 * leads to the same file.
 */
async function realPathOf(handle: FileHandle, path: string, stats: BigIntStats): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const told = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => undefined);
    if (told !== undefined) return told;
  }
  const real = await realpath(path);
  const found = await stat(real, { bigint: true });
  return found.dev === stats.dev && found.ino === stats.ino ? real : undefined;
}
