import { selectCookies } from '../http/cookies.ts';
import { pathForms } from '../http/path-forms.ts';
import { addAddress } from './address.ts';
import type { KeyedHash } from './hash.ts';
import type { CountryOf, LimitSubject } from './subject.ts';

/** Adds what a part of a key says of a request. @returns false where the request has nothing of the kind */
type KeyPart = (x: LimitSubject, hash: KeyedHash) => boolean;

/** Puts together what tells clients of a limit apart. */
export interface LimitKey {
  /** Adds it all to a hash that has been begun. @returns false where the request is not counted at all */
  add(x: LimitSubject, hash: KeyedHash): boolean;
}

export interface KeyTerms {
  /** `ip`, `path`, `country`, `header:NAME`, `cookie:NAME`, `query:NAME`; none: all requests together. */
  readonly by: readonly string[];
  /** Bits of an IPv6 address that count as one client. */
  readonly ipv6Prefix: number;
  /** What a request counts by that has no such header, cookie or parameter. */
  readonly missing: 'ip' | 'together' | 'skip';
}

export function compileKey({ by, ipv6Prefix, missing }: KeyTerms, countryOf: CountryOf): LimitKey {
  const byAddress: KeyPart = (x, hash) => {
    addAddress(hash, x.clientAddress(), ipv6Prefix);
    return true;
  };
  if (by.length === 1 && by[0] === 'ip') return { add: byAddress };
  const parts = by.map((key) => (key === 'ip' ? byAddress : partOf(key, countryOf)));
  return {
    add(x, hash) {
      for (const part of parts) {
        if (part(x, hash)) continue;
        if (missing === 'skip') return false;
        // not to be taken for a value of the same text
        hash.text('\u0000');
        if (missing === 'ip') byAddress(x, hash);
      }
      return true;
    },
  };
}

function partOf(key: string, countryOf: CountryOf): KeyPart {
  const colon = key.indexOf(':');
  const kind = colon < 0 ? key : key.slice(0, colon);
  const name = key.slice(colon + 1);
  switch (kind) {
    case 'path':
      // not each way of writing it is another path
      return (x, hash) => added(hash, pathForms(x.path).at(-1) ?? x.path);
    case 'country':
      return (x, hash) => added(hash, countryOf(x.clientAddress()));
    case 'header':
      return (x, hash) => added(hash, x.field(name));
    case 'cookie':
      return (x, hash) => added(hash, selectCookies(x.field('cookie'), [name]));
    default:
      return (x, hash) => added(hash, x.query === '' ? '' : (new URLSearchParams(x.query).get(name) ?? ''));
  }
}

function added(hash: KeyedHash, value: string): boolean {
  if (value === '') return false;
  hash.text(value);
  return true;
}
