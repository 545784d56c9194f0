import { HIT_OBJECTS, ZIPF_MEAN_BYTES, ZIPF_OBJECTS } from './bodies.ts';
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
  script: 'report' | 'miss' | 'zipf';
  scriptArgs?: readonly string[];
  /** Request header fields beside Host. */
  headers?: readonly string[];
}

/** Cache limit of every server: all hit objects fit many times. */
export const HIT_MEMORY = 256 * MB;

/** Cache limit of every server in the Zipf mix: a tenth of the bodies. */
export const ZIPF_MEMORY = Math.round((ZIPF_MEAN_BYTES * ZIPF_OBJECTS) / 10);

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
];

/** Cache limit in bytes that every server is started with for this kind of case. */
export function memoryFor(kind: Kind): number {
  return kind === 'zipf' ? ZIPF_MEMORY : HIT_MEMORY;
}
