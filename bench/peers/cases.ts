import {
  DISK_OBJECTS,
  etagOf,
  HIT_OBJECTS,
  STALE_OBJECTS,
  STALE_PROBE,
  TEXT_GZIP,
  ZIPF_MEAN_BYTES,
  ZIPF_OBJECTS,
} from './bodies.ts';
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
  script: 'report' | 'miss' | 'zipf' | 'disk' | 'numbered' | 'waf';
  scriptArgs?: readonly string[];
  /** Paths of the same bytes that have to be stored before the measurement. */
  warm?: readonly string[];
  /** What answers have to have; 200 if not given. */
  status?: 206 | 304;
  /** What is spoken to the server: HTTP/1.1 over TCP if not given. */
  protocol?: 'tls' | 'h2';
  /** Whether latencies are measured at half the peak too. */
  steady?: boolean;
  /** Driven by `steady/client.c` where it can be built: wrk waits for the body that a 304's Content-Length tells of. */
  ownClient?: boolean;
  /** Whether the first, unmeasured run has to be long, until caches are full. */
  longWarmup?: boolean;
  /** Path that has to be refused with 403. */
  refused?: string;
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
  threads: number;
  /** Whether clients' rates are counted. */
  limited: boolean;
  /** Whether requests go through the rules of the OWASP Core Rule Set. */
  waf: boolean;
}

/** All hit objects fit many times. */
const HIT_LIMITS: Limits = { memory: 256 * MB, disk: 0, churn: false, threads: 1, limited: false, waf: false };

const LIMITED_LIMITS: Limits = { ...HIT_LIMITS, limited: true };

const WAF_LIMITS: Limits = { ...HIT_LIMITS, waf: true };

/** So much that nothing has to go. */
export const MEMORY_LIMITS: Limits = { ...HIT_LIMITS, memory: 1024 * MB };

const THREADS_LIMITS: Limits = { ...HIT_LIMITS, threads: 2 };

/** A tenth of the bodies. */
const ZIPF_LIMITS: Limits = {
  ...HIT_LIMITS,
  memory: Math.round((ZIPF_MEAN_BYTES * ZIPF_OBJECTS) / 10),
  churn: true,
};

/** A sixteenth of each working set fits in memory, all of them fit on the disk twice. */
const DISK_LIMITS: Limits = { ...HIT_LIMITS, memory: 16 * MB, disk: 1536 * MB };

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
  hit('hit-0', 'hits of nothing but a head', '0', 64),
  { ...hit('hit-1k', '1 KB hits', '1k', 64), steady: true },
  hit('hit-1k-browser', "1 KB hits with a browser's request header fields", '1k', 64, BROWSER_HEADERS),
  hit('hit-16k', '16 KB hits', '16k', 64),
  { ...hit('hit-64k', '64 KB hits', '64k', 32), steady: true },
  hit('hit-1m', '1 MB hits', '1m', 16),
  hit('hit-10m', '10 MB hits', '10m', 8),
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
    name: 'revalidate-1k',
    title: '1 KB revalidations: each request finds a stale object, and the origin answers 304',
    kind: 'revalidate',
    path: STALE_PROBE,
    bytes: 1024,
    connections: 64,
    script: 'numbered',
    scriptArgs: ['/stale/', String(STALE_OBJECTS)],
    longWarmup: true,
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
    longWarmup: true,
  },
  {
    ...hit('not-modified-1k', '304 to If-None-Match of a 1 KB object', '1k', 64, [`If-None-Match: ${etagOf('1k')}`]),
    kind: 'conditional',
    status: 304,
    bytes: 0,
    ownClient: true,
  },
  {
    ...hit('range-64k', 'the first 1 KB of a 64 KB object', '64k', 64, ['Range: bytes=0-1023']),
    kind: 'range',
    status: 206,
    bytes: 1024,
  },
  {
    ...hit('variant-gzip', "32 KB of text in the origin's gzip variant, chosen by Vary", '1k', 64, [
      'Accept-Encoding: gzip',
    ]),
    kind: 'variant',
    path: '/text/page',
    bytes: TEXT_GZIP.length,
  },
  { ...hit('tls-1k', '1 KB hits over TLS', '1k', 64), kind: 'tls', protocol: 'tls' },
  { ...hit('tls-64k', '64 KB hits over TLS', '64k', 32), kind: 'tls', protocol: 'tls' },
  {
    ...hit('h2-1k', '1 KB hits over HTTP/2, 8 streams at once on each connection', '1k', 16),
    kind: 'h2',
    protocol: 'h2',
    steady: true,
  },
  { ...hit('limited-1k', '1 KB hits, rates of clients counted', '1k', 64), kind: 'limited' },
  {
    ...hit('waf-1k', '1 KB hits with query, cookies and six header fields through the OWASP Core Rule Set', '1k', 32),
    kind: 'waf',
    script: 'waf',
    scriptArgs: ['get', 'new'],
    refused: '/hit/1k?q=%3Cscript%3Ealert(1)%3C/script%3E',
  },
  { ...hit('threads-1k', '1 KB hits with two threads, wrk beside them on both cores', '1k', 64), kind: 'threads' },
  disk('disk-64k', '64 KB hits from disk, page cache warm: 4,096 objects', '64k', 32),
  disk('disk-1m', '1 MB hits from disk, page cache warm: 256 objects', '1m', 16),
  disk('disk-16m', '16 MB hits from disk, page cache warm: 16 objects', '16m', 8),
];

/** Limits that every server is started with for this kind of case. */
export function limitsFor(kind: Kind): Limits {
  if (kind === 'disk') return DISK_LIMITS;
  if (kind === 'limited') return LIMITED_LIMITS;
  if (kind === 'threads') return THREADS_LIMITS;
  if (kind === 'waf') return WAF_LIMITS;
  return kind === 'zipf' ? ZIPF_LIMITS : HIT_LIMITS;
}
