/** Purges on their way to the rows of a disk. They are kept durably already; once all rows have met one it is applied. */
import { compileGlob, exactGlob, type Glob, globMatches } from '../cache/glob.ts';
import type { DiskPurge } from '../threads/messages.ts';
import type { DiskIndex, NamedRow } from './index-store.ts';

/** Rows that are looked at in one step. */
const ROWS_PER_STEP = 2048;

interface Pending extends DiskPurge {
  glob: Glob;
}

/** Rows that one or several purges still have to meet. */
interface Task {
  purges: Pending[];
  /** Rows behind this place. */
  after: number;
}

/**
 * What a soft purge matches goes as well: a record cannot be changed, and what is in use is in memory, where it stays as stale.
 */
export class PurgesUnderWay {
  readonly #index: DiskIndex;
  readonly #onRemove: (row: NamedRow) => void;
  /** By exact target or by tag. */
  readonly #indexed: Task[] = [];
  /** Over all rows: the first is under way, the second is for what came since. */
  readonly #scans: Task[] = [];
  /** What a step has come to, before its transaction has. */
  #stepped: { task: Task; after: number } | undefined;
  #newest: number;
  #applied: number;
  /** Rows removed. */
  removed = 0;

  /**
   * @param sequence the newest purge so far, which with all before it is applied or will be added
   * @param onRemove told of each row that goes, before the transaction ends
   */
  constructor(index: DiskIndex, sequence: number, onRemove: (row: NamedRow) => void) {
    this.#index = index;
    this.#onRemove = onRemove;
    this.#newest = sequence;
    this.#applied = sequence;
  }

  /** Purges up to this one are applied to all rows. */
  get applied(): number {
    return this.#applied;
  }

  get isDone(): boolean {
    return this.#indexed.length + this.#scans.length === 0;
  }

  /** From now on. Rows that are inserted later have met it. */
  add(purge: DiskPurge): void {
    const pending = {
      ...purge,
      tag: purge.tag | 0,
      glob: purge.exact ? exactGlob(purge.pattern) : compileGlob(purge.pattern),
    };
    this.#newest = Math.max(this.#newest, purge.sequence);
    if (purge.tag !== 0 || pending.glob.kind === 'exact') this.#indexed.push({ purges: [pending], after: -1 });
    else if (this.#scans.length > 0 && this.#scans[this.#scans.length - 1].after < 0) {
      this.#scans[this.#scans.length - 1].purges.push(pending);
    } else this.#scans.push({ purges: [pending], after: -1 });
    this.#applied = this.#lowest();
  }

  /** Within a transaction: the next few rows meet what is under way. */
  step(): void {
    const task = this.#indexed[0] ?? this.#scans[0];
    if (task === undefined) return;
    const rows = this.#rows(task);
    for (const row of rows) this.#meet(task.purges, row);
    const isLast = rows.length < ROWS_PER_STEP;
    this.#stepped = { task, after: isLast ? Number.POSITIVE_INFINITY : rows[rows.length - 1].place };
  }

  /** After the transaction of a step. @returns whether `applied` has grown */
  confirm(): boolean {
    if (this.#stepped === undefined) return false;
    const { task, after } = this.#stepped;
    this.#stepped = undefined;
    task.after = after;
    if (after !== Number.POSITIVE_INFINITY) return false;
    if (this.#indexed[0] === task) this.#indexed.shift();
    else this.#scans.shift();
    const before = this.#applied;
    this.#applied = this.#lowest();
    return this.#applied > before;
  }

  /** Whether a purge under way concerns a row with these tags, which is about to move to where they may have been already. */
  concerns(row: NamedRow, tags: ArrayLike<number>): boolean {
    for (const { purges } of [...this.#indexed, ...this.#scans]) {
      for (const purge of purges) {
        if (concerns(purge, row) && (purge.tag === 0 || Array.from(tags).includes(purge.tag))) return true;
      }
    }
    return false;
  }

  #rows({ purges: [purge], after }: Task): NamedRow[] {
    if (purge.tag !== 0) return this.#index.ofTag(purge.tag, after, ROWS_PER_STEP);
    if (purge.glob.kind === 'exact') return this.#index.ofTarget(purge.pattern, after, ROWS_PER_STEP);
    return this.#index.named(after, ROWS_PER_STEP);
  }

  #meet(purges: readonly Pending[], row: NamedRow): void {
    if (!purges.some((purge) => concerns(purge, row))) return;
    this.#index.remove(row.place);
    this.#onRemove(row);
    this.removed++;
  }

  /** The last purge before the oldest one that is not applied. */
  #lowest(): number {
    let lowest = this.#newest;
    for (const { purges } of [...this.#indexed, ...this.#scans]) {
      for (const { sequence } of purges) lowest = Math.min(lowest, sequence - 1);
    }
    return lowest;
  }
}

/** Whether a purge is newer than a row, and about its site, host and target. Of purges by tag the tag is for the caller. */
function concerns(purge: Pending, { seq, site, host, target }: NamedRow): boolean {
  if (seq >= purge.sequence) return false;
  if ((purge.site !== -1 && purge.site !== site) || (purge.host !== '' && purge.host !== host)) return false;
  return purge.tag !== 0 || globMatches(purge.glob, target);
}
