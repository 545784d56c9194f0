import { lstatSync, mkdirSync } from 'node:fs';

/**
 * Makes a folder for files that are loaded as code, and refuses one that another user could have prepared or can write to.
 * @throws Error that says what is wrong with it
 */
export function ensurePrivateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory()) throw new Error('is not a directory');
  if (found.uid !== process.getuid?.() && found.uid !== 0) throw new Error('belongs to another user');
  if ((found.mode & 0o022) !== 0) throw new Error('can be written to by other users');
}
