/** Names of files in settings: what they are relative to, and whether they can be read. */

import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Problem } from './errors.ts';
import type { SettingType } from './setting.ts';

/** Why a file or folder cannot be read, in words; undefined where it can. */
export type Inspect = (path: string, kind: 'file' | 'folder') => string | undefined;

/** File names of one source of settings. */
export class Files {
  readonly #base: string;
  readonly #inspect: Inspect;

  /** `base`: the absolute path of the folder that names are relative to. */
  constructor(base: string, inspect: Inspect) {
    this.#base = base;
    this.#inspect = inspect;
  }

  /** The same for names that stand in a file of this name. */
  within(file: string): Files {
    return new Files(dirname(this.absolute(file)), this.#inspect);
  }

  absolute(name: string): string {
    return resolve(this.#base, name);
  }

  /** The same for an item of a list of names. */
  resolveItem<T>(item: T): T | string {
    return typeof item === 'string' ? this.absolute(item) : item;
  }

  /** The absolute path of a setting's value; where it has to be there, it is. */
  resolve(type: SettingType, name: string): string | Problem {
    const path = this.absolute(name);
    if (type !== 'file' && type !== 'folder') return path;
    const reason = this.#inspect(path, type);
    if (reason === undefined) return path;
    const from = path === name ? '' : `; it is looked for as ${path}`;
    return new Problem(`cannot read ${name}: ${reason}`, `name a ${type} that lb may read${from}`);
  }
}

/** Looks at the file system. */
export const inspectFile: Inspect = (path, kind) => {
  try {
    const isFolder = statSync(path).isDirectory();
    if (isFolder && kind === 'file') return 'it is a folder';
    if (!isFolder && kind === 'folder') return 'it is no folder';
    accessSync(path, isFolder ? constants.R_OK | constants.X_OK : constants.R_OK);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
};

/** Why a file could not be read, in words. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'ENOTDIR') return 'a part of its path is no folder';
  return error instanceof Error ? error.message : String(error);
}
