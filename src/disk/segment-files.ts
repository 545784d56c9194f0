import { close, open } from 'node:fs';
import { join } from 'node:path';
import type { ReadGate } from './read-gate.ts';
import { segmentName } from './segment-file.ts';

/** So long whoever wants a file waits for its turn to open it, in ms. */
export const PATIENCE = 1000;

/** Files of one disk that one thread keeps open. */
const MAX_OPEN = 128;

/** A segment's file, open for reading. Whoever has it counts in `users`, and each read until the system is done with it. */
export interface SegmentFile {
  readonly fd: number;
  readonly segment: number;
  /** Of the segment when it was opened: a file of a later generation may be another. */
  readonly generation: number;
  users: number;
  /** To be closed once nobody uses it. */
  ending: boolean;
}

/** The open segments of one disk, by number. Files are opened without waiting for the disk on this thread, and are kept. */
export class SegmentFiles {
  readonly #folder: string;
  readonly #gate: ReadGate;
  /** The least recently opened or missed first. */
  readonly #files = new Map<number, SegmentFile>();
  readonly #opening = new Map<string, Promise<SegmentFile>>();

  constructor(folder: string, gate: ReadGate) {
    this.#folder = folder;
    this.#gate = gate;
  }

  /** The open file of a segment's generation, if there is one; the caller's until `release`. */
  takeNow(segment: number, generation: number): SegmentFile | undefined {
    const file = this.#files.get(segment);
    if (file?.generation !== generation) return undefined;
    file.users++;
    return file;
  }

  /** As `takeNow`; opens the file, or waits for whoever does. Rejects with the system's error, or as the gate does. */
  async take(segment: number, generation: number): Promise<SegmentFile> {
    for (;;) {
      const file = await this.#openOnce(segment, generation);
      // between its opening and now it may have been closed again
      if (file.ending) continue;
      file.users++;
      return file;
    }
  }

  #openOnce(segment: number, generation: number): Promise<SegmentFile> {
    const name = `${segment} ${generation}`;
    let opening = this.#opening.get(name);
    if (opening === undefined) {
      const open = () => this.#open(segment, generation);
      opening = this.#gate.run(open, PATIENCE).finally(() => this.#opening.delete(name));
      this.#opening.set(name, opening);
    }
    return opening;
  }

  /** Whoever had it has it no more; or a read has ended, however late. */
  release(file: SegmentFile): void {
    file.users--;
    if (file.ending && file.users === 0) closeFile(file);
  }

  /** Closes a file, once nobody has it: it may not be the segment's any more. */
  end(file: SegmentFile): void {
    if (this.#files.get(file.segment) === file) this.#files.delete(file.segment);
    if (file.ending) return;
    file.ending = true;
    if (file.users === 0) closeFile(file);
  }

  endAll(): void {
    for (const file of this.#files.values()) this.end(file);
  }

  async #open(segment: number, generation: number): Promise<SegmentFile> {
    const path = join(this.#folder, segmentName(segment));
    const fd = await new Promise<number>((resolve, reject) => {
      open(path, 'r', (error, opened) => (error === null ? resolve(opened) : reject(error)));
    });
    const former = this.#files.get(segment);
    if (former !== undefined) this.end(former);
    const file = { fd, segment, generation, users: 0, ending: false };
    this.#files.set(segment, file);
    if (this.#files.size > MAX_OPEN) this.#endOldest(file);
    return file;
  }

  #endOldest(but: SegmentFile): void {
    for (const file of this.#files.values()) {
      if (file === but || file.users > 0) continue;
      this.end(file);
      return;
    }
  }
}

function closeFile({ fd }: SegmentFile): void {
  // what a file that was read says when it is closed matters to nobody
  close(fd, () => {});
}
