/** Cache-Control in the reference model (RFC 9111 section 5.2), as lb documents its choices. */
import {
  type DirectiveText,
  delta,
  directives,
  GREATEST_DELTA,
  isToken,
  joined,
  type Lines,
  members,
} from './reference-fields.ts';

/** What an origin says of storing and reusing its answer. Seconds; undefined where not said. */
export interface Governing {
  said: boolean;
  public: boolean;
  private: boolean;
  noStore: boolean;
  noCache: boolean;
  mustRevalidate: boolean;
  proxyRevalidate: boolean;
  mustUnderstand: boolean;
  maxAge?: number;
  sMaxage?: number;
  swr?: number;
  sie?: number;
  /** Fields of `private="..."` and `no-cache="..."`. */
  withheld: string[];
}

export const NOTHING_SAID: Governing = {
  said: false,
  public: false,
  private: false,
  noStore: false,
  noCache: false,
  mustRevalidate: false,
  proxyRevalidate: false,
  mustUnderstand: false,
  withheld: [],
};

/** Of duplicates the most restrictive counts, an unsound lifetime is 0, a restriction with an argument restricts. */
export function cacheControlOf(lines: Lines): Governing {
  const all = directives(joined(lines, 'cache-control') ?? '');
  const named = (name: string) => all.filter((one) => one.name === name);
  const bare = (name: string) => named(name).some(({ sound, argument }) => sound && argument === undefined);
  const fieldsOf = (name: string) => named(name).map((one) => fieldNames(one.sound ? one.argument : undefined));
  const withheld = [...fieldsOf('private'), ...fieldsOf('no-cache')].flatMap((names) => names ?? []);
  return {
    said: all.length > 0,
    public: bare('public'),
    private: fieldsOf('private').includes(undefined),
    noStore: named('no-store').length > 0,
    noCache: fieldsOf('no-cache').includes(undefined),
    mustRevalidate: named('must-revalidate').length > 0,
    proxyRevalidate: named('proxy-revalidate').length > 0,
    mustUnderstand: named('must-understand').length > 0,
    maxAge: least(named('max-age')),
    sMaxage: least(named('s-maxage')),
    swr: least(named('stale-while-revalidate')),
    sie: least(named('stale-if-error')),
    withheld,
  };
}

function secondsOf({ sound, argument }: DirectiveText): number | undefined {
  return sound ? delta(argument) : undefined;
}

function least(given: readonly DirectiveText[]): number | undefined {
  return given.length === 0 ? undefined : Math.min(...given.map((one) => secondsOf(one) ?? 0));
}

/** The names that a qualified directive lists; undefined where it is to be read as the unqualified one. */
function fieldNames(argument: string | undefined): string[] | undefined {
  const names = members(argument ?? '');
  return names.length > 0 && names.every(isToken) ? names.map((name) => name.toLowerCase()) : undefined;
}

/** What a client asks for (RFC 9111 section 5.2.1, RFC 5861 section 4). Seconds. */
export interface Wishes {
  noCache: boolean;
  noStore: boolean;
  onlyIfCached: boolean;
  maxAge?: number;
  minFresh?: number;
  maxStale?: number;
  staleIfError?: number;
}

/** Invalid numbers ask for the freshest; an invalid max-stale is left out; Pragma counts without Cache-Control only. */
export function wishesOf(lines: Lines): Wishes {
  const value = joined(lines, 'cache-control');
  const all = directives(value ?? '');
  const named = (name: string) => all.filter((one) => one.name === name);
  const pragma =
    value === undefined && directives(joined(lines, 'pragma') ?? '').some(({ name }) => name === 'no-cache');
  const minFresh = named('min-fresh').map((one) => secondsOf(one) ?? GREATEST_DELTA);
  const maxStale = named('max-stale')
    .filter(({ sound }) => sound)
    .map((one) => (one.argument === undefined ? Infinity : secondsOf(one)))
    .filter((seconds) => seconds !== undefined);
  return {
    noCache: named('no-cache').length > 0 || pragma,
    noStore: named('no-store').length > 0,
    onlyIfCached: named('only-if-cached').length > 0,
    maxAge: least(named('max-age')),
    minFresh: minFresh.length === 0 ? undefined : Math.max(...minFresh),
    maxStale: maxStale.length === 0 ? undefined : Math.min(...maxStale),
    staleIfError: least(named('stale-if-error')),
  };
}
