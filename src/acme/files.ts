import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes a folder for this user alone. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** Writes a file for this user alone, in such a way that others see the whole of it or what was there before. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await makeFolder(dirname(path));
  const draft = `${path}.${randomUUID()}`;
  let file: FileHandle | undefined;
  try {
    file = await open(draft, 'wx', 0o600);
    await file.writeFile(text);
    // else a power failure could leave an empty file under the name
    await file.sync();
    await file.close();
    file = undefined;
    await rename(draft, path);
  } finally {
    await file?.close();
    await rm(draft, { force: true });
  }
}

/** The text of a file, undefined where there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
