import { HARD_BAN, NO_BAN } from '../cache/cache.ts';
import { type Entry, isCut } from './entry.ts';
import type { PurgePart } from './types.ts';

/** A purge as main remembers it. */
export interface RecentPurge {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly soft: boolean;
  readonly host: string | null;
  /** Target, with `*` for anything. */
  readonly pattern: string;
  readonly tag?: string;
}

/** What a purge may have hit. */
export interface Purgeable {
  /** Number of the site. */
  site: number;
  /** Without port. */
  host: string;
  target: string;
  /** Hashes of the tags of what is stored. */
  tags: ArrayLike<number>;
  /** Only purges that are newer than this sequence; 0 for all that are remembered. */
  since: number;
}

/**
 * The purge that has hit what is stored, or, where nothing is, the newest that names the request's target. Purges by
 * tag can only be told for an entry that is still there.
 *
 * @param asked all but tags and since
 * @param matching purges that concern something, the newest first
 */
export function findPurge(
  entry: Entry | undefined,
  asked: Omit<Purgeable, 'tags' | 'since'>,
  matching: (purgeable: Purgeable) => readonly RecentPurge[],
): PurgePart | null {
  if (entry === undefined) {
    const [newest] = matching({ ...asked, tags: [], since: 0 });
    return newest === undefined ? null : describe(newest, 'what was stored before it is not used any more');
  }
  const { tags, ban } = entry;
  if (ban !== NO_BAN) {
    const hard = ban === HARD_BAN;
    const hit = matching({ ...asked, tags, since: entry.sequence }).find(({ soft }) => soft === !hard);
    return hit === undefined ? null : describe(hit, hard ? 'it has removed what was stored' : 'it has marked it stale');
  }
  if (!isCut(entry)) return null;
  // an entry has met the purge, and counts as newer: the time tells
  const arrived = (entry.meta.arrived ?? 0) * 1000;
  const hit = matching({ ...asked, tags, since: 0 }).find(({ soft, time }) => soft && Date.parse(time) >= arrived);
  return hit === undefined ? null : describe(hit, 'it has marked it stale');
}

function describe({ id, time, soft, pattern, host, tag }: RecentPurge, effect: string): PurgePart {
  const what = tag === undefined ? pattern : `tag ${tag}`;
  return { id, time, soft, spec: host === null ? what : `${what} of ${host}`, effect };
}
