import { isIP } from 'node:net';
import { parseIpv6 } from './ipv6.ts';

/**
 * An IP address as lb writes it everywhere, so that one client is one text: IPv6 in its shortest form (RFC 5952), IPv4
 * within IPv6 as IPv4. '' where it is none, or has a zone.
 */
export function plainAddress(text: string): string {
  if (isIP(text) === 4) return text;
  const short = parseIpv6(text);
  if (short === undefined) return '';
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short);
  if (mapped === null) return short;
  const [high, low] = [Number.parseInt(mapped[1], 16), Number.parseInt(mapped[2], 16)];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
