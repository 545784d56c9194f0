/** What the origin of the soak test serves, so that a client can tell every byte that it must get. */

import { randomBytes } from '../../bench/random.ts';

const KB = 1024;
const MB = KB * KB;

/** Objects of one kind; they lie at `/NAME/NUMBER`. */
export interface Kind {
  name: string;
  count: number;
  /** Bytes of the smallest and the largest one. */
  least: number;
  most: number;
  /** Seconds that the origin says they are fresh. */
  maxAge: number;
  /** Text, which can be compressed, and bytes without pattern otherwise. */
  text: boolean;
  /** Whether the answer differs by X-Lang. */
  vary: boolean;
  /** Place of the first one's version among all. */
  at: number;
}

const HOUR = 3600;

function kind(name: string, count: number, least: number, most: number, more: Partial<Kind> = {}): Kind {
  return { name, count, least, most, maxAge: HOUR, text: false, vary: false, at: 0, ...more };
}

/** Every kind; those that are in no list of `hot` and `cold` sizes are for one sort of request each. */
export const KINDS: Readonly<Record<string, Kind>> = numbered([
  kind('hot', 300, KB, 64 * KB),
  kind('cold', 16_000, KB, 96 * KB),
  kind('text', 200, 2 * KB, 200 * KB, { text: true }),
  kind('short', 50, KB, 16 * KB, { maxAge: 1 }),
  kind('vary', 50, KB, 16 * KB, { vary: true }),
  kind('medium', 40, MB, 3 * MB),
  kind('large', 6, 24 * MB, 48 * MB),
]);

/** Number of all objects, and of words that hold their versions. */
export const OBJECTS = Object.values(KINDS).reduce((sum, { count }) => sum + count, 0);

/** Values of X-Lang. */
export const LANGUAGES = ['de', 'en', 'fr'] as const;

/** Tags of hot objects: `tag-0` and so on. */
export const TAGS = 20;

/** Period of the bytes without pattern; no multiple of any block, slice or page. */
const PERIOD = MB + 7;
/** Bytes that can be had in one piece wherever they begin. */
const PIECE = 64 * KB;

const noise = repeated(randomBytes(PERIOD));
const words = repeated(randomWords(PERIOD));

/** One state of one object. */
export interface Content {
  kind: Kind;
  size: number;
  /** Where in the period its first byte lies. */
  start: number;
}

/** The object in a version, for clients that name a language. */
export function contentOf(which: Kind, number: number, version: number, language = ''): Content {
  const seed = hash(`${which.name}/${number}/${language}`);
  const range = which.most - which.least;
  return {
    kind: which,
    // another version has another length, so that a mixture of two shows
    size: which.least + (range === 0 ? 0 : (seed % range) + (version % 5)),
    start: (seed + version * 40_503) % PERIOD,
  };
}

/** The bytes from an offset on: as many as there are in one piece, at most `length`. */
export function piece({ kind, start }: Content, offset: number, length: number): Buffer {
  const from = (start + offset) % PERIOD;
  return (kind.text ? words : noise).subarray(from, from + Math.min(length, PIECE));
}

/** The kind and the number of `/NAME/NUMBER`; undefined for other paths. */
export function parsePath(path: string): { kind: Kind; number: number } | undefined {
  const found = /^\/([a-z]+)\/(\d+)$/.exec(path);
  const which = found === null ? undefined : KINDS[found[1]];
  if (found === null || which === undefined || Number(found[2]) >= which.count) return undefined;
  return { kind: which, number: Number(found[2]) };
}

/** Place of an object's version among all. */
export function slotOf({ at }: Kind, number: number): number {
  return at + number;
}

/** Entity tag of a version, and of a language where there are several. */
export function etagOf(version: number, language = ''): string {
  return `"v${version}${language}"`;
}

/** The version that an entity tag tells, weak or not, whatever was added to it. */
export function versionOf(etag: string | undefined): number | undefined {
  const digits = /"v(\d+)/.exec(etag ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function numbered(kinds: readonly Kind[]): Record<string, Kind> {
  let at = 0;
  const all: Record<string, Kind> = {};
  for (const each of kinds) {
    all[each.name] = { ...each, at };
    at += each.count;
  }
  return all;
}

/** FNV-1a with a last mixing, so that neighbours differ in all bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}

function randomWords(length: number): Buffer {
  const choice = randomBytes(length);
  const list = 'the cache keeps what was asked for and gives it back <p class="x"> while it is fresh </p>'.split(' ');
  let text = '';
  for (let i = 0; text.length < length; i++) text += `${list[choice[i] % list.length]} ${choice[i] % 100} `;
  return Buffer.from(text.slice(0, length));
}

function repeated(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, bytes.subarray(0, PIECE)]);
}
