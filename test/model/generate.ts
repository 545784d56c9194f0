/** Histories drawn at random: few URLs, so that they collide, and origins that change their minds. */
import {
  age,
  cacheControl,
  date,
  dateField,
  ENCODINGS,
  expires,
  FLAVOURS,
  LANGUAGES,
  requestDirectives,
  targeted,
  vary,
} from './generate-fields.ts';
import type { Exchange, History, Script, Template } from './history.ts';
import { Random } from './random.ts';
import { SITES } from './sites.ts';

/** Exchanges of one history. */
export const EXCHANGES = 100;
const START = Date.UTC(2026, 4, 10, 12);

const STATUSES = [
  201, 204, 206, 299, 300, 301, 302, 307, 308, 400, 401, 403, 404, 405, 410, 414, 418, 429, 451, 500, 501, 502, 503,
  504,
];
const METHODS = ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'HEAD', 'HEAD', 'HEAD', 'HEAD'];

const LOCATIONS = [
  '/a',
  'http://www.example.com/b?q=1',
  'http://www.example.com:80/b',
  'http://other.example/a',
  'https://www.example.com/a',
  '//www.example.com/a.css',
  'b?q=1',
  '../r/x',
  '/a#top',
  'http://[/',
];

/** What a history is about: chances in a hundred. */
interface Taste {
  /** Of a Range field, and of Vary. */
  range: number;
  vary: number;
  /** What it says, '' for anything. */
  varyBy: string;
  /** Of a client's condition. */
  conditions: number;
  /** Of a client's Cache-Control. */
  wishes: number;
  /** Of an origin that fails. */
  faults: number;
  /** Bytes of all bodies, 0 for any. */
  length: number;
}

const MIXED: Taste = { range: 12, vary: 22, varyBy: '', conditions: 18, wishes: 20, faults: 8, length: 0 };

/** Parts, of versions that have the same length. */
const PARTS: Taste = { range: 65, vary: 2, varyBy: '', conditions: 3, wishes: 5, faults: 5, length: 40 };

/** Origins that fail, and clients that say what they would take then. */
const FAILING: Taste = { range: 3, vary: 5, varyBy: '', conditions: 5, wishes: 50, faults: 35, length: 0 };

/** Many variants of few resources. */
const VARIANTS: Taste = {
  range: 5,
  vary: 95,
  varyBy: 'Accept-Language, X-Flavour',
  conditions: 10,
  wishes: 5,
  faults: 3,
  length: 0,
};

/** The history of a seed. */
export function generate(seed: number): History {
  const random = new Random(seed);
  const taste = random.pick([MIXED, MIXED, MIXED, MIXED, MIXED, MIXED, MIXED, PARTS, FAILING, VARIANTS]);
  const targets = ['/a', '/b?q=1', '/r/x', '/a.css', '/b'].slice(0, 1 + random.int(5));
  const exchanges = Array.from({ length: EXCHANGES }, () => exchange(random, targets, taste));
  return { site: random.pick(Object.keys(SITES)), begins: START + random.int(1e9), exchanges };
}

function exchange(random: Random, targets: readonly string[], taste: Taste): Exchange {
  const method = random.chance(85) ? 'GET' : random.pick(METHODS);
  const target = random.pick(targets);
  const origin = script(random, taste);
  // what a GET would get
  if (method === 'POST' && random.chance(50)) origin.lines.push(['content-location', target]);
  return {
    wait: wait(random),
    method,
    target,
    lines: requestLines(random, taste),
    hasBody: method === 'GET' && random.chance(1),
    slow: random.chance(5),
    leaves: random.chance(3),
    origin,
  };
}

function wait(random: Random): number {
  if (random.chance(40)) return 0;
  if (random.chance(10)) return random.int(3000);
  return 1000 * random.pick([1, 2, 5, 9, 10, 11, 30, 59, 60, 61, 100, 1000, 3600, 86400, 200000]);
}

function requestLines(random: Random, taste: Taste): Template {
  const lines: Template = [];
  if (random.chance(35)) lines.push(['accept-encoding', random.pick(ENCODINGS)]);
  if (random.chance(35)) lines.push(['accept-language', random.pick(LANGUAGES)]);
  if (random.chance(15)) lines.push(['x-flavour', random.pick(FLAVOURS)]);
  if (random.chance(8)) lines.push(['authorization', 'Basic YTpi']);
  if (random.chance(taste.wishes)) lines.push(...requestDirectives(random));
  if (random.chance(taste.conditions)) lines.push(...conditions(random));
  if (random.chance(taste.range)) lines.push(...range(random));
  return lines;
}

/** `@etag` and `@modified` are the validators that the origin has at the time. */
function conditions(random: Random): Template {
  const lines: Template = [];
  const matching: Template = [
    ['if-none-match', random.pick(['@etag', '@etag', 'W/@etag', '"x", @etag', '"x"', '*', '@etag, "y"', 'x'])],
  ];
  if (random.chance(65)) lines.push(...matching);
  if (random.chance(50))
    lines.push(['if-modified-since', random.pick(['@modified', '@modified', date(random), 'never'])]);
  if (random.chance(5)) lines.push(['if-match', random.pick(['@etag', '"x"', '*'])]);
  if (random.chance(5)) lines.push(['if-unmodified-since', random.pick(['@modified', date(random)])]);
  return lines;
}

function range(random: Random): Template {
  const lines: Template = [
    [
      'range',
      random.pick([
        'bytes=0-',
        'bytes=0-4',
        'bytes=3-9',
        'BYTES=-5',
        'bytes=-0',
        'bytes=5-2',
        'bytes=900-',
        'items=0-1',
        'bytes=0-0, 5-6',
        'bytes=0-0,-3',
        'bytes=0-5, 3-9',
        'bytes=2-3, 900-',
        'bytes=,1-1,,',
        'bytes= 1-2',
        'bytes=1-99999',
        'bytes=',
      ]),
    ],
  ];
  if (random.chance(30)) lines.push(['if-range', random.pick(['@etag', '"x"', '@modified', 'W/"x"', date(random)])]);
  return lines;
}

function script(random: Random, taste: Taste): Script {
  const fault = !random.chance(taste.faults) ? 'none' : random.pick(['refused', 'reset', 'cut'] as const);
  return {
    changes: random.chance(25),
    delay: random.chance(80) ? 0 : random.pick([10, 400, 999, 1500, 3000, 20000]),
    fault,
    status: anyStatus(random, taste),
    lines: responseLines(random, taste),
    validators: random.pick(['strong', 'strong', 'weak', 'none', 'none', 'bare']),
    modified: random.chance(45) ? random.pick([-5, 0, 1, 60, 1000, 100000, 8640000]) : undefined,
    length: taste.length || anyLength(random),
    declared: random.chance(75),
    honours: random.chance(75),
    ranges: random.pick(['no', 'yes', 'yes', 'yes', 'always'] as const),
    tag304: random.chance(85) ? 'same' : random.pick(['none', 'none', 'other'] as const),
    lines304: random.chance(40)
      ? []
      : responseLines(random, taste).filter(([name]) => random.chance(70) && name !== 'content-type'),
    apart: random.chance(15),
  };
}

function anyStatus(random: Random, { faults }: Taste): number {
  if (random.chance(faults / 2)) return random.pick([500, 502, 503, 504]);
  return random.chance(85) ? 200 : random.pick(STATUSES);
}

function anyLength(random: Random): number {
  return random.chance(90) ? random.pick([40, 60, 100, 300]) : random.pick([0, 1500, 40000]);
}

function responseLines(random: Random, taste: Taste): Template {
  const lines: Template = dateField(random);
  lines.push(['content-type', random.pick(['text/css', 'text/html', 'text/css; charset=utf-8'])]);
  if (random.chance(80)) lines.push(...cacheControl(random, 'cache-control'));
  for (const name of ['lb-cache-control', 'cdn-cache-control', 'surrogate-control']) {
    if (random.chance(4)) lines.push(...targeted(random, name));
  }
  if (random.chance(20)) lines.push(...expires(random));
  if (random.chance(12)) lines.push(...age(random));
  if (random.chance(taste.vary))
    lines.push(...(taste.varyBy === '' ? vary(random) : [['vary', taste.varyBy] satisfies Template[0]]));
  if (random.chance(6)) lines.push(['set-cookie', 'a=b']);
  if (random.chance(4)) lines.push(['set-cookie', 'c=d; path=/']);
  if (random.chance(4)) lines.push(['pragma', random.pick(['no-cache', 'x'])]);
  if (random.chance(10)) lines.push(['x-note', random.pick(['1', '2'])]);
  if (random.chance(4)) lines.push(['connection', 'X-Hop, keep-alive'], ['keep-alive', '5'], ['x-hop', '1']);
  if (random.chance(4)) lines.push(['content-encoding', 'gzip']);
  if (random.chance(6)) lines.push([random.pick(['location', 'content-location']), random.pick(LOCATIONS)]);
  return lines;
}
