import { CacheKey } from '../cache/cache.ts';
import type { DiskRecord } from '../disk/record.ts';
import { findOnDisk } from '../fill/disk-load.ts';
import { PARTS_NAME } from '../fill/parts.ts';
import type { DiskBody } from './disk-body.ts';
import type { Exchange } from './exchange.ts';

/** Times that one request looks on disks: for a marker, what it leads to, and parts. */
const MAX_TRIES = 4;

/** What disks have to do with one request. */
export class DiskState {
  /** Cache-Status of a hit where the entry has just come from a disk; '' elsewhere. */
  status = '';
  /** What was found last, and under which key. Without a record its disk is to be asked. */
  record: DiskRecord | undefined;
  key = new CacheKey();
  /** Where the answer comes from, if not from memory. */
  body: DiskBody | undefined;
  /** Takes back what is waited for. */
  cancel: (() => void) | undefined;
  #tries = 0;
  #askedLo = 0;
  #askedHi = 0;
  readonly #parts = new CacheKey();

  /** Looks for what memory does not have under the request's key. Whether the step DISK is to go on with it. */
  find(x: Exchange): boolean {
    const { context, key } = x;
    if (this.#tries >= MAX_TRIES) return false;
    this.key = key;
    this.record = findOnDisk(context, key) ?? this.#findParts(x);
    if (this.record === undefined && !this.#mayAsk(x)) return false;
    this.#tries++;
    return true;
  }

  /** The disks are not looked at again. */
  giveUp(): void {
    this.#tries = MAX_TRIES;
  }

  /** Lets go of all that is open. */
  release(): void {
    if (this.#tries === 0) return;
    this.cancel?.();
    this.record?.close();
    this.body?.release();
    this.cancel = this.record = this.body = undefined;
  }

  reset(): void {
    if (this.#tries === 0) return;
    this.status = '';
    this.#tries = this.#askedLo = this.#askedHi = 0;
  }

  /** Parts of the resource, where there is nothing whole and memory has no parts. */
  #findParts(x: Exchange): DiskRecord | undefined {
    if (x.marker !== undefined || x.method !== 'GET') return undefined;
    const { cache } = x.context;
    const parts = this.#parts.set(x.host.prefix, x.target, x.keyParts + PARTS_NAME);
    const isHeld = cache.lookup(parts) !== 0;
    cache.unpin();
    const record = isHeld ? undefined : findOnDisk(x.context, parts);
    if (record !== undefined) this.key = parts;
    return record;
  }

  #mayAsk({ context: { disks }, key }: Exchange): boolean {
    if ((key.lo === this.#askedLo && key.hi === this.#askedHi) || (disks?.reader.loading(key) ?? -1) < 0) return false;
    this.#askedLo = key.lo;
    this.#askedHi = key.hi;
    return true;
  }
}
