import { isFieldValue, isToken, trimOws } from '../http/chars.ts';
import { combineHeader, type HeaderList } from '../http/headers.ts';
import { methodStatus } from '../http/method.ts';
import type { ExplainProblem, ExplainQuery } from './types.ts';

/** A request as the edge would get it. */
export interface ExplainedRequest {
  readonly scheme: 'http' | 'https';
  readonly method: string;
  readonly hostField: string;
  readonly path: string;
  /** Without its question mark; '' for none. */
  readonly query: string;
  /** Without Host. */
  readonly headers: HeaderList;
  readonly body: Uint8Array;
}

const DEFAULT_PORT: Readonly<Record<string, string>> = { http: ':80', https: ':443' };

/** Visible ASCII, as a target must be on the wire. */
const TARGET = /^\/[\x21-\x7e]*$/;

/**
 * The request that a client would send for a URL. A Host among the fields goes over that of the URL.
 *
 * @param own host and port for a path alone
 */
export function readRequest(query: ExplainQuery, own: string): ExplainedRequest | ExplainProblem {
  const { url, method } = query;
  if (methodStatus(method) !== 0) return refuse(`lb forwards no method "${method}"`);
  if (query.body !== undefined && (method === 'GET' || method === 'HEAD')) return refuse(`a ${method} has no body`);
  const headers = readFields(query.headers);
  if (typeof headers === 'string') return refuse(headers);
  const match = /^(https?):\/\/([^/?#]+)([^#]*)/i.exec(url);
  if (match === null && !url.startsWith('/')) {
    return refuse(`"${url}" is no URL: write http://HOST/PATH, or a path that begins with /`);
  }
  const rest = (match?.[3] ?? url).split('#', 1)[0];
  const target = rest.startsWith('/') ? rest : `/${rest}`;
  if (!TARGET.test(target)) return refuse('the path may hold visible ASCII only; percent-encode the rest');
  const mark = target.indexOf('?');
  return {
    scheme: match?.[1].toLowerCase() === 'https' ? 'https' : 'http',
    method,
    hostField: combineHeader(headers, 'host') ?? (match === null ? own : authority(match[1], match[2])),
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers: headers.filter((_, i) => headers[i & ~1] !== 'host'),
    body: new TextEncoder().encode(query.body),
  };
}

/** As clients send it: without the port that the scheme implies. */
function authority(scheme: string, text: string): string {
  const port = DEFAULT_PORT[scheme.toLowerCase()];
  return text.endsWith(port) ? text.slice(0, -port.length) : text;
}

function readFields(lines: readonly string[]): HeaderList | string {
  const headers: HeaderList = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    const value = trimOws(line.slice(colon + 1));
    if (!isToken(name) || !isFieldValue(value)) return `"${line}" is no field: write "Name: value"`;
    headers.push(name, value);
  }
  return headers;
}

function refuse(problem: string): ExplainProblem {
  return { problem, status: 400 };
}
