import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorKind } from './errors.ts';

/**
 * Keeps a folder for this process: an exclusive lock of SQLite on an empty file, which the system takes back however the
 * process ends.
 * @returns what gives it back; undefined where another process has the folder
 * @throws where the file cannot be made
 */
export function lockFolder(folder: string): (() => void) | undefined {
  const database = new DatabaseSync(join(folder, 'lock'));
  try {
    // nothing is ever written; with a journal in memory a full file system has room for it too, which it has not with none
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (errorKind(error) === 'busy') return undefined;
    throw error;
  }
  return () => database.close();
}
