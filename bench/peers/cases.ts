import { DISK_OBJECTS, HIT_OBJECTS, ZIPF_MEAN_BYTES, ZIPF_OBJECTS } from './bodies.ts';
import { type Kind, MB } from './peer.ts';

/** One kind of work, done by every server in turn. */
export interface Case {
  name: string;
  title: string;
  kind: Kind;
  /** Path that wrk asks for, and that the check before the measurement compares byte for byte. */
  path: string;
  /** Bytes of the body at `path`. */
  bytes: number;
  connections: number;
  /** Lua script in `wrk/`, without its ending. */
  script: 'report' | 'miss' | 'zipf' | 'disk';
  scriptArgs?: readonly string[];
  /** Paths of the same bytes that have to be stored before the measurement. */
  warm?: readonly string[];
  /** Request header fields beside Host. */
  headers?: readonly string[];
}

/** What every server may keep, in bytes. The cases that share it are run by the same processes. */
export interface Limits {
  memory: number;
  /** In files; 0 for none beneath the memory. */
  disk: number;
  /** Whether far more is asked for than is kept. */
  churn: boolean;
}

/** All hit objects fit many times. */
const HIT_LIMITS: Limits = { memory: 256 * MB, disk: 0, churn: false };

/** A tenth of the bodies. */
const ZIPF_LIMITS: Limits = { memory: Math.round((ZIPF_MEAN_BYTES * ZIPF_OBJECTS) / 10), disk: 0, churn: true };

/** A sixteenth of each working set fits in memory, all of them fit on the disk twice. */
const DISK_LIMITS: Limits = { memory: 16 * MB, disk: 1536 * MB, churn: false };

const BROWSER_HEADERS = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language: en-GB,en;q=0.7,de;q=0.3',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Sec-Fetch-Dest: document',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Site: same-origin',
  'Referer: http://127.0.0.1/index.html',
];

function hit(name: string, title: string, object: string, connections: number, headers?: readonly string[]): Case {
  return {
    name,
    title,
    kind: 'hit',
    path: `/hit/${object}`,
    bytes: HIT_OBJECTS[object],
    connections,
    script: 'report',
    headers,
  };
}

/** Objects of one size, read by uniform choice, of which nearly all lie on the disk alone. */
function disk(name: string, title: string, object: string, connections: number): Case {
  const { bytes, count } = DISK_OBJECTS[object];
  const folder = `/disk/${object}/`;
  return {
    name,
    title,
    kind: 'disk',
    path: `${folder}0`,
    bytes,
    connections,
    script: 'disk',
    scriptArgs: [folder, String(count)],
    warm: Array.from({ length: count }, (_, number) => `${folder}${number}`),
  };
}

/** Every case, in the order of the report. */
export const CASES: readonly Case[] = [
  hit('hit-1k', '1 KB hits', '1k', 64),
  hit('hit-1k-browser', "1 KB hits with a browser's request header fields", '1k', 64, BROWSER_HEADERS),
  hit('hit-64k', '64 KB hits', '64k', 32),
  hit('hit-1m', '1 MB hits', '1m', 16),
  {
    name: 'miss-1k',
    title: '1 KB misses: every request is forwarded to the origin',
    kind: 'miss',
    path: '/miss/1',
    bytes: 1024,
    connections: 64,
    script: 'miss',
  },
  {
    name: 'zipf',
    title: `${ZIPF_OBJECTS.toLocaleString('en')} objects of 0.5 to 16 KB by Zipf's law, of which a tenth fits`,
    kind: 'zipf',
    path: '/zipf/7',
    bytes: 8192,
    connections: 64,
    script: 'zipf',
    scriptArgs: [String(ZIPF_OBJECTS)],
  },
  disk('disk-64k', '64 KB hits from disk, page cache warm: 4,096 objects', '64k', 32),
  disk('disk-1m', '1 MB hits from disk, page cache warm: 256 objects', '1m', 16),
  disk('disk-16m', '16 MB hits from disk, page cache warm: 16 objects', '16m', 8),
];

/** Limits that every server is started with for this kind of case. */
export function limitsFor(kind: Kind): Limits {
  if (kind === 'disk') return DISK_LIMITS;
  return kind === 'zipf' ? ZIPF_LIMITS : HIT_LIMITS;
}
