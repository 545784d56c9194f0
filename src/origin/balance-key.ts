import { selectCookies } from '../http/cookies.ts';
import { combineHeader, type HeaderList } from '../http/headers.ts';
import { hashText } from './balance-hash.ts';

/** What tells requests apart for balancing. */
export interface RouteHints {
  /** Path without query. */
  readonly path: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: HeaderList;
  /** Of the client. */
  readonly address: string;
  readonly host: { readonly authority: string };
  /** The Cookie field as sent, where `headers` have not all of it. */
  readonly cookies?: string | undefined;
}

/** The text of a request that is hashed; '' where it has none of it. */
type KeyText = (hints: RouteHints) => string;

/** Compiles `balance.hash_by`: 32 bits of a request, undefined where the request has nothing to hash. */
export function balanceKey(by: string): (hints: RouteHints) => number | undefined {
  const textOf = keyText(by);
  return (hints) => {
    const text = textOf(hints);
    return text === '' ? undefined : hashText(text);
  };
}

function keyText(by: string): KeyText {
  if (by.startsWith('header:')) {
    const name = by.slice('header:'.length).toLowerCase();
    return ({ headers }) => combineHeader(headers, name) ?? '';
  }
  if (by.startsWith('cookie:')) {
    const name = by.slice('cookie:'.length);
    return ({ headers }) => selectCookies(combineHeader(headers, 'cookie') ?? '', [name]);
  }
  switch (by) {
    case 'path':
      return ({ path }) => path;
    case 'ip':
      return ({ address }) => address;
    case 'host':
      return ({ host }) => host.authority;
    default:
      return ({ host, target }) => `${host.authority}${target}`;
  }
}
