/**
 * Where an entry's bytes stand. The meta slot holds header, key, meta, head and the first `inline` bytes of the body; then
 * come whole body pages, chained in the page table; then, when the length is known beforehand, a tail slot. A small object is
 * one slot alone.
 */
import {
  type Arena,
  E_PAGE,
  E_SLOT,
  E_STATE,
  E_TOTAL,
  P_LINK,
  S_HEAD_BYTES,
  S_INLINE,
  S_META,
  S_META_BYTES,
  S_TAIL,
  UNIT,
} from './layout.ts';
import { OWNER_BYTES, type Slab } from './slab.ts';

/** How a body is to be laid out. */
export interface Plan {
  /** Class of the meta slot. */
  slot: number;
  /** Body bytes in the meta slot. */
  inline: number;
  /** Whole body pages. */
  pages: number;
  /** Class of the tail slot, -1 none. */
  tail: number;
  /** 64-byte units in all. */
  units: number;
}

/** Meta slots with a body elsewhere keep this much room for a longer (variant) key. */
const KEY_RESERVE = 128;
/** A body of unknown length starts with about this much room in its meta slot. */
const UNKNOWN_INLINE = 8192;
/** Layouts in one piece are kept up to this much larger than the tightest in several. */
const PIECES_COST = 1.12;
/** Pages that one run may span: bounds the walk. */
const RUN_PAGES = 64;
const HINTS = 64;

export const align4 = (bytes: number): number => (bytes + 3) & ~3;

/** The tightest layout for `fixed` bytes of header, key, meta and head and `length` bytes of body (-1 unknown). */
export function planFor(slab: Slab, pageBytes: number, fixed: number, length: number): Plan | null {
  const classes = slab.classes;
  if (length < 0) {
    const wanted = fixed + KEY_RESERVE + Math.min(UNKNOWN_INLINE, pageBytes / 4);
    const slot = classes.fit(wanted + OWNER_BYTES);
    if (slot < 0) return null;
    const inline = (classes.room(slot) - fixed - KEY_RESERVE) & ~3;
    return { slot, inline, pages: 0, tail: -1, units: classes.units[slot] };
  }
  const whole = classes.fit(fixed + length + OWNER_BYTES);
  const single: Plan | null =
    whole < 0 ? null : { slot: whole, inline: length, pages: 0, tail: -1, units: classes.units[whole] };
  if (single !== null && single.units * UNIT * 4 <= pageBytes) return single;
  const smallest = classes.fit(fixed + KEY_RESERVE + OWNER_BYTES);
  if (smallest < 0) return single;
  let best: Plan | null = null;
  for (let c = 0; c <= smallest; c++) {
    // The large classes, for the part of the body they take in, and the one that takes in next to nothing.
    if (c > 6 && c < smallest) c = smallest;
    const plan = split(slab, pageBytes, c, fixed + KEY_RESERVE, length);
    if (plan !== null && (best === null || plan.units < best.units)) best = plan;
  }
  if (single !== null && (best === null || single.units <= best.units * PIECES_COST)) return single;
  return best;
}

function split(slab: Slab, pageBytes: number, slot: number, fixed: number, length: number): Plan | null {
  const classes = slab.classes;
  const inline = Math.min(length, (classes.room(slot) - fixed) & ~63);
  if (inline < 0) return null;
  const rest = length - inline;
  let pages = Math.floor(rest / pageBytes);
  const left = rest - pages * pageBytes;
  const tail = left === 0 ? -1 : classes.fit(left + OWNER_BYTES);
  // Both a tail of a whole page, and a rest that is too long for one because of the owner word, are body pages.
  const last = tail <= 0 && left > 0;
  if (last) pages++;
  const tailUnits = last || tail < 0 ? 0 : classes.units[tail];
  const units = classes.units[slot] + pages * (pageBytes / UNIT) + tailUnits;
  return { slot, inline, pages, tail: last ? -1 : tail, units };
}

/** Finds body bytes; `run` leaves its answer in `offset` and `length`. One per thread. */
export class BodyMap {
  /** Byte offset in the buffer. */
  offset = 0;
  /** Contiguous bytes from there. */
  length = 0;
  readonly #a: Arena;
  readonly #slab: Slab;
  /** By id: generation, page number in the chain, page. Streaming goes on where it was, without walking the chain anew. */
  readonly #hints = new Int32Array(HINTS * 4);

  constructor(a: Arena, slab: Slab) {
    this.#a = a;
    this.#slab = slab;
  }

  /** The longest contiguous run of body bytes from `from` up to `limit`, which must be allocated. */
  run(id: number, from: number, limit: number): void {
    const words = this.#a.words;
    const e = this.#a.entry(id);
    const slot = words[e + E_SLOT];
    const header = slot * (UNIT / 4);
    const inline = words[header + S_INLINE];
    if (from >= limit) {
      this.offset = 0;
      this.length = 0;
    } else if (from < inline) {
      this.offset = slot * UNIT + inlineAt(words, header) + from;
      this.length = Math.min(inline, limit) - from;
    } else {
      const tail = words[header + S_TAIL];
      const start = tail === 0 ? limit : this.#tailStart(words[e + E_TOTAL], inline);
      if (from >= start) {
        this.offset = tail * UNIT + from - start;
        this.length = limit - from;
      } else this.#chainRun(id, from - inline, Math.min(limit, start) - inline);
    }
  }

  #tailStart(total: number, inline: number): number {
    const pageBytes = this.#a.pageBytes;
    return inline + Math.floor((total - inline) / pageBytes) * pageBytes;
  }

  /** from, limit: relative to the first body page. */
  #chainRun(id: number, from: number, limit: number): void {
    const { words, pageBytes } = this.#a;
    const slab = this.#slab;
    const index = Math.floor(from / pageBytes);
    const first = this.#pageAt(id, index);
    let page = first;
    let end = (index + 1) * pageBytes;
    for (let left = RUN_PAGES; end < limit && left > 0; left--) {
      if (words[slab.row(page) + P_LINK] !== page + 2) break;
      page++;
      end += pageBytes;
    }
    this.offset = slab.addressOf(first) * UNIT + from - index * pageBytes;
    this.length = Math.min(end, limit) - from;
  }

  #pageAt(id: number, index: number): number {
    const words = this.#a.words;
    const e = this.#a.entry(id);
    const hints = this.#hints;
    const hint = (id & (HINTS - 1)) * 4;
    const generation = words[e + E_STATE] >>> 4;
    const known = hints[hint] === id && hints[hint + 1] === generation && hints[hint + 2] <= index;
    let at = known ? hints[hint + 2] : 0;
    let page = known ? hints[hint + 3] : words[e + E_PAGE] - 1;
    for (; at < index; at++) page = words[this.#slab.row(page) + P_LINK] - 1;
    hints[hint] = id;
    hints[hint + 1] = generation;
    hints[hint + 2] = index;
    hints[hint + 3] = page;
    return page;
  }
}

/** Byte offset of the head in the slot. */
export function headAt(words: Int32Array, header: number): number {
  return words[header + S_META] + align4(words[header + S_META_BYTES]);
}

/** Byte offset of the inline body in the slot. */
export function inlineAt(words: Int32Array, header: number): number {
  return headAt(words, header) + align4(words[header + S_HEAD_BYTES]);
}

/** A view of an entry's meta. */
export function metaOf(a: Arena, id: number): Uint8Array<SharedArrayBuffer> {
  const slot = a.words[a.entry(id) + E_SLOT];
  const header = slot * (UNIT / 4);
  const start = slot * UNIT + a.words[header + S_META];
  return a.bytes.subarray(start, start + a.words[header + S_META_BYTES]);
}

/** A view of an entry's head. */
export function headOf(a: Arena, id: number): Uint8Array<SharedArrayBuffer> {
  const slot = a.words[a.entry(id) + E_SLOT];
  const header = slot * (UNIT / 4);
  const start = slot * UNIT + headAt(a.words, header);
  return a.bytes.subarray(start, start + a.words[header + S_HEAD_BYTES]);
}
