import { DiskFault } from '../disk/fault.ts';
import type { DiskRecord } from '../disk/record.ts';
import { DiskBody } from './disk-body.ts';
import type { Exchange } from './exchange.ts';
import { RESPOND } from './step.ts';

/** A slice that goes from a disk to a client, and not into memory. */
export class DiskSlice {
  /** It cannot be had from there. */
  failed = false;
  readonly #x: Exchange;
  readonly #record: DiskRecord;
  #body: DiskBody | undefined;
  #isReleased = false;

  /** @param record not open yet; closed by `release` */
  constructor(x: Exchange, record: DiskRecord) {
    this.#x = x;
    this.#record = record;
    try {
      if (record.openNow()) this.#body = new DiskBody(x, record);
      else void this.#open();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** At most `limit` bytes from `at` on in the slice; undefined where they have to be read first, or cannot be. */
  run(at: number, limit: number): Uint8Array | undefined {
    const run = this.#body?.run(at, limit);
    if (this.#body?.failed === true) this.failed = true;
    return run;
  }

  release(): void {
    this.#isReleased = true;
    this.#body?.release();
    this.#record.close();
  }

  async #open(): Promise<void> {
    try {
      await this.#record.open();
      if (!this.#isReleased) this.#body = new DiskBody(this.#x, this.#record);
    } catch (error) {
      this.#fail(error as Error);
    }
    if (!this.#isReleased && !this.#x.blocked) this.#x.proceed(RESPOND);
  }

  #fail(error: Error): void {
    this.failed = true;
    if (!(error instanceof DiskFault)) this.#x.context.onBug(error);
  }
}
