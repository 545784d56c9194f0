/** What one thread knows of the bans in the log, arranged for asking whether one concerns an entry. */
import type { Glob } from './glob.ts';
import { GlobBans } from './glob-bans.ts';
import {
  type Arena,
  S_HOST,
  S_KEY_WORDS,
  S_META,
  S_PREFIX_WORDS,
  S_SITE,
  S_TAGS,
  SLOT_HEADER,
  UNIT,
} from './layout.ts';

export const NO_BAN = 0;
export const SOFT_BAN = 1;
export const HARD_BAN = 2;
export type Verdict = typeof NO_BAN | typeof SOFT_BAN | typeof HARD_BAN;

export interface Ban {
  seq: number;
  /** -1: any. */
  site: number;
  /** '': any. */
  host: string;
  verdict: typeof SOFT_BAN | typeof HARD_BAN;
  /** Signed tag hash, 0: by target. */
  tag: number;
  glob: Glob;
}

/** Tags are sorted into so many groups, a power of two. */
const GROUPS = 4096;

export class BanIndex {
  readonly #a: Arena;
  readonly #exact = new Map<string, Ban[]>();
  /** Bans on everything of a site and host: only the newest of each kind counts. */
  readonly #whole = new Map<string, Ban>();
  readonly #globs = new GlobBans();
  readonly #tags = new Map<number, Ban[]>();
  /** By the low bits of a tag: the newest ban. Most tags are of a group without any, and need not be looked up. */
  readonly #groups = new Int32Array(GROUPS);
  /** By site and host: the newest ban by tag. */
  readonly #scopes = new Map<string, Ban>();
  /** The newest of all by target, and of all by tag: an entry that has met it need not be compared. */
  #newestTarget = 0;
  #newestTag = 0;

  constructor(a: Arena) {
    this.#a = a;
  }

  learn(ban: Ban): void {
    if (ban.tag !== 0) {
      this.#newestTag = ban.seq;
      this.#groups[ban.tag & (GROUPS - 1)] = ban.seq;
      this.#scopes.set(`${ban.site} ${ban.host}`, ban);
      supersede(this.#tags, ban.tag, ban);
      return;
    }
    this.#newestTarget = ban.seq;
    if (ban.glob.kind === 'all') {
      this.#whole.set(`${ban.verdict === SOFT_BAN ? 's' : 'h'}${ban.site} ${ban.host}`, ban);
    } else if (ban.glob.kind === 'glob') this.#globs.learn(ban);
    else supersede(this.#exact, ban.glob.text, ban);
  }

  /** Forgets the bans up to `seq`. */
  prune(seq: number): void {
    for (const lists of [this.#exact, this.#tags] as Map<unknown, Ban[]>[]) {
      for (const [name, bans] of lists) {
        // Most lists hold one ban.
        if (bans[bans.length - 1].seq <= seq) lists.delete(name);
        else if (bans[0].seq <= seq) {
          lists.set(
            name,
            bans.filter((ban) => ban.seq > seq),
          );
        }
      }
    }
    for (const bans of [this.#whole, this.#scopes]) {
      for (const [name, ban] of bans) if (ban.seq <= seq) bans.delete(name);
    }
    this.#globs.prune(seq);
  }

  /** The strictest ban newer than `since` on a target, with the tags in the meta slot at unit address `slot`. */
  verdict(site: number, host: string, target: string, slot: number, since: number): Verdict {
    const verdict = since < this.#newestTarget ? this.#ofTarget(site, host, target, since) : NO_BAN;
    if (since >= this.#newestTag || verdict === HARD_BAN) return verdict;
    const ofTags = this.#ofTags(slot, since, site, host);
    return ofTags === NO_BAN ? verdict : ofTags;
  }

  /** `verdict` for the key in a slot and for tags that do not stand there. */
  verdictWithTags(slot: number, tags: ArrayLike<number>, since: number): Verdict {
    const site = this.#a.words[slot * (UNIT / 4) + S_SITE];
    const host = this.#hostOf(slot);
    let verdict: Verdict = this.#ofTarget(site, host, this.#targetOf(slot), since);
    if (since >= this.#newestTag) return verdict;
    for (let i = 0; i < tags.length && verdict !== HARD_BAN; i++)
      verdict = this.#ofTag(tags[i] | 0, since, site, host, verdict);
    return verdict;
  }

  /** `verdict` for the key and the tags in a slot. Reads no text where only bans by tag are new, save of what they match. */
  verdictOfSlot(slot: number, since: number): Verdict {
    const site = this.#a.words[slot * (UNIT / 4) + S_SITE];
    if (since >= this.#newestTarget) return since < this.#newestTag ? this.#ofTags(slot, since, site) : NO_BAN;
    return this.verdict(site, this.#hostOf(slot), this.#targetOf(slot), slot, since);
  }

  /** The strictest ban newer than `since` on the tags of entry slot `tagged`, for the site and host in `slot`. */
  verdictOfTags(slot: number, tagged: number, since: number): Verdict {
    return since < this.#newestTag ? this.#ofTags(tagged, since, this.#a.words[slot * (UNIT / 4) + S_SITE]) : NO_BAN;
  }

  /** Whether there is a ban by tag, newer than `since`, on anything of the site and host in a slot. */
  hasTagBan(slot: number, since: number): boolean {
    if (since >= this.#newestTag) return false;
    const site = this.#a.words[slot * (UNIT / 4) + S_SITE];
    const host = this.#hostOf(slot);
    for (const anySite of [site, -1]) {
      for (const anyHost of [host, '']) {
        const ban = this.#scopes.get(`${anySite} ${anyHost}`);
        if (ban !== undefined && ban.seq > since) return true;
      }
    }
    return false;
  }

  #ofTarget(site: number, host: string, target: string, since: number): Verdict {
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
    return verdict === HARD_BAN ? verdict : this.#globs.strictest(site, host, target, since, verdict);
  }

  #ofTags(slot: number, since: number, site: number, host?: string): Verdict {
    const { words } = this.#a;
    const header = slot * (UNIT / 4);
    const end = header + words[header + S_META] / 4;
    let verdict: Verdict = NO_BAN;
    for (let at = end - Math.max(0, words[header + S_TAGS]); at < end && verdict !== HARD_BAN; at++) {
      const tag = words[at];
      if (this.#groups[tag & (GROUPS - 1)] <= since) continue;
      for (const ban of this.#tags.get(tag) ?? []) {
        if (ban.seq <= since || ban.verdict <= verdict) continue;
        if (concerns(ban, site, ban.host === '' ? '' : (host ?? this.#hostOf(slot)))) verdict = ban.verdict;
      }
    }
    return verdict;
  }

  /** The strictest of `verdict` and the bans newer than `since` on one tag. */
  #ofTag(tag: number, since: number, site: number, host: string, verdict: Verdict): Verdict {
    let strictest = verdict;
    for (const ban of this.#tags.get(tag) ?? []) {
      if (ban.seq > since && ban.verdict > strictest && concerns(ban, site, host)) strictest = ban.verdict;
    }
    return strictest;
  }

  #hostOf(slot: number): string {
    const at = this.#a.words[slot * (UNIT / 4) + S_HOST];
    return this.text(slot * UNIT + SLOT_HEADER + (at >>> 16), at & 0xffff);
  }

  #targetOf(slot: number): string {
    const { words } = this.#a;
    const header = slot * (UNIT / 4);
    if (words[header + S_KEY_WORDS] === 0) return '';
    const own = slot * UNIT + SLOT_HEADER + words[header + S_PREFIX_WORDS] * 4;
    return this.text(own + 8, words[own / 4]);
  }

  /** Latin1 text in the buffer. */
  text(offset: number, length: number): string {
    return Buffer.from(this.#a.bytes.buffer, offset, length).toString('latin1');
  }
}

/** Adds a ban to a list in place of an older one of the same kind; ascending by sequence. */
function supersede<Name>(lists: Map<Name, Ban[]>, name: Name, ban: Ban): void {
  const list = lists.get(name);
  if (list === undefined) {
    lists.set(name, [ban]);
    return;
  }
  const same = list.findIndex(
    (other) => other.site === ban.site && other.host === ban.host && other.verdict === ban.verdict,
  );
  if (same >= 0) list.splice(same, 1);
  list.push(ban);
}

function concerns(ban: Ban, site: number, host: string): boolean {
  return (ban.site === -1 || ban.site === site) && (ban.host === '' || ban.host === host);
}
