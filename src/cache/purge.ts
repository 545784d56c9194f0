import { HARD_BAN, NO_BAN } from './ban-index.ts';
import { appendBan, type BanView, banSequence, dropBans, type PurgeSpec, recordBytes } from './bans.ts';
import { makeStale, reap, removeLive, stateOf } from './entries.ts';
import type { Landing } from './landing.ts';
import { type Arena, E_SEQ, E_SLOT, H_BAN_FLOOR, H_HIGH_WATER, LIVE, Q_FLIGHT, STREAMING, WAITING } from './layout.ts';
import { acquireWithin, release } from './lock.ts';
import { headOf, nextOf } from './queue.ts';
import type { Slab } from './slab.ts';
import { tagHasher } from './tags.ts';

/** Bytes of a record; the smallest log holds two. */
const MAX_RECORD = 8192;
/** Entries examined under one acquisition of the lock. */
const SLICE = 64;
/** A sweep that cannot have the lock for so long leaves it for the next time: its owner may be dead, and only main recovers it. */
const PATIENCE_MS = 50;

export interface SweepResult {
  /** Entries removed by hard purges. */
  removed: number;
  /** Every entry has met every purge; there is nothing to do until the next one. */
  finished: boolean;
}

/** Purging; on main only. */
export class Purge {
  readonly #a: Arena;
  readonly #slab: Slab;
  readonly #bans: BanView;
  readonly #landing: Landing;
  readonly #hash: (tag: string) => number;
  /** The pass under way: next entry, and the purge that all entries will have met at its end. */
  #next = 0;
  #target = 0;
  /** The target of the last whole pass. */
  #swept: number;
  /**
   * The newest purge that whatever else keeps objects has applied to all of them: newer ones stay in the log, as long as it has
   * room. Undefined where there is nothing else.
   */
  applied: (() => number) | undefined;

  constructor(a: Arena, slab: Slab, bans: BanView, landing: Landing) {
    this.#a = a;
    this.#slab = slab;
    this.#bans = bans;
    this.#landing = landing;
    this.#hash = tagHasher(a);
    this.#swept = a.words[H_BAN_FLOOR];
  }

  /**
   * Purges whatever matches. From its return on, every lookup and join on every thread obeys, and nothing whose fill was
   * claimed before satisfies a lookup after. Its cost does not depend on the number of entries, save when the log is
   * full: then all entries are swept first. Returns the sequence of this purge. Throws RangeError for characters over 255,
   * when host and pattern are over 8,000 bytes, or for a tag with a pattern other than `*`.
   */
  add(spec: PurgeSpec): number {
    return this.#append(spec, banSequence(this.#a) + 1);
  }

  /**
   * Puts a purge of an earlier process in force again, under the sequence that it had; in the order of their sequences. Throws as `add`
   * does, and RangeError for a sequence that is not newer than the newest.
   * @param tag hash of the tag where its text is not known any more; the pattern is then `*`
   */
  restore(spec: PurgeSpec, sequence: number, tag?: number): void {
    if (sequence - banSequence(this.#a) <= 0) throw new RangeError(`purge: ${sequence} is not newer than the newest`);
    this.#append(spec, sequence, tag);
  }

  #append(spec: PurgeSpec, seq: number, known = 0): number {
    this.#onlyMain();
    const bytes = recordBytes(spec);
    if (bytes > MAX_RECORD) throw new RangeError(`purge: host and pattern over 8,000 bytes`);
    if (spec.tag !== undefined && spec.pattern !== '*') throw new RangeError('purge: a tag goes with the pattern *');
    for (const text of [spec.host, spec.pattern, spec.tag ?? '']) {
      for (let i = 0; i < text.length; i++) {
        if (text.charCodeAt(i) > 255) throw new RangeError('purge: a character over 255');
      }
    }
    const tag = spec.tag === undefined ? known : this.#hash(spec.tag);
    while (!appendBan(this.#a, spec, tag, seq)) this.#makeRoom();
    return seq;
  }

  /**
   * Applies purges to the next `budget` entries. A finished pass lets the purges that it began with leave the log.
   * Frees zombies as well. To be called by a timer, until it is finished, after every purge: what is swept costs lookups
   * nothing.
   */
  sweep(budget: number): SweepResult {
    this.#onlyMain();
    const a = this.#a;
    let removed = 0;
    for (let left = budget; left > 0; left -= SLICE) {
      if (!acquireWithin(a, PATIENCE_MS)) break;
      reap(a, this.#slab, SLICE);
      if (this.#next === 0) this.#target = banSequence(a);
      const clean = this.#next === 0 && this.#swept === this.#target;
      if (clean) this.#retire();
      if (!clean) removed += this.#slice(Math.min(SLICE, left));
      release(a);
      if (clean) return { removed, finished: true };
    }
    return { removed, finished: false };
  }

  /** Shortens a full log: by what only flights and tiers below keep in it, else by a sweep of all entries. */
  #makeRoom(): void {
    // One pass may be under way, with an older target; the next one empties the log.
    let passed = this.#a.words[H_BAN_FLOOR] !== this.#swept;
    for (let passes = 0; passes < 3 && !passed; passes++) passed = this.sweep(this.#a.entries + SLICE).finished;
    if (!passed || !acquireWithin(this.#a, PATIENCE_MS)) {
      throw new Error('purge: the log is full and the cache does not answer');
    }
    for (const id of this.#flights()) this.#landing.overtake(id, this.#swept);
    this.#retire(this.#swept);
    release(this.#a);
  }

  #slice(count: number): number {
    const a = this.#a;
    const last = a.words[H_HIGH_WATER];
    const end = Math.min(this.#next + count, last);
    let removed = 0;
    for (let id = this.#next + 1; id <= end; id++) if (this.#apply(id)) removed++;
    this.#next = end;
    if (end === last) {
      // No entry has met less: those made meanwhile began with the sequence of their time.
      this.#swept = this.#target;
      this.#next = 0;
      this.#retire();
    }
    return removed;
  }

  #apply(id: number): boolean {
    const a = this.#a;
    const words = a.words;
    const e = a.entry(id);
    const state = stateOf(a, id);
    if (state === WAITING || state === STREAMING) this.#landing.obey(id);
    if (state !== LIVE || words[e + E_SEQ] - this.#target >= 0) return false;
    const seq = this.#bans.refresh();
    const verdict = this.#bans.verdictOfSlot(words[e + E_SLOT], words[e + E_SEQ]);
    if (verdict === HARD_BAN) {
      removeLive(a, this.#slab, id);
      return true;
    }
    if (verdict !== NO_BAN) makeStale(a, id);
    Atomics.store(words, e + E_SEQ, seq);
    return false;
  }

  /** Drops from the log what LIVE entries have met and what flights, and others that keep objects, need no more. */
  #retire(applied = this.applied?.() ?? this.#swept): void {
    const a = this.#a;
    let oldest = Math.min(this.#swept, applied);
    if (oldest - a.words[H_BAN_FLOOR] <= 0) return;
    for (const id of this.#flights()) oldest = Math.min(oldest, a.words[a.entry(id) + E_SEQ]);
    if (oldest - a.words[H_BAN_FLOOR] <= 0) return;
    Atomics.store(a.words, H_BAN_FLOOR, oldest);
    dropBans(a, oldest);
  }

  *#flights(): Generator<number> {
    for (let id = headOf(this.#a, Q_FLIGHT); id !== 0; id = nextOf(this.#a, id)) yield id;
  }

  #onlyMain(): void {
    if (this.#a.worker !== 0) throw new Error('only the main thread purges');
  }
}
