/** Names in lists: fields, cookies, query parameters; what each may be, and what is wrong where it is not. */

import { isToken } from '../http/chars.ts';
import { whyNotKeyed } from '../http/keyed-fields.ts';
import { methodStatus } from '../http/method.ts';
import { QUERY_PRESETS } from '../http/query-key.ts';
import { canBeTarget } from '../http/targeted.ts';
import { Problem } from './errors.ts';
import { nearest } from './suggest.ts';

const NOT_IN_TOKEN = /[^!#$%&'*+.^_`|~0-9A-Za-z-]/;

/** A field name, lowercase. */
export function parseFieldName(text: string): string | Problem {
  if (isToken(text)) return text.toLowerCase();
  const colon = /^([\w-]+):/.exec(text);
  if (colon) return new Problem(`"${text}" is a field with its value`, `write the name alone: "${colon[1]}"`);
  const fix = 'use letters, digits and hyphens, such as "x-tenant"';
  return new Problem(`"${text}" is no field name`, fix, NOT_IN_TOKEN.exec(text)?.index);
}

/** A response field that may go over Cache-Control, lowercase. */
export function parseTargetField(text: string): string | Problem {
  const name = parseFieldName(text);
  if (name instanceof Problem || canBeTarget(name)) return name;
  if (name === 'cache-control')
    return new Problem(`"${text}" is what targets go over`, 'Cache-Control always counts last; leave it out');
  return new Problem(
    `"${text}" has a meaning of its own, and clients would no longer get it`,
    'name a field for caches alone, such as "my-cache-control"',
  );
}

/** A request field that may be part of a cache key. */
export function parseKeyField(text: string): string | Problem {
  const name = parseFieldName(text);
  const reason = name instanceof Problem ? undefined : whyNotKeyed(name);
  return reason === undefined ? name : new Problem(`"${text}" cannot be part of a key: ${reason}`, 'remove it');
}

/** A cookie's name; case counts. */
export function parseCookieName(text: string): string | Problem {
  if (text.includes('*')) return new Problem(`"${text}" has a wildcard`, 'name each cookie', text.indexOf('*'));
  if (isToken(text)) return text;
  if (text.includes('='))
    return new Problem(`"${text}" is a cookie with its value`, `write the name alone: "${text.replace(/=.*/s, '')}"`);
  const fix = 'use letters, digits, hyphens and underscores';
  return new Problem(`"${text}" is no cookie name`, fix, NOT_IN_TOKEN.exec(text)?.index);
}

/** The name of a query parameter, with `*` for any characters, or a preset. */
export function parseParameter(text: string): string | Problem {
  if (text.startsWith(':')) {
    if (QUERY_PRESETS.has(text)) return text;
    const known = [...QUERY_PRESETS.keys()];
    const meant = nearest(text, known);
    return new Problem(
      `"${text}" is no preset`,
      meant ? `did you mean "${meant}"?` : `use ${known.join(' or ')}, or names of parameters`,
    );
  }
  const odd = /[&=?#\s\x00-\x1f\x7f]/.exec(text);
  if (!odd) return text;
  const name = text.replace(/^[?&]+/, '').replace(/[&=#\s].*$/s, '');
  const fix = `write the name alone${name ? `: "${name}"` : ''}, without its escapes, value, ? and &`;
  return new Problem(`"${text}" is no name of a parameter`, fix, odd.index);
}

const KEYS = ['ip', 'path', 'country', 'all', 'header:', 'cookie:', 'query:'];

/** What a rate limit counts by. */
export function parseLimitKey(text: string): string | Problem {
  const all = 'use ip, path, country, header:NAME, cookie:NAME, query:NAME or all';
  return parseKey(text, KEYS, 'is nothing to count by', all);
}

const HASH_KEYS = ['url', 'path', 'ip', 'host', 'header:', 'cookie:'];

/** What spreads requests over origins. */
export function parseHashKey(text: string): string | Problem {
  const all = 'use url, path, ip, host, header:NAME or cookie:NAME';
  return parseKey(text, HASH_KEYS, 'is nothing to spread requests by', all);
}

/** One of `kinds`, those with a colon followed by a name. */
function parseKey(text: string, kinds: readonly string[], refusal: string, all: string): string | Problem {
  const colon = text.indexOf(':') + 1;
  const kind = colon > 0 ? text.slice(0, colon) : text;
  const name = text.slice(kind.length);
  if (!kinds.includes(kind)) {
    if (kinds.includes(`${kind}:`)) return new Problem(`"${text}" names no ${text}`, `write ${text}:NAME`);
    const meant = nearest(kind, kinds);
    return new Problem(`"${text}" ${refusal}`, `${meant ? `did you mean "${meant}"? ` : ''}${all}`);
  }
  if (!kind.endsWith(':')) return kind;
  if (name === '') return new Problem(`"${text}" names no ${kind.slice(0, -1)}`, `write ${kind}NAME`);
  if (kind === 'query:') return text;
  const bad = NOT_IN_TOKEN.exec(name);
  if (bad) {
    const fix = 'use letters, digits and hyphens';
    return new Problem(`"${name}" is no ${kind.slice(0, -1)} name`, fix, kind.length + bad.index);
  }
  return kind === 'header:' ? kind + name.toLowerCase() : text;
}

/** A request method that lb passes on, in capitals. */
export function parseMethod(text: string): string | Problem {
  const method = text.toUpperCase();
  if (methodStatus(method) === 0) return method;
  const meant = nearest(method, ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
  return new Problem(`"${text}" is no method`, meant ? `did you mean ${meant}?` : 'write one such as GET or POST');
}

/** A media type, or a pattern such as `text/*` and `application/*+json`, lowercase. */
export function parseMediaRange(text: string): string | Problem {
  const [type, subtype, ...more] = text.split('/');
  const isPattern = more.length === 0 && isToken(type) && subtype !== undefined && isToken(subtype);
  if (isPattern && (!type.includes('*') || type === '*')) return text.toLowerCase();
  const end = text.indexOf(';');
  const fix =
    end > 0 ? `write the type alone: "${text.slice(0, end).trim()}"` : 'write one such as text/html or text/*';
  return new Problem(`"${text}" is no media type`, fix, end > 0 ? end : undefined);
}
