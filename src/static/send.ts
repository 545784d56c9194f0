/** Bytes of a file, for whoever asked: in large reads, as fast as they are taken, and only as long as the file stays as it was. */

import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Dispatcher } from 'undici';

/** Bytes of one read. */
export const BLOCK = 256 * 1024;

/** The file changed while it was sent. To whoever receives it that is a connection that broke. */
class ChangedError extends Error {
  readonly code = 'ECONNRESET';

  constructor() {
    super('the file changed while it was being sent');
  }
}

/** The disk, or what is mounted there, does not answer. To whoever waits that is an origin that is silent. */
class LateError extends Error {
  readonly code: string;

  constructor(code: string) {
    super('the file could not be read in time');
    this.code = code;
  }
}

/** One request's hold on its answer. */
export class Sending implements Dispatcher.DispatchController {
  aborted = false;
  paused = false;
  reason: Error | null = null;
  /** The answer is complete. */
  isOver = false;
  #wake: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #onLate: (error: Error) => void;

  /** @param onLate told where something does not happen in time; the answer is given up then */
  constructor(onLate: (error: Error) => void) {
    this.#onLate = onLate;
  }

  /** From here on something has to happen within so many ms, 0 for no limit, or it is a failure with undici's code. */
  expect(ms: number, code: 'UND_ERR_HEADERS_TIMEOUT' | 'UND_ERR_BODY_TIMEOUT'): void {
    clearTimeout(this.#timer);
    if (ms === 0) return;
    this.#timer = setTimeout(() => {
      const error = new LateError(code);
      this.abort(error);
      this.#onLate(error);
    }, ms);
  }

  /** It has happened. */
  met(): void {
    clearTimeout(this.#timer);
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#wake?.();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.#wake?.();
  }

  /** Resolves once the answer may go on. @throws where it is not wanted any more */
  async ready(): Promise<void> {
    while (this.paused && !this.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#wake = undefined;
    if (this.aborted) throw this.reason ?? new Error('given up');
  }
}

/** Reads a stretch of a file. @throws ChangedError where the file is not as it was by then, or shorter */
export async function readStretch(
  handle: FileHandle,
  stats: BigIntStats,
  start: number,
  length: number,
): Promise<Buffer> {
  // whoever takes it may keep it, so that it must not be a part of a pool
  const block = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(block, filled, length - filled, start + filled);
    if (bytesRead === 0) throw new ChangedError();
    filled += bytesRead;
  }
  const now = await handle.stat({ bigint: true });
  if (now.mtimeNs !== stats.mtimeNs || now.size !== stats.size) throw new ChangedError();
  return block;
}

/**
 * The stretch block by block, as the receiver is ready for it.
 * @param limit ms that one block may take, 0 for any time
 * @throws as `readStretch` and `ready`
 */
export async function* blocks(
  handle: FileHandle,
  stats: BigIntStats,
  { start, length }: { start: number; length: number },
  sending: Sending,
  limit: number,
): AsyncGenerator<Buffer> {
  for (let at = 0; at < length; at += BLOCK) {
    await sending.ready();
    sending.expect(limit, 'UND_ERR_BODY_TIMEOUT');
    const block = await readStretch(handle, stats, start + at, Math.min(BLOCK, length - at));
    sending.met();
    await sending.ready();
    yield block;
  }
}
