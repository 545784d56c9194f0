/**
 * The ban log: what main has purged, for every thread to compare entries with.
 *
 * A ring of records in the buffer, written by main alone. Record, int32 words: bytes of the whole record, sequence (0:
 * filler up to the ring's end), site, kind (1: soft, 2: exact), bytes of host, bytes of pattern or tag, hash of the tag (0: none); then host and
 * pattern or tag, latin1, padded to 4. Main writes the record, then H_BAN_TAIL, then H_BAN_SEQ; from the last store on it is in
 * force. Records up to the oldest sequence that any entry may still have are dropped by moving H_BAN_HEAD.
 */
import { type Ban, BanIndex, HARD_BAN, SOFT_BAN, type Verdict } from './ban-index.ts';
import { compileGlob, exactGlob } from './glob.ts';
import { type Arena, H_BAN_FLOOR, H_BAN_HEAD, H_BAN_SEQ, H_BAN_TAIL, H_STALE_STAMP } from './layout.ts';

export interface PurgeSpec {
  /** -1: any site. */
  site: number;
  /** Lowercase; '': any host. */
  host: string;
  /** An exact target (path[?query] as sent), or one with `*` wildcards anywhere; case-sensitive, latin1. */
  pattern: string;
  /** Mark stale instead of removing. */
  soft: boolean;
  /** Of a soft purge: fresh-until words of what it matches become this where they are greater; default 0. */
  stamp?: number;
  /** The pattern is a target as it stands: a star in it is a star. */
  exact?: true;
  /** Only entries that have this tag, latin1; the pattern is then `*`. */
  tag?: string;
}

const R_BYTES = 0;
const R_SEQ = 1;
const R_SITE = 2;
const R_KIND = 3;
/** Bits of the kind. */
const SOFT = 1;
const EXACT = 2;
const R_HOST = 4;
const R_PATTERN = 5;
const R_TAG = 6;
const RECORD_HEADER = 28;

/** The newest purge in force. */
export function banSequence(a: Arena): number {
  return Atomics.load(a.words, H_BAN_SEQ);
}

/** Bytes that a record takes. */
export function recordBytes(spec: PurgeSpec): number {
  return RECORD_HEADER + ((spec.host.length + textOf(spec).length + 3) & ~3);
}

/** What the record says beside the host. */
function textOf({ pattern, tag }: PurgeSpec): string {
  return tag ?? pattern;
}

/** Main only: appends a record and puts it in force; false when the log has no room for it. `tag`: its hash, 0 none. */
export function appendBan(a: Arena, spec: PurgeSpec, tag: number, seq: number): boolean {
  const { words, banBytes } = a;
  const head = words[H_BAN_HEAD] >>> 0;
  let tail = words[H_BAN_TAIL] >>> 0;
  const bytes = recordBytes(spec);
  const offset = tail % banBytes;
  const filler = offset + bytes > banBytes ? banBytes - offset : 0;
  if (((tail - head) >>> 0) + filler + bytes > banBytes) return false;
  const base = a.at.bans;
  if (filler > 0) {
    words[base + offset / 4 + R_BYTES] = filler;
    if (filler > 4) words[base + offset / 4 + R_SEQ] = 0;
    tail = (tail + filler) >>> 0;
  }
  const at = base + (tail % banBytes) / 4;
  words[at + R_BYTES] = bytes;
  words[at + R_SEQ] = seq;
  words[at + R_SITE] = spec.site;
  words[at + R_KIND] = (spec.soft ? SOFT : 0) | (spec.exact ? EXACT : 0);
  if (spec.soft) Atomics.store(words, H_STALE_STAMP, spec.stamp ?? 0);
  words[at + R_HOST] = spec.host.length;
  words[at + R_PATTERN] = textOf(spec).length;
  words[at + R_TAG] = tag;
  a.bytes.set(Buffer.from(spec.host + textOf(spec), 'latin1'), at * 4 + RECORD_HEADER);
  // Publication: whoever sees the tail sees the record, whoever sees the sequence sees the tail.
  Atomics.store(words, H_BAN_TAIL, (tail + bytes) | 0);
  Atomics.store(words, H_BAN_SEQ, seq);
  return true;
}

/** Main only: drops the records up to `seq`. */
export function dropBans(a: Arena, seq: number): void {
  const words = a.words;
  const tail = words[H_BAN_TAIL] >>> 0;
  let head = words[H_BAN_HEAD] >>> 0;
  while (head !== tail) {
    const at = recordAt(a, head);
    if (!isFiller(a, at, head) && words[at + R_SEQ] > seq) break;
    head = (head + words[at + R_BYTES]) >>> 0;
  }
  Atomics.store(words, H_BAN_HEAD, head | 0);
}

function recordAt(a: Arena, position: number): number {
  return a.at.bans + (position % a.banBytes) / 4;
}

function isFiller(a: Arena, at: number, position: number): boolean {
  return a.banBytes - (position % a.banBytes) < RECORD_HEADER || a.words[at + R_SEQ] === 0;
}

/** One thread's reading of the log. */
export class BanView {
  readonly #a: Arena;
  readonly #index: BanIndex;
  #seq = 0;
  #head = 0;
  #position = 0;

  constructor(a: Arena) {
    this.#a = a;
    this.#index = new BanIndex(a);
  }

  /** Reads what is new in the log; returns the sequence up to which the index now knows. */
  refresh(): number {
    const seq = banSequence(this.#a);
    while (seq - this.#seq > 0) this.#read(seq);
    return this.#seq;
  }

  /** The strictest ban newer than `since` on a target with the tags of `slot`; as of the last `refresh`. */
  verdict(site: number, host: string, target: string, slot: number, since: number): Verdict {
    return this.#index.verdict(site, host, target, slot, since);
  }

  /** `verdict` for the key and tags stored in the meta slot at unit address `slot`. */
  verdictOfSlot(slot: number, since: number): Verdict {
    return this.#index.verdictOfSlot(slot, since);
  }

  /** `verdict` for the key in `slot`, and for tags that do not stand there. */
  verdictWithTags(slot: number, tags: ArrayLike<number>, since: number): Verdict {
    return this.#index.verdictWithTags(slot, tags, since);
  }

  /** The strictest ban by tag newer than `since` on an entry of `slot`'s site and host that had the tags of `tagged`. */
  verdictOfTags(slot: number, tagged: number, since: number): Verdict {
    return this.#index.verdictOfTags(slot, tagged, since);
  }

  /** Whether a ban by tag newer than `since` may concern the key in `slot`, depending on its tags. */
  hasTagBan(slot: number, since: number): boolean {
    return this.#index.hasTagBan(slot, since);
  }

  /** Main may drop and overwrite records while they are read. What then looks impossible, or all when the head has moved, is
   * thrown away, and read anew by the caller's loop. */
  #read(seq: number): void {
    const { words } = this.#a;
    const head = Atomics.load(words, H_BAN_HEAD) >>> 0;
    if (head !== this.#head) this.#moveHead(head);
    const tail = Atomics.load(words, H_BAN_TAIL) >>> 0;
    const fresh: Ban[] = [];
    let position = this.#position;
    while (position !== tail) {
      const at = recordAt(this.#a, position);
      const bytes = words[at + R_BYTES];
      if (bytes < 4 || bytes > this.#a.banBytes) return;
      if (!isFiller(this.#a, at, position)) {
        // Published to the tail but not yet in force: next time.
        if (words[at + R_SEQ] - seq > 0) break;
        const text = words[at + R_HOST] + words[at + R_PATTERN];
        if (words[at + R_HOST] < 0 || words[at + R_PATTERN] < 0 || text > bytes) return;
        fresh.push(this.#decode(at));
      }
      position = (position + bytes) >>> 0;
    }
    if (Atomics.load(words, H_BAN_HEAD) >>> 0 !== head) return;
    for (const ban of fresh) this.#index.learn(ban);
    this.#position = position;
    this.#seq = seq;
  }

  /** Records up to `head` are gone: those of purges that every entry has met. */
  #moveHead(head: number): void {
    this.#head = head;
    // Main stores the floor before it moves the head. Whoever still compares an entry older than that finds it changed.
    const floor = Atomics.load(this.#a.words, H_BAN_FLOOR);
    this.#index.prune(floor);
    // What is known up to the floor ends before the head: long before it, or by a filler.
    if (this.#seq < floor || ((this.#position - head) | 0) < 0) this.#position = head;
  }

  #decode(at: number): Ban {
    const { words } = this.#a;
    const text = at * 4 + RECORD_HEADER;
    const hostBytes = words[at + R_HOST];
    const kind = words[at + R_KIND];
    const pattern = words[at + R_TAG] === 0 ? this.#index.text(text + hostBytes, words[at + R_PATTERN]) : '*';
    return {
      seq: words[at + R_SEQ],
      site: words[at + R_SITE],
      verdict: (kind & SOFT) !== 0 ? SOFT_BAN : HARD_BAN,
      host: this.#index.text(text, hostBytes),
      tag: words[at + R_TAG],
      glob: (kind & EXACT) !== 0 ? exactGlob(pattern) : compileGlob(pattern),
    };
  }
}
