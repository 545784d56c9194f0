/** Host names, addresses to listen on, and origins: what lb.json, flags and variables may say for them. */

import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { parseHost as parseHostField } from '../http/host.ts';
import type { Address, OriginConfig } from './config.ts';
import { Problem } from './errors.ts';

/** ADDR:PORT to listen on; also `:8080` and `8080` (every IPv4 address) and `[::]:8080`. */
export function parseListen(text: string): Address | Problem {
  const bare = /^:?(\d+)$/.exec(text) ?? /^\*:(.*)$/s.exec(text);
  if (bare) {
    const port = parsePort(bare[1], text.length - bare[1].length, true);
    return port instanceof Problem ? port : { host: '0.0.0.0', port };
  }
  if (/^[a-z]+:\/\//i.test(text)) {
    return new Problem(`"${text}" is a URL, not an address to listen on`, 'write ADDR:PORT, such as 0.0.0.0:8080');
  }
  return parseHostPort(text, true, 'such as 0.0.0.0:8080');
}

/** What an origin is where nothing is said. */
export const ORIGIN_DEFAULTS = {
  unix: undefined,
  weight: 1,
  backup: false,
  proxyProtocol: 0,
  serverName: undefined,
} as const satisfies Partial<OriginConfig>;

/** Longest path of a unix socket: sockaddr_un has 108 bytes, the last one 0. */
const SOCKET_PATH = 107;

/** `unix:/path`, HOST:PORT (port 443 means TLS) or an http(s) URL without a path. */
export function parseOrigin(text: string): OriginConfig | Problem {
  if (/^unix:/i.test(text)) {
    const unix = parseSocketPath(text.slice(5).replace(/^\/\/(?=\/)/, ''));
    return unix instanceof Problem ? unix : { host: 'localhost', port: 80, tls: false, ...ORIGIN_DEFAULTS, unix };
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text);
  if (scheme) return parseOriginUrl(text, scheme[0].length, scheme[1].toLowerCase());
  const slash = text.search(/[/?#]/);
  if (slash >= 0) {
    return new Problem(
      `an origin has no path: "${text.slice(slash)}"`,
      slash === 0 ? 'write HOST:PORT, such as example.com:443' : `write ${text.slice(0, slash)}`,
      slash,
      text.length - slash,
    );
  }
  const parsed = parseHostPort(text, false, `such as ${/^[\w.-]+$/.test(text) ? text : 'example.com'}:443`);
  return parsed instanceof Problem ? parsed : { ...parsed, tls: parsed.port === 443, ...ORIGIN_DEFAULTS };
}

/** The absolute path of a unix socket, which need not be there yet. */
export function parseSocketPath(path: string): string | Problem {
  if (!path.startsWith('/'))
    return new Problem(`"${path}" is no absolute path`, 'write the whole path, such as unix:/run/app.sock');
  if (Buffer.byteLength(path) <= SOCKET_PATH) return path;
  return new Problem('the path of the socket is too long', `it may have ${SOCKET_PATH} bytes`);
}

function parseOriginUrl(text: string, hostAt: number, scheme: string): OriginConfig | Problem {
  if (scheme !== 'http' && scheme !== 'https') {
    return new Problem(`lb speaks no "${scheme}" to origins`, 'use http:// or https://', 0, scheme.length);
  }
  const authority = text.slice(hostAt).replace(/\/$/, '');
  const path = authority.search(/[/?#]/);
  if (path >= 0) {
    const at = hostAt + path;
    const fix = `write ${text.slice(0, at)}; the path of a request is passed on as it is`;
    return new Problem('an origin has no path', fix, at, text.length - at);
  }
  if (authority.includes('@')) {
    return new Problem('an origin has no user name or password', 'leave out what stands before the @', hostAt);
  }
  const tls = scheme === 'https';
  const complete = /:\d*$/.test(authority) && !isIPv6(authority) ? authority : `${authority}:${tls ? 443 : 80}`;
  const parsed = parseHostPort(complete, false, 'such as https://example.com');
  if (parsed instanceof Problem) {
    return new Problem(
      parsed.message,
      parsed.fix,
      parsed.at === undefined ? undefined : parsed.at + hostAt,
      parsed.length,
    );
  }
  return { ...parsed, tls, ...ORIGIN_DEFAULTS };
}

function parseHostPort(text: string, zero: boolean, example: string): Address | Problem {
  if (isIPv6(text) || /^[0-9a-f:]*:[0-9a-f:]*:[0-9a-f.:]*$/i.test(text)) {
    return new Problem(`"${text}" is ambiguous`, 'put the IPv6 address in brackets, such as [::1]:8080');
  }
  const match = /^(\[[^\]]*\]|[^:]*):([^:]*)$/.exec(text);
  if (!match) {
    const why = text.includes(':') ? 'is not HOST:PORT' : 'has no port';
    return new Problem(`"${text}" ${why}`, `write HOST:PORT, ${example}`);
  }
  const host = parseHost(match[1]);
  if (host instanceof Problem) return host;
  const port = parsePort(match[2], match[1].length + 1, zero);
  return port instanceof Problem ? port : { host, port };
}

/** A port number, with `zero` also 0. */
function parsePort(text: string, at: number, zero: boolean): number | Problem {
  if (text === '')
    return new Problem('the port is missing after the colon', 'add it, such as :8080', Math.max(0, at - 1));
  if (!/^\d+$/.test(text)) {
    return new Problem(`"${text}" is no port`, 'a port is a number from 1 to 65535', at, text.length);
  }
  const port = Number(text);
  const least = zero ? 0 : 1;
  if (port >= least && port <= 65535) return port;
  return new Problem(`port ${text} is out of range`, `a port is a number from ${least} to 65535`, at, text.length);
}

/** A host name or IP address, lower-cased; IPv6 with or without brackets, returned without. */
export function parseHost(text: string): string | Problem {
  const inner = /^\[(.*)\]$/.exec(text)?.[1];
  if (inner !== undefined) {
    return isIPv6(inner)
      ? inner
      : new Problem(`"${inner}" is no IPv6 address`, 'only IPv6 addresses stand in brackets', 1, inner.length);
  }
  if (isIPv4(text) || isIPv6(text)) return text;
  if (text === '') return new Problem('the host is missing', 'write HOST:PORT', 0);
  if (/^[\d.]+$/.test(text))
    return new Problem(`"${text}" is no IP address`, 'an IPv4 address is four numbers up to 255', 0, text.length);
  if (/[^\x00-\x7f]/.test(text)) {
    const ascii = domainToASCII(text);
    return new Problem(
      `"${text}" has letters beyond ASCII`,
      ascii ? `write ${ascii}` : 'use its ASCII form (xn--...)',
      0,
      text.length,
    );
  }
  const name = text.toLowerCase();
  if (name.length <= 253 && /^(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?$/.test(name))
    return name.replace(/\.$/, '');
  const bad = /[^a-z0-9._-]/.exec(name);
  if (bad)
    return new Problem(
      `a host name has no ${JSON.stringify(bad[0])}`,
      'use letters, digits, hyphens and dots',
      bad.index,
    );
  return new Problem(
    `"${text}" is no host name`,
    'labels have 1 to 63 characters and no hyphen at their ends',
    0,
    text.length,
  );
}

/** What a site answers for: `example.com`, `*.example.com` or `*`; IPv6 in brackets, as Host fields have it. */
export function parseHostPattern(text: string): string | Problem {
  if (text === '*') return text;
  if (/^[a-z]+:\/\//i.test(text)) {
    return new Problem(`"${text}" is a URL, not a host name`, `write ${text.replace(/^[a-z]+:\/\/([^/]*).*$/i, '$1')}`);
  }
  const wildcard = text.startsWith('*.');
  const name = wildcard ? text.slice(2) : text;
  const star = text.indexOf('*', wildcard ? 2 : 0);
  if (star >= 0)
    return new Problem(`"${text}": * stands only alone or before the first dot`, 'write *.example.com or *', star);
  if (/:\d*$/.test(name) && !isIPv6(name)) {
    return new Problem(`"${text}": a site is a host name without a port`, `write ${text.replace(/:\d*$/, '')}`);
  }
  const host = parseHost(name);
  if (host instanceof Problem) return host;
  if (isIPv6(host)) return parseHostField(`[${host}]`)?.host ?? host;
  return (wildcard ? '*.' : '') + host;
}

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** HOST:PORT, IPv6 in brackets. */
export function formatAddress(address: Address): string {
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** The origin as a URL, or `unix:/path`. */
export function formatOrigin(origin: OriginConfig): string {
  if (origin.unix !== undefined) return `unix:${origin.unix}`;
  return `${origin.tls ? 'https' : 'http'}://${formatAddress(origin)}`;
}
