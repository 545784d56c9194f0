/** Header fields drawn from a grammar: mostly sound, often odd. */
import type { Template } from './history.ts';
import type { Random } from './random.ts';

const SECONDS = ['0', '1', '5', '10', '60', '100', '3600', '86400'];
const ODD_SECONDS = [
  '-1',
  '1.5',
  '',
  ' 10',
  '10 ',
  '0x10',
  '1e3',
  '99999999999',
  '2147483648',
  '007',
  "'10'",
  'x',
  '+5',
];

function seconds(random: Random): string {
  const value = random.chance(90) ? random.pick(SECONDS) : random.pick(ODD_SECONDS);
  return random.chance(8) ? `"${value}"` : value;
}

const NAMES = ['set-cookie', 'x-note', 'X-Note, Set-Cookie', 'expires', '', 'a b'];

const RESPONSE: readonly ((random: Random) => string)[] = [
  (random) => `max-age=${seconds(random)}`,
  (random) => `max-age=${seconds(random)}`,
  (random) => `max-age=${seconds(random)}`,
  (random) => `max-age=${seconds(random)}`,
  (random) => `s-maxage=${seconds(random)}`,
  (random) => `stale-while-revalidate=${seconds(random)}`,
  (random) => `stale-if-error=${seconds(random)}`,
  () => 'no-cache',
  (random) => `no-cache="${random.pick(NAMES)}"`,
  () => 'no-store',
  () => 'private',
  (random) => `private="${random.pick(NAMES)}"`,
  () => 'public',
  () => 'public=1',
  () => 'must-revalidate',
  () => 'proxy-revalidate',
  () => 'must-understand',
  () => 'immutable',
  () => 'no-transform',
  () => 'x-new="a, max-age=5"',
  () => 'x-open="a',
  () => 'max-age',
  () => 'max-age =10',
  () => 'max-age=10 5',
  () => '=5',
  () => '',
];

function inOddCase(random: Random, text: string): string {
  if (random.chance(94)) return text;
  return random.chance(50) ? text.toUpperCase() : text.replace(/[a-z]/, (letter) => letter.toUpperCase());
}

function directive(random: Random): string {
  return inOddCase(random, random.pick(RESPONSE)(random));
}

/** Mostly a lifetime, so that there is something to reuse. */
export function cacheControl(random: Random, name: string): Template {
  if (random.chance(40)) return [[name, `max-age=${random.pick(SECONDS)}`]];
  const count = 1 + random.int(3);
  const all = Array.from({ length: count }, () => directive(random));
  if (random.chance(12)) return all.map((value) => [name, value]);
  return [[name, all.join(random.pick([', ', ',', ' , ', ',, ']))]];
}

const FORMS = ['date', 'date', 'date', 'date', 'rfc850', 'asctime', 'zone'];
const OFFSETS = [-86400, -3600, -60, -10, -1, 0, 1, 10, 60, 3600, 86400];

export function date(random: Random): string {
  // sixty years ahead is forty ago in two digits
  if (random.chance(3)) return '@rfc850(1900000000)';
  return `@${random.pick(FORMS)}(${random.pick(OFFSETS)})`;
}

const BAD_DATES = ['0', '-1', 'never', '', 'Thu, 01 Jan 1970 00:00:00', 'Mon, 31 Feb 2020 10:00:00 GMT'];

export function expires(random: Random): Template {
  const one = (): [string, string] => ['expires', random.chance(80) ? date(random) : random.pick(BAD_DATES)];
  return random.chance(5) ? [one(), one()] : [one()];
}

export function dateField(random: Random): Template {
  if (random.chance(15)) return [];
  if (random.chance(75)) return [['date', '@date(0)']];
  if (random.chance(5))
    return [
      ['date', date(random)],
      ['date', '@date(0)'],
    ];
  return [['date', random.chance(85) ? date(random) : random.pick(BAD_DATES)]];
}

const ODD_AGES = ['-5', '1.5', 'old', '', '99999999999', '5,10', '5, 10', '007', '+3'];

export function age(random: Random): Template {
  if (random.chance(6))
    return [
      ['age', '3'],
      ['age', '7'],
    ];
  return [['age', random.chance(75) ? random.pick(['0', '1', '5', '30', '100', '4000']) : random.pick(ODD_AGES)]];
}

export function vary(random: Random): Template {
  const values = [
    'Accept-Encoding',
    'accept-language',
    'Accept-Encoding, Accept-Language',
    'X-Flavour',
    'ACCEPT-LANGUAGE,, x-flavour',
  ];
  if (random.chance(6)) return [['vary', random.pick(['*', 'Accept-Encoding, *', 'a b', ''])]];
  if (random.chance(6))
    return [
      ['vary', 'Accept-Encoding'],
      ['vary', 'Accept-Language'],
    ];
  return [['vary', random.pick(values)]];
}

export const ENCODINGS = [
  'gzip',
  'br, gzip',
  'GZIP',
  'gzip;q=0',
  'gzip;q=0.5, br;q=1.0',
  '*',
  'identity;q=0, *',
  'deflate',
  'br;q=0, *;q=0.1',
  'x-gzip',
  'gzip;q=2',
  '',
];
export const LANGUAGES = ['de', 'en', 'DE', 'de, en', 'en,de', 'de;q=0.5, en', 'en, de;q=0.50', 'en;q=x', ' de'];
export const FLAVOURS = ['a', 'b', 'A', 'a, b', 'a ,b'];

/** A client's Cache-Control or Pragma. */
export function requestDirectives(random: Random): Template {
  if (random.chance(10)) return [['pragma', random.pick(['no-cache', 'NO-CACHE', 'x, no-cache', 'x'])]];
  const one = (): string =>
    inOddCase(
      random,
      random.pick([
        'no-cache',
        'no-store',
        'only-if-cached',
        'max-stale',
        'no-transform',
        `max-age=${seconds(random)}`,
        `max-stale=${seconds(random)}`,
        `min-fresh=${seconds(random)}`,
        `stale-if-error=${seconds(random)}`,
        'stale-if-error=500000',
        'max-age=0',
        'max-age',
      ]),
    );
  return [['cache-control', random.chance(75) ? one() : `${one()}, ${one()}`]];
}

const TARGETED = [
  'max-age=60',
  'max-age=5',
  's-maxage=100',
  'max-age="60"',
  'max-age=1.5',
  'max-age=-3',
  'no-store',
  'no-store=?0',
  'no-cache',
  'private',
  'private="x-note"',
  'Max-Age=60',
  'max-age=60;a=1;b',
  'max-age=(1 2)',
  'must-revalidate',
  'stale-while-revalidate=30',
  'stale-if-error=60',
  'max-age=60,',
  '',
  'max-age',
  'public',
  'max-age=99999999999',
  'max-age=9999999999999999',
];
const SURROGATE = [
  'max-age=60',
  'max-age=60+30',
  'max-age=5, max-age=60;other',
  'no-store',
  'no-store-remote',
  'content="ESI/1.0"',
  'max-age=x',
  'max-age="60"',
  'no-store;other',
  'max-age=7;lb',
  'no-store;lb',
  'MAX-AGE=10',
];

/** A field for caches like lb (RFC 9213), or Surrogate-Control. */
export function targeted(random: Random, name: string): Template {
  const list = name === 'surrogate-control' ? SURROGATE : TARGETED;
  const count = 1 + random.int(2);
  return [[name, Array.from({ length: count }, () => random.pick(list)).join(random.pick([', ', ',', ' ,\t']))]];
}
