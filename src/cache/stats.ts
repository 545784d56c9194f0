import { slotHeader, stateOf } from './entries.ts';
import {
  type Arena,
  H_BAN_FLOOR,
  H_BAN_HEAD,
  H_BAN_SEQ,
  H_BAN_TAIL,
  H_EVICTIONS,
  H_FREE_PAGES,
  H_HIGH_WATER,
  H_INSERTS,
  H_OBJECTS,
  H_REBUILDS,
  H_RECLAIMED_PAGES,
  H_UNITS,
  LIVE,
  Q_FLIGHT,
  Q_MAIN,
  Q_SMALL,
  Q_ZOMBIE,
  S_SITE,
  SITE_COUNTERS,
  UNIT,
  W_HELD,
} from './layout.ts';
import { hazardOf } from './pin.ts';
import { countOf, unitsIn } from './queue.ts';

/** Plain numbers; read without lock, so they may be from slightly different moments. */
export interface CacheStats {
  /** Bytes of the whole buffer. */
  memory: number;
  /** Bytes of pages in use, and of everything beside the pages. */
  used: number;
  /** Bytes of slots and pages that LIVE entries occupy. */
  stored: number;
  objects: number;
  /** Records there are. */
  entries: number;
  pages: number;
  freePages: number;
  pageBytes: number;
  maxObject: number;
  inserts: number;
  evictions: number;
  reclaimedPages: number;
  flights: number;
  zombies: number;
  /** Long pins. */
  pins: number;
  banSeq: number;
  /** Purges up to this one have been applied to all entries. */
  banFloor: number;
  /** Bytes of the ban log in use. */
  banBytes: number;
  smallObjects: number;
  mainObjects: number;
  rebuilds: number;
}

export function readStats(a: Arena): CacheStats {
  const { words } = a;
  let pins = 0;
  for (let worker = 0; worker <= a.workers; worker++) pins += words[hazardOf(a, worker) + W_HELD];
  const memory = words[H_UNITS] * UNIT;
  return {
    memory,
    used: memory - words[H_FREE_PAGES] * a.pageBytes,
    stored: (unitsIn(a, Q_SMALL) + unitsIn(a, Q_MAIN)) * UNIT,
    objects: words[H_OBJECTS],
    entries: a.entries,
    pages: a.pages,
    freePages: words[H_FREE_PAGES],
    pageBytes: a.pageBytes,
    maxObject: a.maxObject,
    inserts: words[H_INSERTS],
    evictions: words[H_EVICTIONS],
    reclaimedPages: words[H_RECLAIMED_PAGES],
    flights: countOf(a, Q_FLIGHT),
    zombies: countOf(a, Q_ZOMBIE),
    pins,
    banSeq: words[H_BAN_SEQ],
    banFloor: words[H_BAN_FLOOR],
    banBytes: (words[H_BAN_TAIL] - words[H_BAN_HEAD]) >>> 0,
    smallObjects: countOf(a, Q_SMALL),
    mainObjects: countOf(a, Q_MAIN),
    rebuilds: words[H_REBUILDS],
  };
}

/** LIVE entries of a site: a counter for sites 0..1023, a walk over the table for others. */
export function objectsOfSite(a: Arena, site: number): number {
  if (site >= 0 && site < SITE_COUNTERS) return a.words[a.at.sites + site];
  let objects = 0;
  for (let id = 1; id <= a.words[H_HIGH_WATER]; id++) {
    if (stateOf(a, id) === LIVE && a.words[slotHeader(a, id) + S_SITE] === site) objects++;
  }
  return objects;
}
