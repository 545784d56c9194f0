/** How the reference model reads header fields, from RFC 9110 and 9111; plain and slow, and nothing of it is lb's. */

/** Header lines in order: lowercase name, value. */
export type Lines = readonly (readonly [string, string])[];

/** Delta-seconds beyond this count as this (RFC 9111 section 1.2.2). */
export const GREATEST_DELTA = 2147483648;

export function valuesOf(lines: Lines, name: string): string[] {
  return lines.filter(([other]) => other === name).map(([, value]) => value);
}

/** All lines of a name as one value (RFC 9110 section 5.3). */
export function joined(lines: Lines, name: string): string | undefined {
  const values = valuesOf(lines, name);
  return values.length === 0 ? undefined : values.join(', ');
}

export function has(lines: Lines, name: string): boolean {
  return lines.some(([other]) => other === name);
}

export function isToken(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);
}

const trim = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, '');

/** Members of a list (RFC 9110 section 5.6.1); commas in quoted strings do not count, a quote never closed is a character. */
export function members(value: string): string[] {
  const parts = value.match(/(?:"(?:\\.|[^"\\])*"|[^,"]|"(?!(?:\\.|[^"\\])*"))+/gs) ?? [];
  return parts.map(trim).filter((part) => part !== '');
}

/** One directive; `sound` is false where name or argument break the grammar (RFC 9111 section 5.2). */
export interface DirectiveText {
  name: string;
  argument: string | undefined;
  sound: boolean;
}

export function directives(value: string): DirectiveText[] {
  return members(value).map((member) => {
    const [, rawName, argument] = /^([^=]*)(?:=(.*))?$/s.exec(member) as unknown as [
      string,
      string,
      string | undefined,
    ];
    const name = trim(rawName).toLowerCase();
    const named = isToken(name) && (argument === undefined || rawName.length === name.length);
    if (argument === undefined || isToken(argument)) return { name, argument, sound: named };
    const quoted = /^"((?:\\.|[^"\\])*)"$/s.exec(argument);
    if (quoted === null) return { name, argument, sound: false };
    return { name, argument: quoted[1].replace(/\\(.)/gs, '$1'), sound: named };
  });
}

/** Seconds of a delta-seconds, or undefined where the text is none. */
export function delta(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]+$/.test(text) ? Math.min(Number(text), GREATEST_DELTA) : undefined;
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');

/** An HTTP-date in any of its three forms (RFC 9110 section 5.6.7), in seconds since 1970, or undefined. */
export function httpDate(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const words = text.toLowerCase();
  const day = '(?:mon|tue|wed|thu|fri|sat|sun)';
  const clock = '(\\d\\d):(\\d\\d):(\\d\\d)';
  const fix = new RegExp(`^${day}, (\\d\\d) (\\w{3}) (\\d{4}) ${clock} gmt$`).exec(words);
  if (fix !== null) return instant(Number(fix[3]), fix[2], fix[1], fix.slice(4));
  const old = new RegExp(`^${day}[a-z]*day, (\\d\\d)-(\\w{3})-(\\d\\d) ${clock} gmt$`).exec(words);
  if (old !== null) return instant(fullYear(Number(old[3]), now), old[2], old[1], old.slice(4));
  const asc = new RegExp(`^${day} (\\w{3}) ([ \\d]\\d) ${clock} (\\d{4})$`).exec(words);
  if (asc !== null) return instant(Number(asc[6]), asc[1], asc[2], asc.slice(3, 6));
  return undefined;
}

/** A two-digit year more than 50 years ahead is of the past. */
function fullYear(two: number, now: number): number {
  const present = new Date(now * 1000).getUTCFullYear();
  const year = Math.floor(present / 100) * 100 + two;
  return year > present + 50 ? year - 100 : year;
}

function instant(year: number, monthName: string, day: string, [hour, minute, second]: string[]): number | undefined {
  const month = MONTHS.indexOf(monthName);
  const ms = Date.UTC(year, month, Number(day), Number(hour), Number(minute), Number(second));
  const exists = month >= 0 && new Date(Date.UTC(year, month, Number(day))).getUTCDate() === Number(day);
  return exists && Number(hour) < 24 && Number(minute) < 60 && Number(second) <= 60 ? ms / 1000 : undefined;
}

/** An entity tag: weak or strong, and what is compared. A malformed one is weak. */
export interface Tag {
  weak: boolean;
  opaque: string;
}

export function entityTag(text: string): Tag | undefined {
  if (text === '') return undefined;
  const sound = /^(W\/)?("[\x21\x23-\x7e\x80-\xff]*")$/.exec(text);
  if (sound !== null) return { weak: sound[1] !== undefined, opaque: sound[2] };
  return { weak: true, opaque: text };
}

export function entityTags(list: string): Tag[] {
  const parts = list.match(/(?:W\/)?"[^"]*"|[^, \t][^,]*/g) ?? [];
  return parts.map((part) => entityTag(trim(part))).filter((tag) => tag !== undefined);
}

/** Names of a Vary; undefined for one that no request matches (RFC 9111 section 4.1). */
export function varyNames(lines: Lines): string[] | undefined {
  const names = members(joined(lines, 'vary') ?? '');
  if (names.some((name) => name === '*' || !isToken(name))) return undefined;
  return [...new Set(names.map((name) => name.toLowerCase()))].sort();
}

/** What of a request selects a variant, in a form in which equal texts mean a match after normalisation. */
export function selection(names: readonly string[], request: Lines): string {
  return JSON.stringify(names.map((name) => [name, selecting(name, joined(request, name))]));
}

function selecting(name: string, value: string | undefined): unknown {
  if (name === 'accept-encoding') return acceptedCodings(value);
  if (value === undefined) return null;
  if (name === 'accept-language') return weighted(value);
  return name === 'cookie' || name === 'user-agent' ? value : members(value).join(',');
}

const QUALITY = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i;

/** Languages by weight; order among equals and case mean nothing (RFC 9110 section 12.5.4). */
function weighted(value: string): unknown {
  const ranges: [string, number][] = [];
  for (const member of members(value.toLowerCase())) {
    const [name, quality] = member.split(/;(.*)/s).map(trim);
    const weight = quality === undefined ? '1' : QUALITY.exec(quality)?.[1];
    if (weight === undefined) return members(value.toLowerCase()).join(',');
    ranges.push([name, Number(weight)]);
  }
  return ranges.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

/**
 * Which of br, gzip and zstd a client takes, as lb asks its origin for: `br, gzip`, `identity` for none of them, and
 * `identity;q=0` where the uncoded form is refused (RFC 9110 section 12.5.3).
 */
export function acceptedCodings(value: string | undefined): string {
  const weights = new Map<string, number>();
  for (const member of members((value ?? '').toLowerCase())) {
    const [name, quality] = member.split(/;(.*)/s).map(trim);
    const weight = quality === undefined ? 1 : Number(QUALITY.exec(quality)?.[1] ?? 0);
    weights.set(name === 'x-gzip' ? 'gzip' : name, weight);
  }
  const weightOf = (coding: string): number => weights.get(coding) ?? weights.get('*') ?? 0;
  const taken = ['br', 'gzip', 'zstd'].filter((coding) => weightOf(coding) > 0);
  const refused = weights.get('identity') === 0 || (weights.get('*') === 0 && !weights.has('identity'));
  if (refused) taken.push('identity;q=0');
  return taken.length === 0 ? 'identity' : taken.join(', ');
}

/** Fields of one connection, and those that Connection names (RFC 9110 section 7.6.1). */
export function withoutConnectionFields(lines: Lines): Lines {
  const own = ['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization'];
  own.push('proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade');
  for (const option of members(joined(lines, 'connection') ?? '')) {
    // what every recipient needs stays, whatever Connection says
    if (!ESSENTIAL.includes(option.toLowerCase())) own.push(option.toLowerCase());
  }
  return lines.filter(([name]) => !own.includes(name));
}

const ESSENTIAL = ['age', 'cache-control', 'content-length', 'content-type', 'date', 'etag', 'expires', 'vary'];
