import { isTargetText } from './chars.ts';
import { type Host, parseHost } from './host.ts';

/** A request target taken apart (RFC 9112 section 3.2). */
export interface RequestTarget {
  /** origin: `/path?query`; absolute: `http://host/path?query`; asterisk: `*`. */
  form: 'origin' | 'absolute' | 'asterisk';
  /** Path without query, as sent; `*` for the asterisk form. */
  path: string;
  /** Query without its question mark, as sent; undefined where there is no question mark. */
  query: string | undefined;
  /** Scheme and authority of the absolute form. */
  scheme?: 'http' | 'https';
  authority?: Host;
}

/**
 * Takes a request target apart, without decoding anything. Undefined for a target that is none of a reverse proxy's:
 * control bytes, spaces, a fragment, an authority form, userinfo, a scheme other than http and https, `*` with a method
 * other than OPTIONS.
 */
export function parseRequestTarget(target: string, method: string): RequestTarget | undefined {
  if (!isTargetText(target)) return undefined;
  if (target.charCodeAt(0) === 0x2f) return withPath('origin', target);
  if (target === '*') return method === 'OPTIONS' ? { form: 'asterisk', path: '*', query: undefined } : undefined;
  return parseAbsolute(target);
}

function parseAbsolute(target: string): RequestTarget | undefined {
  const match = /^(https?):\/\/([^/?]+)(.*)$/i.exec(target);
  const authority = match === null ? undefined : parseHost(match[2]);
  if (match === null || authority === undefined) return undefined;
  const rest = match[3].startsWith('/') ? match[3] : `/${match[3]}`;
  return { ...withPath('absolute', rest), scheme: match[1].toLowerCase() === 'http' ? 'http' : 'https', authority };
}

function withPath(form: 'origin' | 'absolute', text: string): RequestTarget {
  const mark = text.indexOf('?');
  if (mark < 0) return { form, path: text, query: undefined };
  return { form, path: text.slice(0, mark), query: text.slice(mark + 1) };
}
