/** Targeted fields in the reference model: RFC 9213 over RFC 8941 dictionaries, and Surrogate-Control. */

import { cacheControlOf, type Governing, NOTHING_SAID } from './reference-directives.ts';
import { delta, directives, GREATEST_DELTA, joined, type Lines } from './reference-fields.ts';

/** What governs a response: the first targeted field that is there and sound, else Cache-Control. `targeted`: Expires and Pragma do not count. */
export function governing(lines: Lines, targets: readonly string[]): Governing & { targeted: boolean } {
  for (const name of targets) {
    const value = joined(lines, name);
    const read = value === undefined ? undefined : name === 'surrogate-control' ? surrogate(value) : targeted(value);
    if (read !== undefined) return { ...read, targeted: true };
  }
  return { ...cacheControlOf(lines), targeted: false };
}

function targeted(value: string): Governing | undefined {
  const dictionary = dictionaryOf(value);
  if (dictionary === undefined || dictionary.size === 0) return undefined;
  const flag = (name: string): boolean => dictionary.has(name) && dictionary.get(name) !== '?0';
  const seconds = (name: string): number | undefined => {
    const text = dictionary.get(name);
    if (text === undefined) return undefined;
    return /^-?\d+$/.test(text) ? Math.min(Math.max(Number(text), 0), GREATEST_DELTA) : 0;
  };
  return {
    ...NOTHING_SAID,
    said: true,
    public: flag('public'),
    private: flag('private'),
    noStore: flag('no-store'),
    noCache: flag('no-cache'),
    mustRevalidate: flag('must-revalidate'),
    proxyRevalidate: flag('proxy-revalidate'),
    mustUnderstand: flag('must-understand'),
    maxAge: seconds('max-age'),
    sMaxage: seconds('s-maxage'),
    swr: seconds('stale-while-revalidate'),
    sie: seconds('stale-if-error'),
  };
}

const BARE = String.raw`(?:-?\d{1,12}\.\d{1,3}|-?\d{1,15}|"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"|[A-Za-z*][!#$%&'*+.^_|~:/0-9A-Za-z\x60-]*|:[A-Za-z0-9+/=]*:|\?[01]|@-?\d{1,15})`;
const KEY = '[a-z*][a-z0-9_.*-]*';
const PARAMETERS = `(?:; *${KEY}(?:=${BARE})?)*`;
const ITEM = `${BARE}${PARAMETERS}`;
const INNER = String.raw`\( *(?:${ITEM}(?: +${ITEM})*)? *\)${PARAMETERS}`;
const MEMBER = new RegExp(
  `(${KEY})(?:=(?:(${BARE})${PARAMETERS}|(${INNER}))|${PARAMETERS})(?:[ \\t]*(,)[ \\t]*|$)`,
  'y',
);

/** The members of a dictionary (RFC 8941 section 4.2.2) with their values as they stand, `?1` for none; the last of a name counts. */
function dictionaryOf(value: string): Map<string, string> | undefined {
  const text = value.replace(/^ +| +$/g, '');
  const found = new Map<string, string>();
  let comma: string | undefined;
  for (let at = 0; at < text.length; at = MEMBER.lastIndex) {
    MEMBER.lastIndex = at;
    const match = MEMBER.exec(text);
    if (match === null) return undefined;
    found.set(match[1], match[2] ?? match[3] ?? '?1');
    comma = match[4];
  }
  return comma === undefined ? found : undefined;
}

/** `max-age=fresh+stale`, `no-store`, `no-store-remote`: those for lb by name, where there are any, else those for everybody. */
function surrogate(value: string): Governing | undefined {
  const all = directives(value).map(({ name, argument }) => {
    const [directive, nameTarget] = name.split(';');
    const [given, givenTarget] = (argument ?? '').split(';');
    return { directive, given, target: nameTarget ?? givenTarget };
  });
  const known = all.filter(({ directive }) => ['max-age', 'no-store', 'no-store-remote'].includes(directive));
  const own = known.filter(({ target }) => target === 'lb');
  const counting = own.length > 0 ? own : known.filter(({ target }) => target === undefined);
  if (counting.length === 0) return undefined;
  const ages = counting.filter(({ directive }) => directive === 'max-age').map(({ given }) => given.split('+'));
  const stale = ages.map(([, after]) => delta(after)).filter((seconds) => seconds !== undefined);
  const maxAge = ages.length === 0 ? undefined : Math.min(...ages.map(([fresh]) => delta(fresh) ?? 0));
  return { ...NOTHING_SAID, said: true, noStore: ages.length < counting.length, maxAge, swr: stale.at(-1) };
}
