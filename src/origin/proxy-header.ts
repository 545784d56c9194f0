import { isIP } from 'node:net';

/** A client's end of its connection. */
export interface ClientEnd {
  /** IP address. */
  readonly address: string;
  readonly port: number;
}

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/**
 * The header of the PROXY protocol with which a connection to an origin begins (the specification of HAProxy's
 * authors, sections 2.1 and 2.2).
 * @param client whose request it is; undefined where lb asks on its own account
 * @param origin where the connection goes to; undefined for a unix socket
 */
export function proxyHeader(version: 1 | 2, client: ClientEnd | undefined, origin: ClientEnd | undefined): Buffer {
  const known = client !== undefined && isIP(client.address) !== 0 ? client : undefined;
  // the origin's end is of the client's family, or unknown
  const end = known && sameFamily(known, origin);
  return version === 1 ? textHeader(known, end) : binaryHeader(known, end);
}

function textHeader(client: ClientEnd | undefined, end: ClientEnd | undefined): Buffer {
  if (client === undefined || end === undefined) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  const family = isIP(end.address) === 4 ? 'TCP4' : 'TCP6';
  return Buffer.from(
    `PROXY ${family} ${plain(client.address)} ${plain(end.address)} ${client.port} ${end.port}\r\n`,
    'latin1',
  );
}

function binaryHeader(client: ClientEnd | undefined, end: ClientEnd | undefined): Buffer {
  // version 2, command LOCAL, no address
  if (client === undefined || end === undefined) return Buffer.concat([SIGNATURE, Uint8Array.of(0x20, 0, 0, 0)]);
  const isIpv4 = isIP(end.address) === 4;
  const [from, to] = [addressBytes(client.address), addressBytes(end.address)];
  const block = Buffer.concat([from, to, Buffer.alloc(4)]);
  block.writeUInt16BE(client.port, block.length - 4);
  block.writeUInt16BE(end.port, block.length - 2);
  // command PROXY, a stream over IPv4 or IPv6
  return Buffer.concat([SIGNATURE, Uint8Array.of(0x21, isIpv4 ? 0x11 : 0x21, 0, block.length), block]);
}

/** The origin's end in the client's family; addresses of the other one have no place in the header. */
function sameFamily(client: ClientEnd, origin: ClientEnd | undefined): ClientEnd {
  const family = isIP(plain(client.address));
  if (origin !== undefined && isIP(plain(origin.address)) === family)
    return { address: plain(origin.address), port: origin.port };
  return { address: family === 4 ? '0.0.0.0' : '::', port: origin?.port ?? 0 };
}

/** An IPv4 address in place of the IPv6 one that holds it (RFC 4291 section 2.5.5.2), without a zone. */
function plain(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address.replace(/%.*/, '');
}

function addressBytes(text: string): Buffer {
  const address = plain(text);
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // the last 32 bits may stand as IPv4
  const groups = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...quad: string[]) => {
    const [a, b, c, d] = quad.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head, tail] = groups.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = tail === undefined ? [] : Array<string>(8 - head.length - tail.length).fill('0');
  const bytes = Buffer.alloc(16);
  for (const [i, group] of [...head, ...zeros, ...(tail ?? [])].entries())
    bytes.writeUInt16BE(parseInt(group, 16), i * 2);
  return bytes;
}
