import { createHash, randomUUID } from 'node:crypto';
import { linkSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ensurePrivateFolder } from '../private-folder.ts';
import type { KnownBuild } from './builds.ts';
import { relinkToOlderGlibc } from './relink.ts';

/**
 * Gives the path of a relinked copy of a known binary, making it in the first of `folders` that can be used.
 *
 * Every process and thread that shares a folder gets the same file: a copy that passes its checksum is reused and never
 * replaced, since threads that load different files would hold different instances of the library.
 *
 * @param original path of the published binary; only ever read
 * @param folders created when missing, for this user alone
 * @throws Error when the original is not the known one, or no folder can be used; the message names each cause
 */
export function relinkedCopy(original: string, build: KnownBuild, folders: string[]): string {
  const name = `${build.relinked.slice(0, 16)}-${basename(original)}`;
  const refusals: string[] = [];
  let image: Buffer | undefined;
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      ensurePrivateFolder(folder);
      if (!isIntact(path, build.relinked)) {
        image ??= relinkKnown(original, build);
        publish(image, path, build.relinked);
      }
      return path;
    } catch (error) {
      if (error instanceof UnknownBuildError) throw error;
      refusals.push(`${folder}: ${(error as Error).message}`);
    }
  }
  throw new Error(`no folder for the relinked copy can be used (${refusals.join('; ')})`);
}

class UnknownBuildError extends Error {}

function relinkKnown(original: string, build: KnownBuild): Buffer {
  const published = readFileSync(original);
  if (sha256(published) !== build.original) throw new UnknownBuildError(`${original} is not the published file`);
  const { image } = relinkToOlderGlibc(published);
  if (sha256(image) !== build.relinked) throw new UnknownBuildError(`relinking ${original} gave unexpected bytes`);
  return image;
}

function isIntact(path: string, checksum: string): boolean {
  try {
    return lstatSync(path).isFile() && sha256(readFileSync(path)) === checksum;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Puts the bytes at `path` in one step. A hard link, unlike a rename, never replaces the file that a parallel start has
 * just published and may already have loaded.
 */
function publish(image: Buffer, path: string, checksum: string): void {
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, image, { mode: 0o500, flag: 'wx' });
  try {
    linkSync(draft, path);
  } catch (error) {
    if (isIntact(path, checksum)) return;
    // Either a damaged file holds the name, or the file system has no hard links.
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
