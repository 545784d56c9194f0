import type { PurgeRequest } from '../admin/types.ts';
import { compileGlob, type Glob, globMatches } from '../cache/glob.ts';

/** Purges remembered. */
const SIZE = 1000;

/** A purge that has been carried out. */
export interface PurgeRecord {
  /** As answered to who asked for it. */
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  /** Greater than that of every entry it concerned; see Cache.sequence. */
  readonly sequence: number;
  readonly scope: PurgeRequest['scope'];
  /** Name, null for any. */
  readonly site: string | null;
  readonly host: string | null;
  readonly pattern: string;
  readonly tag?: string;
  readonly soft: boolean;
}

/** One thing that a purge matches, as the cache compares it. */
export interface PurgeMatch {
  /** -1: any. */
  readonly site: number;
  /** '': any. */
  readonly host: string;
  readonly pattern: string;
  /** Hash, 0 for none. */
  readonly tag: number;
}

/** Whom a purge is asked about. */
export interface PurgeSubject {
  /** Number of its site. */
  readonly site: number;
  /** Without port. */
  readonly host: string;
  /** As in its key. */
  readonly target: string;
  /** Hashes. */
  readonly tags: ArrayLike<number>;
  /** Only purges after this one count. */
  readonly since: number;
}

interface Remembered {
  readonly record: PurgeRecord;
  readonly matches: readonly (PurgeMatch & { readonly glob: Glob })[];
}

/** The last purges, for telling which one concerned a response. */
export class PurgeHistory {
  readonly #ring: Remembered[] = [];
  #count = 0;

  add(record: PurgeRecord, matches: readonly PurgeMatch[]): void {
    const compiled = matches.map((match) => ({ ...match, glob: compileGlob(match.pattern) }));
    this.#ring[this.#count % SIZE] = { record, matches: compiled };
    this.#count++;
  }

  /** Those that match, newest first. */
  matching(subject: PurgeSubject): PurgeRecord[] {
    const found: PurgeRecord[] = [];
    for (let i = this.#count - 1; i >= Math.max(0, this.#count - SIZE); i--) {
      const { record, matches } = this.#ring[i % SIZE];
      if (record.sequence <= subject.since) break;
      if (matches.some((match) => concerns(match, subject))) found.push(record);
    }
    return found;
  }
}

function concerns(match: PurgeMatch & { glob: Glob }, { site, host, target, tags }: PurgeSubject): boolean {
  if (match.site !== -1 && match.site !== site) return false;
  if (match.host !== '' && match.host !== host) return false;
  if (match.tag === 0) return globMatches(match.glob, target);
  // stored as signed words
  return Array.prototype.some.call(tags, (tag: number) => tag >>> 0 === match.tag);
}
