/**
 * The index of a disk: which objects it has and where, which segments there are, and which purges it knows of. What is
 * changed is changed in transactions, so that a death at any moment leaves the state of one of them.
 */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { DiskPurge } from '../threads/messages.ts';
import { firstPlace } from './place.ts';

/** What the shared slots are told of an object. */
export interface Row {
  place: number;
  /** The key's hash, signed words. */
  lo: number;
  hi: number;
  /** Bytes of the record before the body. */
  before: number;
  /** Bytes of the body. */
  body: number;
  /** The purge that it is as new as. */
  seq: number;
}

/** What purges find an object by. */
export interface RowNames {
  site: number;
  host: string;
  target: string;
  /** Signed hashes. */
  tags: ArrayLike<number>;
}

/** A row as purges see it. */
export type NamedRow = Omit<RowNames, 'tags'> & Pick<Row, 'place' | 'lo' | 'hi' | 'seq'>;

export interface SegmentRow {
  number: number;
  /** Raised when what it held is given up; its records name it. */
  generation: number;
  /** Segments are reused in the order of this; 0 while it is free. */
  born: number;
  /** Bytes that rows may speak of. */
  used: number;
}

/** What the rest of the tier needs of the index. All methods are synchronous; changes belong into `transaction`. */
export interface DiskIndex {
  /** All or nothing. @param durable survives a loss of power as well once it returns */
  transaction(work: () => void, durable?: boolean): void;
  setting(name: string): string | undefined;
  saveSetting(name: string, value: string): void;
  /** Of the sites that were told last. */
  sites(): [name: string, number: number][];
  saveSites(sites: readonly [name: string, number: number][]): void;
  insert(row: Row, names: RowNames): void;
  /** The row moves, with its names. */
  move(from: number, to: number): void;
  remove(place: number): void;
  /** All rows of a segment from an offset in places. @returns how many */
  removeSegment(segment: number, from?: number): number;
  /** Rows behind a place, ascending. */
  rows(after: number, limit: number): Row[];
  /** Rows of this hash: one, or more for a moment. */
  find(lo: number, hi: number): Row[];
  /** Names of rows behind a place, ascending. */
  named(after: number, limit: number): NamedRow[];
  /** The names of one row. */
  names(place: number): RowNames | undefined;
  /** Whether a segment has rows. */
  holds(segment: number): boolean;
  /** Of rows behind a place, ascending, those of this target, and perhaps of others; fewer than `limit` where there are no more. */
  ofTarget(target: string, after: number, limit: number): NamedRow[];
  /** As `ofTarget`, by the hash of a tag. */
  ofTag(tag: number, after: number, limit: number): NamedRow[];
  count(): number;
  segments(): SegmentRow[];
  saveSegment(segment: SegmentRow): void;
  forgetSegment(segment: number): void;
  /** Ascending. */
  purges(): DiskPurge[];
  addPurge(purge: DiskPurge): void;
  forgetPurges(before: number): void;
  /** Bytes of its files. */
  bytes(): number;
  /** Gives a part of unused space back; whether there is more. */
  shrink(): boolean;
  close(): void;
}

const SCHEMA = `
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE sites (name TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE segments (number INTEGER PRIMARY KEY, generation INTEGER NOT NULL, born INTEGER NOT NULL, used INTEGER NOT NULL) STRICT;
CREATE TABLE objects (
  place INTEGER PRIMARY KEY, lo INTEGER NOT NULL, hi INTEGER NOT NULL, before INTEGER NOT NULL, body INTEGER NOT NULL,
  seq INTEGER NOT NULL, site INTEGER NOT NULL, name INTEGER NOT NULL, host TEXT NOT NULL,
  target TEXT NOT NULL, tags BLOB
) STRICT;
CREATE INDEX objects_by_hash ON objects (lo);
CREATE INDEX objects_by_name ON objects (name);
CREATE TABLE tags (tag INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (tag, place)) STRICT, WITHOUT ROWID;
CREATE TABLE purges (
  sequence INTEGER PRIMARY KEY, site INTEGER NOT NULL, host TEXT NOT NULL, pattern TEXT NOT NULL, exact INTEGER NOT NULL,
  soft INTEGER NOT NULL, stamp INTEGER NOT NULL, tag INTEGER NOT NULL
) STRICT;
`;

/** Sets the database apart from others (PRAGMA application_id), "lbdk". */
export const APPLICATION_ID = 0x6c62646b;
/** Of the schema (PRAGMA user_version). */
export const SCHEMA_VERSION = 1;

const ROW = 'place, lo, hi, before, body, seq';
const NAMED = 'place, lo, hi, seq, site, host, target';

/** Pages that one `shrink` gives back. */
const SHRINK_PAGES = 256;
const PAGE_BYTES = 4096;
/** Of unused space so much is kept, in pages. */
const SPARE_PAGES = 1024;

type Value = number | string | null;

/** Makes the tables in a new, empty database. */
export function createSchema(database: DatabaseSync): void {
  database.exec('BEGIN');
  database.exec(SCHEMA);
  const seed = randomBytes(4).readInt32LE();
  database.exec(`INSERT INTO settings VALUES ('seed', '${seed}')`);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
}

/** The index in SQLite. */
export class SqliteIndex implements DiskIndex {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();
  /** Of hashes of targets: a client cannot choose targets of one hash. */
  readonly #seed: number;

  /** @param path of the database, which is open, with its tables made */
  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = path;
    this.#seed = Number(this.setting('seed'));
  }

  transaction(work: () => void, durable = false): void {
    const database = this.#database;
    if (durable) database.exec('PRAGMA synchronous = FULL');
    try {
      database.exec('BEGIN IMMEDIATE');
      try {
        work();
        database.exec('COMMIT');
      } catch (error) {
        // some errors have rolled it back already
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    } finally {
      if (durable) database.exec('PRAGMA synchronous = NORMAL');
    }
  }

  setting(name: string): string | undefined {
    return this.#all('SELECT value FROM settings WHERE name = ?', name)[0]?.[0] as string | undefined;
  }

  saveSetting(name: string, value: string): void {
    this.#run('INSERT OR REPLACE INTO settings VALUES (?, ?)', name, value);
  }

  sites(): [name: string, number: number][] {
    return this.#all('SELECT name, number FROM sites') as [string, number][];
  }

  saveSites(sites: readonly [name: string, number: number][]): void {
    this.#run('DELETE FROM sites');
    for (const [name, number] of sites) this.#run('INSERT INTO sites VALUES (?, ?)', name, number);
  }

  insert(row: Row, names: RowNames): void {
    const tags = new Set(Array.from(names.tags));
    this.#prepare('INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      row.place,
      row.lo,
      row.hi,
      row.before,
      row.body,
      row.seq,
      names.site,
      nameHash(names.target, this.#seed),
      names.host,
      names.target,
      tags.size === 0 ? null : new Uint8Array(Int32Array.from(tags).buffer),
    );
    for (const tag of tags) this.#run('INSERT OR IGNORE INTO tags VALUES (?, ?)', tag, row.place);
  }

  move(from: number, to: number): void {
    const tags = this.#tagsOf(from);
    this.#forgetTags(from, tags);
    this.#run('UPDATE objects SET place = ? WHERE place = ?', to, from);
    for (const tag of tags) this.#run('INSERT OR IGNORE INTO tags VALUES (?, ?)', tag, to);
  }

  remove(place: number): void {
    this.#forgetTags(place, this.#tagsOf(place));
    this.#run('DELETE FROM objects WHERE place = ?', place);
  }

  removeSegment(segment: number, from = firstPlace(segment)): number {
    const end = firstPlace(segment + 1);
    const tagged = 'SELECT place FROM objects WHERE place >= ? AND place < ? AND tags IS NOT NULL';
    for (const [place] of this.#all(tagged, from, end) as [number][]) this.#forgetTags(place, this.#tagsOf(place));
    return Number(this.#run('DELETE FROM objects WHERE place >= ? AND place < ?', from, end));
  }

  rows(after: number, limit: number): Row[] {
    return this.#all(`SELECT ${ROW} FROM objects WHERE place > ? ORDER BY place LIMIT ?`, after, limit).map(toRow);
  }

  find(lo: number, hi: number): Row[] {
    return this.#all(`SELECT ${ROW} FROM objects WHERE lo = ? AND hi = ? ORDER BY place`, lo, hi).map(toRow);
  }

  named(after: number, limit: number): NamedRow[] {
    return this.#all(`SELECT ${NAMED} FROM objects WHERE place > ? ORDER BY place LIMIT ?`, after, limit).map(toNamed);
  }

  names(place: number): RowNames | undefined {
    const [row] = this.#all(`SELECT ${NAMED} FROM objects WHERE place = ?`, place).map(toNamed);
    return row && { site: row.site, host: row.host, target: row.target, tags: this.#tagsOf(place) };
  }

  holds(segment: number): boolean {
    const sql = 'SELECT 1 FROM objects WHERE place >= ? AND place < ? LIMIT 1';
    return this.#all(sql, firstPlace(segment), firstPlace(segment + 1)).length > 0;
  }

  ofTarget(target: string, after: number, limit: number): NamedRow[] {
    const rows = this.#all(
      `SELECT ${NAMED} FROM objects WHERE name = ? AND place > ? ORDER BY place LIMIT ?`,
      nameHash(target, this.#seed),
      after,
      limit,
    );
    return rows.map(toNamed);
  }

  ofTag(tag: number, after: number, limit: number): NamedRow[] {
    const sql = `SELECT ${NAMED} FROM tags JOIN objects USING (place) WHERE tag = ? AND place > ? ORDER BY place LIMIT ?`;
    return this.#all(sql, tag, after, limit).map(toNamed);
  }

  count(): number {
    return this.#all('SELECT count(*) FROM objects')[0][0] as number;
  }

  segments(): SegmentRow[] {
    const rows = this.#all('SELECT number, generation, born, used FROM segments ORDER BY born, number') as number[][];
    return rows.map(([number, generation, born, used]) => ({ number, generation, born, used }));
  }

  saveSegment({ number, generation, born, used }: SegmentRow): void {
    this.#run('INSERT OR REPLACE INTO segments VALUES (?, ?, ?, ?)', number, generation, born, used);
  }

  forgetSegment(segment: number): void {
    this.#run('DELETE FROM segments WHERE number = ?', segment);
  }

  purges(): DiskPurge[] {
    const rows = this.#all(
      'SELECT sequence, site, host, pattern, exact, soft, stamp, tag FROM purges ORDER BY sequence',
    ) as [number, number, string, string, number, number, number, number][];
    return rows.map(([sequence, site, host, pattern, exact, soft, stamp, tag]) => {
      return { sequence, site, host, pattern, exact: exact === 1, soft: soft === 1, stamp, tag };
    });
  }

  addPurge({ sequence, site, host, pattern, exact, soft, stamp, tag }: DiskPurge): void {
    this.#run(
      'INSERT OR REPLACE INTO purges VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      sequence,
      site,
      host,
      pattern,
      exact ? 1 : 0,
      soft ? 1 : 0,
      stamp,
      tag,
    );
  }

  forgetPurges(before: number): void {
    this.#run('DELETE FROM purges WHERE sequence < ?', before);
  }

  bytes(): number {
    let bytes = 0;
    for (const ending of ['', '-wal', '-journal', '.aside']) {
      bytes += statSync(this.#path + ending, { throwIfNoEntry: false })?.size ?? 0;
    }
    return bytes;
  }

  shrink(): boolean {
    const [[unused]] = this.#all('PRAGMA freelist_count') as [[number]];
    if (unused < SPARE_PAGES || unused * PAGE_BYTES * 2 < this.bytes()) return false;
    this.#database.exec(`PRAGMA incremental_vacuum(${SHRINK_PAGES})`);
    return true;
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #tagsOf(place: number): Int32Array {
    const blob = this.#all('SELECT tags FROM objects WHERE place = ?', place)[0]?.[0] as unknown as Uint8Array | null;
    // a copy of its own, so that words are aligned
    return blob ? new Int32Array(blob.slice().buffer) : new Int32Array(0);
  }

  #forgetTags(place: number, tags: Int32Array): void {
    for (const tag of tags) this.#run('DELETE FROM tags WHERE tag = ? AND place = ?', tag, place);
  }

  #all(sql: string, ...values: Value[]): Value[][] {
    return this.#prepare(sql).all(...values) as unknown as Value[][];
  }

  #run(sql: string, ...values: Value[]): number | bigint {
    return this.#prepare(sql).run(...values).changes;
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      statement.setReturnArrays(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function toRow(values: Value[]): Row {
  const [place, lo, hi, before, body, seq] = values as number[];
  return { place, lo, hi, before, body, seq };
}

function toNamed(values: Value[]): NamedRow {
  const [place, lo, hi, seq, site, host, target] = values as [number, number, number, number, number, string, string];
  return { place, lo, hi, seq, site, host, target };
}

/** FNV-1a from a secret start: what targets are looked up by, so that the index is small. Those of one hash are told apart after. */
function nameHash(target: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < target.length; i++) hash = Math.imul(hash ^ target.charCodeAt(i), 0x01000193);
  return hash;
}
