import { isIP } from 'node:net';
import { plainAddress } from '../http/ip-address.ts';

/** One end of a connection. IPv6 without brackets. */
export interface Endpoint {
  address: string;
  port: number;
}

/** A PROXY header that is complete. */
export interface ProxyHeader {
  version: 1 | 2;
  /** The client, or undefined where the header names none (UNKNOWN, LOCAL, unix sockets): the connection's own counts. */
  source: Endpoint | undefined;
  /** Where the client had connected. */
  destination: Endpoint | undefined;
  /** The bytes behind the header. */
  rest: Uint8Array;
}

/** `more`: the header is not complete. `malformed`: it is none, or too large; the connection is to be closed. */
export type ProxyHeaderResult = ProxyHeader | 'more' | 'malformed';

/** Largest line of version 1 with its CRLF. Bytes. */
const MAX_LINE = 107;
/** Fixed part of a header of version 2. Bytes. */
const FIXED = 16;
/** Largest rest of a header of version 2, addresses and TLVs, that is taken. Bytes. */
const MAX_PAYLOAD = 4096;

const LINE_START = Buffer.from('PROXY ', 'latin1');
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

const COMMAND = { local: 0x20, proxy: 0x21 };

/** Bytes of the addresses by address family and transport. */
const FAMILIES: ReadonlyMap<number, number> = new Map([
  [0x00, 0], // unspecified
  [0x11, 12], // TCP over IPv4
  [0x12, 12], // UDP over IPv4
  [0x21, 36], // TCP over IPv6
  [0x22, 36], // UDP over IPv6
  [0x31, 216], // stream of unix sockets
  [0x32, 216], // datagrams of unix sockets
]);

/**
 * Reads the header that a proxy puts in front of a connection, version 1 (a line) or 2 (binary), from bytes that come in
 * any pieces. Strict: what is not a header to the letter is malformed, at the first byte that says so. TLVs are skipped,
 * but must fit.
 *
 * Source: the PROXY protocol, versions 1 & 2, https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 */
export class ProxyHeaderParser {
  #held: Buffer = Buffer.alloc(0);

  /** Takes the next bytes of the connection. Not to be called again once the answer is not `more`. */
  push(chunk: Uint8Array): ProxyHeaderResult {
    this.#held = Buffer.concat([this.#held, chunk]);
    const held = this.#held;
    if (held.length === 0) return 'more';
    if (beginsLike(held, SIGNATURE)) return held.length < SIGNATURE.length ? 'more' : parseBinary(held);
    if (beginsLike(held, LINE_START)) return held.length < LINE_START.length ? 'more' : parseLine(held);
    return 'malformed';
  }
}

/** Whether the shorter one is how the other begins. */
function beginsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

function parseLine(held: Buffer): ProxyHeaderResult {
  const end = held.subarray(0, MAX_LINE).indexOf('\r\n', 0, 'latin1');
  if (end < 0) return held.length < MAX_LINE && !hasStrayLineEnd(held) ? 'more' : 'malformed';
  const line = held.toString('latin1', 0, end);
  const rest = held.subarray(end + 2);
  if (!/^[\x20-\x7e]*$/.test(line)) return 'malformed';
  // what follows UNKNOWN is to be ignored
  if (line === 'PROXY UNKNOWN' || line.startsWith('PROXY UNKNOWN ')) {
    return { version: 1, source: undefined, destination: undefined, rest };
  }
  const parts = line.split(' ');
  if (parts.length !== 6) return 'malformed';
  const family = parts[1] === 'TCP4' ? 4 : parts[1] === 'TCP6' ? 6 : -1;
  const [, , from, to, fromPort, toPort] = parts;
  // a zone is of the sender's machine only
  if (isIP(from) !== family || isIP(to) !== family || line.includes('%')) return 'malformed';
  const source = { address: plainAddress(from), port: parsePort(fromPort) };
  const destination = { address: plainAddress(to), port: parsePort(toPort) };
  if (source.port < 0 || destination.port < 0) return 'malformed';
  return { version: 1, source, destination, rest };
}

/** A line end other than a CR that LF may follow. */
function hasStrayLineEnd(held: Buffer): boolean {
  const at = held.findIndex((byte) => byte === 0x0d || byte === 0x0a);
  return at >= 0 && (held[at] === 0x0a || at < held.length - 1);
}

/** Decimal without leading zeros, or -1. */
function parsePort(text: string): number {
  if (!/^(?:0|[1-9]\d{0,4})$/.test(text)) return -1;
  const port = Number(text);
  return port > 65_535 ? -1 : port;
}

function parseBinary(held: Buffer): ProxyHeaderResult {
  // each byte counts as soon as it is there, so that no nonsense is waited for
  if (held.length > 12 && held[12] !== COMMAND.local && held[12] !== COMMAND.proxy) return 'malformed';
  const bytes = held.length > 13 ? FAMILIES.get(held[13]) : 0;
  if (bytes === undefined) return 'malformed';
  if (held.length < FIXED) return 'more';
  const isLocal = held[12] === COMMAND.local;
  const length = held.readUInt16BE(14);
  if (length > MAX_PAYLOAD || (!isLocal && length < bytes)) return 'malformed';
  if (held.length < FIXED + length) return 'more';
  const payload = held.subarray(FIXED, FIXED + length);
  const rest = held.subarray(FIXED + length);
  // addresses of a connection that the proxy itself made, to see whether all is well, are to be ignored
  if (isLocal) return { version: 2, source: undefined, destination: undefined, rest };
  if (!areTlvs(payload.subarray(bytes))) return 'malformed';
  if (bytes === 12) return { version: 2, ...endpoints(payload, 4, ipv4Text), rest };
  if (bytes === 36) return { version: 2, ...endpoints(payload, 16, ipv6Text), rest };
  return { version: 2, source: undefined, destination: undefined, rest };
}

/** Whether the bytes are type-length-value triples that end where the bytes end. */
function areTlvs(bytes: Buffer): boolean {
  let at = 0;
  while (at + 3 <= bytes.length) at += 3 + bytes.readUInt16BE(at + 1);
  return at === bytes.length;
}

/** Two addresses of `size` bytes, then two ports. */
function endpoints(payload: Buffer, size: number, text: (bytes: Buffer) => string) {
  return {
    source: { address: text(payload.subarray(0, size)), port: payload.readUInt16BE(2 * size) },
    destination: { address: text(payload.subarray(size, 2 * size)), port: payload.readUInt16BE(2 * size + 2) },
  };
}

function ipv4Text(bytes: Buffer): string {
  return bytes.join('.');
}

function ipv6Text(bytes: Buffer): string {
  return plainAddress(Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':'));
}
