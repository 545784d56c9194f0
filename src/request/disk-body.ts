import { DiskFault } from '../disk/fault.ts';
import { BLOCK } from '../disk/format.ts';
import { type DiskRecord, MAX_BLOCKS } from '../disk/record.ts';
import { type StoredMeta, type StoredView, viewOf } from '../fill/stored.ts';
import type { Exchange } from './exchange.ts';
import { FINISH, LOOKUP, RESPOND, type Step, WAIT } from './step.ts';

const decoder = new TextDecoder();

/**
 * Largest part that is handed over at once, in bytes. The next one is read or checked meanwhile: what is sent in larger parts
 * fills the processor's caches, and has the system's pacing of TCP (BBR) set a timer for each 64 KB.
 */
const PART = 32 << 10;

/** A stored response whose body goes from a disk to a client, block by block as that takes it, and not into memory. */
export class DiskBody {
  readonly view: StoredView;
  /** Cache time. */
  readonly born: number;
  /** No more bytes come. */
  failed = false;
  readonly #x: Exchange;
  readonly #record: DiskRecord;
  /** Where in the body the verified bytes at hand begin. */
  #from = 0;
  #bytes: Uint8Array | undefined;
  #isReading = false;
  #isReleased = false;

  /**
   * @param record open; closed by `release`
   * @param whole all of its body, where that is at hand
   */
  constructor(x: Exchange, record: DiskRecord, whole?: Uint8Array) {
    this.#x = x;
    this.#record = record;
    const { head, meta, userWords } = record.prelude;
    this.born = userWords[1];
    this.#bytes = whole;
    this.view = viewOf(JSON.parse(decoder.decode(meta)) as StoredMeta, head, record.length, whole);
  }

  /** At most `limit` bytes from position `at` on; undefined where they have to be read first, or cannot be. */
  run(at: number, limit: number): Uint8Array | undefined {
    const known = this.#part(at, limit);
    if (known !== undefined || this.#isReading || this.failed) return known;
    const block = Math.floor(at / BLOCK);
    this.#from = block * BLOCK;
    try {
      this.#bytes = this.#record.blocksNow(block);
      if (this.#bytes === undefined) void this.#read(block, Math.floor((at + limit - 1) / BLOCK));
    } catch (error) {
      this.#fail(error as Error);
    }
    return this.#part(at, limit);
  }

  release(): void {
    this.#isReleased = true;
    this.#bytes = undefined;
    this.#record.close();
  }

  #part(at: number, limit: number): Uint8Array | undefined {
    const offset = at - this.#from;
    if (this.#bytes === undefined || offset < 0 || offset >= this.#bytes.length) return undefined;
    return this.#bytes.subarray(offset, offset + Math.min(limit, PART));
  }

  async #read(block: number, last: number): Promise<void> {
    this.#isReading = true;
    try {
      this.#bytes = await this.#record.blocksOf(block, Math.min(MAX_BLOCKS, last - block + 1));
    } catch (error) {
      this.#fail(error as Error);
    }
    this.#isReading = false;
    // a client that does not take what it has is asked by its own event
    if (!this.#isReleased && !this.#x.blocked) this.#x.proceed(RESPOND);
  }

  #fail(error: Error): void {
    this.failed = true;
    this.#bytes = undefined;
    if (!(error instanceof DiskFault)) this.#x.context.onBug(error);
  }
}

/** There are no bytes at hand: they are waited for, or, where they do not come, the answer is broken off or another one is found. */
export function awaitDisk(x: Exchange, { failed }: DiskBody): Step {
  if (!failed) return WAIT;
  if (x.laterHead === undefined) {
    x.reply.destroy();
    return FINISH;
  }
  x.dropDiskBody();
  return LOOKUP;
}
