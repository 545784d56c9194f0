/** Bans by pattern, arranged by what their patterns begin or end with: a target is compared with few of many. */
import type { Ban } from './ban-index.ts';
import { globMatches } from './glob.ts';

/** Bans on patterns of all sites and hosts. */
export class GlobBans {
  readonly #scopes = new Map<string, ScopeBans>();

  /** @param ban of kind `glob`, newer than all before */
  learn(ban: Ban): void {
    const name = `${ban.site} ${ban.host}`;
    let scope = this.#scopes.get(name);
    if (scope === undefined) {
      scope = new ScopeBans();
      this.#scopes.set(name, scope);
    }
    scope.learn(ban);
  }

  /** Forgets the bans up to `seq`. */
  prune(seq: number): void {
    for (const [name, scope] of this.#scopes) if (!scope.prune(seq)) this.#scopes.delete(name);
  }

  /** The strictest of `verdict` and the bans newer than `since` on a target of a site and host. */
  strictest<V extends number>(
    site: number,
    host: string,
    target: string,
    since: number,
    verdict: V,
  ): V | Ban['verdict'] {
    let found: V | Ban['verdict'] = verdict;
    if (this.#scopes.size === 0) return found;
    for (const anySite of [site, -1]) {
      for (const anyHost of host === '' ? [''] : [host, '']) {
        const scope = this.#scopes.get(`${anySite} ${anyHost}`);
        if (scope !== undefined) found = scope.strictest(target, since, found);
      }
    }
    return found;
  }
}

/** Those of one site and host, either of which may stand for any. */
class ScopeBans {
  readonly #byPrefix = new Shelf((ban) => ban.glob.parts[0], startOf);
  /** Of patterns that begin with a star. */
  readonly #bySuffix = new Shelf((ban) => ban.glob.parts[ban.glob.parts.length - 1], endOf);
  /** Of patterns with a star at both ends; ascending by sequence. */
  #loose: Ban[] = [];

  learn(ban: Ban): void {
    const { parts } = ban.glob;
    if (parts[0] !== '') this.#byPrefix.add(ban);
    else if (parts[parts.length - 1] !== '') this.#bySuffix.add(ban);
    else this.#loose.push(ban);
  }

  /** @returns whether any is left */
  prune(seq: number): boolean {
    this.#loose = newerThan(this.#loose, seq);
    const isLeft = this.#byPrefix.prune(seq);
    return this.#bySuffix.prune(seq) || isLeft || this.#loose.length > 0;
  }

  strictest<V extends number>(target: string, since: number, verdict: V): V | Ban['verdict'] {
    const byPrefix = this.#byPrefix.strictest(target, since, verdict);
    return strictestOf(this.#loose, target, since, this.#bySuffix.strictest(target, since, byPrefix));
  }
}

/** Bans by a text that their targets begin, or end, with. */
class Shelf {
  readonly #textOf: (ban: Ban) => string;
  readonly #cut: (target: string, length: number) => string;
  /** Each ascending by sequence. */
  readonly #lists = new Map<string, Ban[]>();
  /** How many lists have a text of each length. */
  readonly #lengths = new Map<number, number>();

  constructor(textOf: (ban: Ban) => string, cut: (target: string, length: number) => string) {
    this.#textOf = textOf;
    this.#cut = cut;
  }

  add(ban: Ban): void {
    const text = this.#textOf(ban);
    const list = this.#lists.get(text);
    if (list === undefined) {
      this.#lists.set(text, [ban]);
      this.#lengths.set(text.length, (this.#lengths.get(text.length) ?? 0) + 1);
    } else if (isTextAlone(ban)) {
      // all that the others are about it is about too
      const left = list.filter(({ verdict }) => verdict > ban.verdict);
      this.#lists.set(text, [...left, ban]);
    } else list.push(ban);
  }

  prune(seq: number): boolean {
    for (const [text, list] of this.#lists) {
      if (list[0].seq > seq) continue;
      const left = newerThan(list, seq);
      if (left.length > 0) this.#lists.set(text, left);
      else {
        this.#lists.delete(text);
        const count = (this.#lengths.get(text.length) ?? 0) - 1;
        if (count > 0) this.#lengths.set(text.length, count);
        else this.#lengths.delete(text.length);
      }
    }
    return this.#lists.size > 0;
  }

  strictest<V extends number>(target: string, since: number, verdict: V): V | Ban['verdict'] {
    let found: V | Ban['verdict'] = verdict;
    for (const length of this.#lengths.keys()) {
      if (length > target.length) continue;
      const list = this.#lists.get(this.#cut(target, length));
      if (list !== undefined) found = strictestOf(list, target, since, found);
    }
    return found;
  }
}

const startOf = (target: string, length: number): string => target.slice(0, length);
const endOf = (target: string, length: number): string => target.slice(target.length - length);

/** Whether a pattern is a text with a star before or behind it. */
function isTextAlone({ glob: { parts } }: Ban): boolean {
  return parts.length === 2 && (parts[0] === '' || parts[1] === '');
}

function newerThan(list: Ban[], seq: number): Ban[] {
  return list.length > 0 && list[0].seq <= seq ? list.filter((ban) => ban.seq > seq) : list;
}

/** @param list ascending by sequence */
function strictestOf<V extends number>(list: readonly Ban[], target: string, since: number, verdict: V) {
  let found: V | Ban['verdict'] = verdict;
  for (let i = list.length - 1; i >= 0; i--) {
    const ban = list[i];
    if (ban.seq <= since) break;
    if (ban.verdict > found && globMatches(ban.glob, target)) found = ban.verdict;
  }
  return found;
}
