import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DiskContents, DiskPurge, DiskTerms } from '../threads/messages.ts';
import { errorKind, messageOf } from './errors.ts';
import { giveRoom } from './give-room.ts';
import type { DiskIndex } from './index-store.ts';
import { lockFolder } from './lock.ts';
import { readNote, writeNote } from './note.ts';
import { emptyFolder, INDEX_FILE, type Log, openIndex } from './open-index.ts';
import { segmentBytesFor, tableSize } from './sizes.ts';

/** Purges that a process may make before it has to note more; so many a successor leaves out. */
const RESERVE = 65_536;

/** A purge of nothing. */
const NOTHING: Omit<DiskPurge, 'sequence'> = {
  site: -2,
  host: '',
  pattern: '/',
  exact: true,
  soft: false,
  stamp: 0,
  tag: 0,
};

/** A folder that this process has, with its index open. */
export class OpenFolder {
  readonly path: string;
  readonly size: number;
  readonly #log: Log;
  readonly #unlock: () => void;
  #index: DiskIndex;
  #segmentBytes = 0;
  #reserved = 0;
  /** Tells the database apart from another that has taken its place. */
  #inode = 0;

  private constructor(path: string, size: number, log: Log, unlock: () => void, index: DiskIndex) {
    this.path = path;
    this.size = size;
    this.#log = log;
    this.#unlock = unlock;
    this.#index = index;
  }

  /** Opens a folder, made where it is missing; undefined while another process has it. @throws errors of the file system or of SQLite */
  static open(path: string, size: number, log: Log): OpenFolder | undefined {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    // says so in plain words, where SQLite has an I/O error
    accessSync(path, constants.W_OK);
    const unlock = lockFolder(path);
    if (unlock === undefined) return undefined;
    for (;;) {
      try {
        return OpenFolder.#opened(new OpenFolder(path, size, log, unlock, openIndex(path, size, log)));
      } catch (error) {
        // each time round there is a segment less
        if (errorKind(error) === 'full' && giveRoom(path, log)) continue;
        unlock();
        throw error;
      }
    }
  }

  static #opened(folder: OpenFolder): OpenFolder {
    try {
      folder.#orEmpty(() => folder.#begin());
      return folder;
    } catch (error) {
      folder.#closeIndex();
      throw error;
    }
  }

  get index(): DiskIndex {
    return this.#index;
  }

  get segmentBytes(): number {
    return this.#segmentBytes;
  }

  /** Purges up to this one are applied; later ones that the index knows are not. */
  get applied(): number {
    return Number(this.#index.setting('applied') ?? 0);
  }

  get sequence(): number {
    return Number(this.#index.setting('sequence') ?? 0);
  }

  /** What the cache has to know before it begins. @throws errors of the file system or of SQLite */
  contents(): DiskContents {
    return this.#orEmpty(() => this.#contents());
  }

  #contents(): DiskContents {
    const secret = this.#index.setting('secret');
    const purges = this.#index.purges();
    const waiting = purges.find(({ sequence }) => sequence > this.applied);
    return {
      secret: secret === undefined ? undefined : Buffer.from(secret, 'hex'),
      sequence: this.sequence,
      applied: waiting === undefined ? this.sequence : waiting.sequence - 1,
      purges,
      sites: this.#index.sites(),
      locked: false,
      table: tableSize(this.size, this.#segmentBytes, this.#index.count()),
    };
  }

  /**
   * Makes the folder fit what the cache has begun with; throws away what does not.
   * @param session of the process; where it had the folder before, nobody else may have had it since
   * @param late purges that were made since the terms were
   * @throws errors of the file system or of SQLite
   */
  prepare(
    { secret, sequence, missed, empty }: Pick<DiskTerms, 'secret' | 'sequence' | 'missed' | 'empty'>,
    session: string,
    late: readonly DiskPurge[],
  ): void {
    const own = this.#index.setting('secret');
    const key = Buffer.from(secret).toString('hex');
    if (own !== undefined) {
      if (empty) this.empty('it has missed purges, or numbers sites in another way');
      else if (own !== key) this.empty('it was made with another secret');
      else if (this.#index.setting('session') !== session && this.sequence > sequence) {
        this.empty('it has met purges that this process does not know');
      }
    }
    const index = this.#index;
    index.transaction(() => {
      if (index.setting('secret') === undefined) index.saveSetting('applied', String(sequence));
      index.saveSetting('secret', key);
      index.saveSetting('session', session);
      for (const purge of [...missed, ...late]) if (purge.sequence > this.sequence) index.addPurge(purge);
      const newest = index.purges().at(-1)?.sequence;
      // so that those that are known are without a gap up to the newest
      if (newest !== undefined && newest < sequence) index.addPurge({ ...NOTHING, sequence });
      index.saveSetting('sequence', String(Math.max(this.sequence, sequence, newest ?? 0)));
    }, true);
    this.#note();
  }

  /** All that the folder has is thrown away. @throws errors of the file system or of SQLite */
  empty(reason: string): void {
    this.#log('warn', 'a disk begins empty', { folder: this.path, reason });
    this.#closeIndex();
    emptyFolder(this.path);
    this.#index = openIndex(this.path, this.size, this.#log);
    this.#begin();
  }

  /** An index that turns out to be damaged is thrown away, once. */
  #orEmpty<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      if (errorKind(error) !== 'corrupt') throw error;
      this.empty(`its index is damaged: ${messageOf(error)}`);
      return work();
    }
  }

  saveSites(sites: readonly [name: string, number: number][]): void {
    this.#index.transaction(() => this.#index.saveSites(sites));
    this.#note();
  }

  /** Purges up to this one are about to be kept. */
  reserve(sequence: number): void {
    if (sequence + RESERVE / 2 > this.#reserved) this.#note(sequence);
  }

  /** Whether the folder is still where it was. */
  isThere(): boolean {
    return statSync(join(this.path, INDEX_FILE), { throwIfNoEntry: false })?.ino === this.#inode;
  }

  close(): void {
    this.#closeIndex();
    this.#unlock();
  }

  /** Gives back a part of what the folder holds, so that its index can be written when it is opened again. */
  giveRoom(): boolean {
    return giveRoom(this.path, this.#log);
  }

  /** Also after `empty` has failed half way. */
  #closeIndex(): void {
    try {
      this.#index.close();
    } catch {
      // it is closed
    }
  }

  #begin(): void {
    this.#inode = statSync(join(this.path, INDEX_FILE)).ino;
    const kept = this.#index.setting('segment_bytes');
    this.#segmentBytes = kept === undefined ? segmentBytesFor(this.size) : Number(kept);
    // segments of a disk that has become much smaller
    if (this.#segmentBytes * 4 > this.size) {
      this.empty('its segments are too large for its new size');
      return;
    }
    if (kept === undefined) {
      const index = this.#index;
      index.transaction(() => index.saveSetting('segment_bytes', String(this.#segmentBytes)));
    }
  }

  #note(sequence = this.sequence): void {
    const reserved = sequence + RESERVE;
    const secret = this.#index.setting('secret') ?? '';
    writeNote(this.path, { secret, reserved, sites: this.#index.sites() });
    this.#reserved = reserved;
  }
}

/** What is known of a folder that another process has; undefined where it has left no note. */
export function notedContents(folder: string, size: number): DiskContents | undefined {
  const note = readNote(folder);
  if (note === undefined) return undefined;
  const sequence = note.reserved + 1;
  return {
    secret: Buffer.from(note.secret, 'hex'),
    sequence,
    applied: sequence,
    purges: [],
    sites: note.sites,
    locked: true,
    table: tableSize(size),
  };
}
