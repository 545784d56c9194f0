import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NOTE_FILE = 'lb-disk.json';

/** What a process that has a folder leaves there for its successor, which begins before it may open the index. */
export interface Note {
  /** Hexadecimal. */
  secret: string;
  /** Purges of the process that has the folder are at most this one. */
  reserved: number;
  sites: [name: string, number: number][];
}

/** @throws errors of the file system */
export function writeNote(folder: string, note: Note): void {
  const path = join(folder, NOTE_FILE);
  writeFileSync(`${path}.new`, JSON.stringify(note), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Undefined where there is none, or none that can be read. */
export function readNote(folder: string): Note | undefined {
  try {
    const note = JSON.parse(readFileSync(join(folder, NOTE_FILE), 'utf8')) as Note;
    const isWhole = /^[0-9a-f]{16}$/.test(note.secret) && Number.isInteger(note.reserved) && Array.isArray(note.sites);
    return isWhole ? note : undefined;
  } catch {
    return undefined;
  }
}
