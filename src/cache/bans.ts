/**
 * The ban log: what main has purged, for every thread to compare entries with.
 *
 * A ring of records in the buffer, written by main alone. Record, int32 words: bytes of the whole record, sequence (0:
 * filler up to the ring's end), site, soft, bytes of host, bytes of pattern; then host and pattern, latin1, padded to 4. Main
 * writes the record, then H_BAN_TAIL, then H_BAN_SEQ; from the last store on it is in force. Records up to the oldest
 * sequence that any entry may still have are dropped by moving H_BAN_HEAD.
 */

import { compileGlob, type Glob, globMatches } from './glob.ts';
import {
  type Arena,
  H_BAN_HEAD,
  H_BAN_SEQ,
  H_BAN_TAIL,
  S_HOST,
  S_KEY_WORDS,
  S_PREFIX_WORDS,
  S_SITE,
  SLOT_HEADER,
  UNIT,
} from './layout.ts';

export interface PurgeSpec {
  /** -1: any site. */
  site: number;
  /** Lowercase; '': any host. */
  host: string;
  /** An exact target (path[?query] as sent), or one with `*` wildcards anywhere; case-sensitive, latin1. */
  pattern: string;
  /** Mark stale instead of removing. */
  soft: boolean;
}

export const NO_BAN = 0;
export const SOFT_BAN = 1;
export const HARD_BAN = 2;
export type Verdict = typeof NO_BAN | typeof SOFT_BAN | typeof HARD_BAN;

const R_BYTES = 0;
const R_SEQ = 1;
const R_SITE = 2;
const R_SOFT = 3;
const R_HOST = 4;
const R_PATTERN = 5;
const RECORD_HEADER = 24;

interface Ban {
  seq: number;
  site: number;
  host: string;
  verdict: typeof SOFT_BAN | typeof HARD_BAN;
  glob: Glob;
}

/** The newest purge in force. */
export function banSequence(a: Arena): number {
  return Atomics.load(a.words, H_BAN_SEQ);
}

/** Bytes that a record takes. */
export function recordBytes(spec: PurgeSpec): number {
  return RECORD_HEADER + ((spec.host.length + spec.pattern.length + 3) & ~3);
}

/** Main only: appends a record and puts it in force; false when the log has no room for it. */
export function appendBan(a: Arena, spec: PurgeSpec, seq: number): boolean {
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
  words[at + R_SOFT] = spec.soft ? 1 : 0;
  words[at + R_HOST] = spec.host.length;
  words[at + R_PATTERN] = spec.pattern.length;
  a.bytes.set(Buffer.from(spec.host + spec.pattern, 'latin1'), at * 4 + RECORD_HEADER);
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

/** One thread's index of the log. */
export class BanView {
  readonly #a: Arena;
  #seq = 0;
  #head = 0;
  #position = 0;
  readonly #exact = new Map<string, Ban[]>();
  /** Bans on everything of a site and host: only the newest of each kind counts. */
  readonly #whole = new Map<string, Ban>();
  /** Ascending by sequence. */
  readonly #globs: Ban[] = [];

  constructor(a: Arena) {
    this.#a = a;
  }

  /** Reads what is new in the log; returns the sequence up to which `verdict` now knows. */
  refresh(): number {
    const seq = banSequence(this.#a);
    while (seq - this.#seq > 0) this.#read(seq);
    return this.#seq;
  }

  /** The strictest ban newer than `since` on a target; as of the last `refresh`. */
  verdict(site: number, host: string, target: string, since: number): Verdict {
    let verdict: Verdict = NO_BAN;
    for (const soft of ['s', 'h']) {
      for (const anySite of [site, -1]) {
        for (const anyHost of [host, '']) {
          const ban = this.#whole.get(`${soft}${anySite} ${anyHost}`);
          if (ban !== undefined && ban.seq > since) verdict = ban.verdict;
        }
      }
    }
    for (const ban of this.#exact.get(target) ?? []) {
      if (ban.seq > since && ban.verdict > verdict && concerns(ban, site, host)) verdict = ban.verdict;
    }
    for (let i = this.#globs.length - 1; i >= 0 && verdict !== HARD_BAN; i--) {
      const ban = this.#globs[i];
      if (ban.seq <= since) break;
      if (ban.verdict > verdict && concerns(ban, site, host) && globMatches(ban.glob, target)) verdict = ban.verdict;
    }
    return verdict;
  }

  /** `verdict` for the key stored in the meta slot at unit address `slot`. */
  verdictOfSlot(slot: number, since: number): Verdict {
    const words = this.#a.words;
    const header = slot * (UNIT / 4);
    const key = slot * UNIT + SLOT_HEADER;
    const hostAt = words[header + S_HOST];
    const own = key + words[header + S_PREFIX_WORDS] * 4;
    const target = words[header + S_KEY_WORDS] === 0 ? '' : this.#text(own + 8, words[own / 4]);
    return this.verdict(words[header + S_SITE], this.#text(key + (hostAt >>> 16), hostAt & 0xffff), target, since);
  }

  #text(offset: number, length: number): string {
    return Buffer.from(this.#a.bytes.buffer, offset, length).toString('latin1');
  }

  /** Main may drop and overwrite records while they are read. What then looks impossible, or all when the head has moved, is
   * thrown away, and read anew by the caller's loop. */
  #read(seq: number): void {
    const { words } = this.#a;
    const head = Atomics.load(words, H_BAN_HEAD) >>> 0;
    if (head !== this.#head) this.#forget(head);
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
    for (const ban of fresh) this.#learn(ban);
    this.#position = position;
    this.#seq = seq;
  }

  #forget(head: number): void {
    this.#head = head;
    this.#position = head;
    this.#exact.clear();
    this.#whole.clear();
    this.#globs.length = 0;
  }

  #decode(at: number): Ban {
    const { words } = this.#a;
    const text = at * 4 + RECORD_HEADER;
    const hostBytes = words[at + R_HOST];
    return {
      seq: words[at + R_SEQ],
      site: words[at + R_SITE],
      verdict: words[at + R_SOFT] === 1 ? SOFT_BAN : HARD_BAN,
      host: this.#text(text, hostBytes),
      glob: compileGlob(this.#text(text + hostBytes, words[at + R_PATTERN])),
    };
  }

  #learn(ban: Ban): void {
    if (ban.glob.kind === 'all') {
      this.#whole.set(`${ban.verdict === SOFT_BAN ? 's' : 'h'}${ban.site} ${ban.host}`, ban);
    } else if (ban.glob.kind === 'glob') this.#globs.push(ban);
    else {
      const same = (other: Ban): boolean =>
        other.site === ban.site && other.host === ban.host && other.verdict === ban.verdict;
      const list = this.#exact.get(ban.glob.text) ?? [];
      this.#exact.set(ban.glob.text, [...list.filter((other) => !same(other)), ban]);
    }
  }
}

function concerns(ban: Ban, site: number, host: string): boolean {
  return (ban.site === -1 || ban.site === site) && (ban.host === '' || ban.host === host);
}
