import { parseIpv6 } from './ipv6.ts';

/** A host and port as Host or :authority names them. */
export interface Host {
  /** Lowercase name without its final dot, dotted IPv4, or IPv6 in brackets in its shortest form (RFC 5952). */
  host: string;
  /** -1 where none was given. */
  port: number;
}

/** The last value that was one: requests for one host follow one another, and each is looked at more than once. */
let lastValue = '';
let lastHost: Host | undefined;

/** One label: letters, digits, hyphens, and the underscore that real names hold. */
const NAME = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/;

/**
 * The value of Host or :authority (RFC 9110 section 7.2), normalised, or undefined when it is no host with an optional
 * port: several ports, userinfo, a path, an empty name, an escape, a zone, a port of 0 or over 65535.
 */
export function parseHost(value: string): Readonly<Host> | undefined {
  if (value !== lastValue) {
    lastHost = parse(value);
    lastValue = value;
  }
  return lastHost;
}

function parse(value: string): Host | undefined {
  if (value.length === 0 || value.length > 261) return undefined;
  const hostEnd = value.charCodeAt(0) === 0x5b ? value.indexOf(']') + 1 : indexOrEnd(value, ':');
  if (hostEnd <= 0) return undefined;
  const host = normaliseName(value.slice(0, hostEnd));
  if (host === undefined) return undefined;
  const port = parsePort(value, hostEnd);
  return port === undefined ? undefined : { host, port };
}

/** The host as it is written in a URL or a Host field; the port is left out where it is -1 or `defaultPort`. */
export function formatHost(host: Host, defaultPort: number): string {
  return host.port === -1 || host.port === defaultPort ? host.host : `${host.host}:${host.port}`;
}

/** Whether both name the same host and, with `defaultPort` in place of none, the same port. */
export function sameHost(a: Host, b: Host, defaultPort: number): boolean {
  return a.host === b.host && (a.port < 0 ? defaultPort : a.port) === (b.port < 0 ? defaultPort : b.port);
}

function indexOrEnd(text: string, char: string): number {
  const index = text.indexOf(char);
  return index < 0 ? text.length : index;
}

function normaliseName(text: string): string | undefined {
  if (text.startsWith('[')) {
    const address = parseIpv6(text.slice(1, -1));
    return address === undefined ? undefined : `[${address}]`;
  }
  const name = text.toLowerCase();
  if (name.length > 254 || !NAME.test(name)) return undefined;
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/** The port after `from`: -1 for none or an empty one (RFC 3986 section 3.2.3), undefined for a wrong one. */
function parsePort(value: string, from: number): number | undefined {
  if (from === value.length) return -1;
  if (value.charCodeAt(from) !== 0x3a) return undefined;
  const digits = value.slice(from + 1);
  if (digits === '') return -1;
  if (!/^\d{1,5}$/.test(digits)) return undefined;
  const port = Number(digits);
  return port >= 1 && port <= 65535 ? port : undefined;
}
