import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorKind, messageOf } from './errors.ts';
import { APPLICATION_ID, createSchema, type DiskIndex, SCHEMA_VERSION, SqliteIndex } from './index-store.ts';
import { segmentNumber } from './segment-file.ts';

export const INDEX_FILE = 'lb-disk.db';

/** Bytes of SQLite's page cache. */
const CACHE_BYTES = 16 << 20;
const LARGEST_WAL_PAGES = 1000;
const PAGE_BYTES = 4096;

export type Log = (level: 'info' | 'warn' | 'error', message: string, details: Record<string, unknown>) => void;

/**
 * Opens the index of a folder that this process has locked. One that is damaged, of another version or of another program is
 * moved aside, and the disk begins empty: what segments hold says nothing without the index, which alone knows what has been
 * purged since.
 * @param size of the disk, in bytes: of a small one the log that SQLite writes ahead is small
 * @throws where the folder does not let a database be
 */
export function openIndex(folder: string, size: number, log: Log): DiskIndex {
  const path = join(folder, INDEX_FILE);
  const found = existsSync(path) ? tryOpen(path, size) : undefined;
  if (found instanceof SqliteIndex) return found;
  if (found !== undefined) setAside(folder, found.wrong, log);
  removeSegments(folder);
  const database = connect(path, size);
  try {
    createSchema(database);
    return new SqliteIndex(database, path);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Throws away the index and all segments of a folder that is locked. */
export function emptyFolder(folder: string): void {
  for (const ending of ['', '-wal', '-journal']) rmSync(join(folder, INDEX_FILE + ending), { force: true });
  removeSegments(folder);
}

function tryOpen(path: string, size: number): SqliteIndex | { wrong: string } {
  let database: DatabaseSync | undefined;
  try {
    database = connect(path, size);
    const application = pragma(database, 'application_id');
    const version = pragma(database, 'user_version');
    // of a first start that died before the tables were there
    if (application === 0 && pragma(database, 'page_count') <= 1) createSchema(database);
    else if (application !== APPLICATION_ID) throw new Foreign('it is the database of another program');
    else if (version !== SCHEMA_VERSION)
      throw new Foreign(`it is of version ${version}, this lb uses ${SCHEMA_VERSION}`);
    database.prepare('SELECT count(*) FROM objects WHERE place < 0').all();
    const index = new SqliteIndex(database, path);
    // all of them are read at the start anyway; objects are read later, and damage there is found then
    index.segments();
    index.purges();
    index.sites();
    return index;
  } catch (error) {
    database?.close();
    if (error instanceof Foreign || errorKind(error) === 'corrupt') return { wrong: messageOf(error) };
    throw error;
  }
}

class Foreign extends Error {}

function connect(path: string, size: number): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    // Exclusive before anything is read: the log's index is then in memory, not a mapped file that could vanish beneath us.
    database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -${CACHE_BYTES >> 10}`);
    if (pragma(database, 'page_count') === 0) database.exec('PRAGMA auto_vacuum = INCREMENTAL');
    const pages = Math.min(LARGEST_WAL_PAGES, Math.max(32, Math.floor(size / 256 / PAGE_BYTES)));
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${pages}`);
    database.exec(`PRAGMA journal_size_limit = ${pages * PAGE_BYTES}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function pragma(database: DatabaseSync, name: string): number {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0] as number;
}

function setAside(folder: string, reason: string, log: Log): void {
  const path = join(folder, INDEX_FILE);
  const aside = `${path}.aside`;
  for (const ending of ['-wal', '-journal']) rmSync(path + ending, { force: true });
  renameSync(path, aside);
  log('error', 'the index of a disk cannot be used: it is moved aside, and the disk begins empty', {
    folder,
    aside,
    reason,
  });
}

function removeSegments(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (segmentNumber(name) !== undefined) rmSync(join(folder, name), { force: true });
  }
}
