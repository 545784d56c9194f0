import { BlockList, isIP } from 'node:net';

/** Networks of IPv4 that no stranger's origin has a business in. */
const IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8], // this network, unspecified
  ['10.0.0.0', 8], // private (RFC 1918)
  ['100.64.0.0', 10], // behind carriers' NAT (RFC 6598)
  ['127.0.0.0', 8], // loopback
  ['169.254.0.0', 16], // link-local, cloud metadata among them
  ['172.16.0.0', 12],
  ['192.0.0.0', 24], // protocol assignments, metadata of some clouds among them
  ['192.168.0.0', 16],
  ['198.18.0.0', 15], // benchmarks inside networks (RFC 2544)
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
];

const IPV6: readonly (readonly [string, number])[] = [
  ['::', 96], // unspecified, loopback, IPv4-compatible
  ['64:ff9b:1::', 48], // NAT64 inside networks (RFC 8215)
  ['100::', 64], // discard
  ['2001::', 32], // Teredo, with an IPv4 address inside
  ['fc00::', 7], // private (RFC 4193), cloud metadata among them
  ['fe80::', 10], // link-local
  ['fec0::', 10], // site-local
  ['ff00::', 8], // multicast
];

const PROHIBITED = prohibitedNetworks();

function prohibitedNetworks(): BlockList {
  const list = new BlockList();
  for (const [network, length] of IPV4) {
    // BlockList compares IPv4-mapped addresses (::ffff:0:0/96) by these as well
    list.addSubnet(network, length, 'ipv4');
    // translated by NAT64 (RFC 6052), and 6to4 (RFC 3056)
    const [a, b, c, d] = network.split('.').map(Number);
    const groups = [(a << 8) | b, (c << 8) | d].map((group) => group.toString(16)).join(':');
    list.addSubnet(`64:ff9b::${groups}`, 96 + length, 'ipv6');
    list.addSubnet(`2002:${groups}::`, 16 + length, 'ipv6');
  }
  for (const [network, length] of IPV6) list.addSubnet(network, length, 'ipv6');
  return list;
}

/**
 * Whether an address, without port and brackets, is loopback, link-local, private, unspecified, multicast, or one of a
 * cloud's metadata, in any of the forms in which IPv6 holds IPv4. Text that is no address counts as such.
 */
export function isProhibited(address: string): boolean {
  const family = isIP(address);
  return family === 0 || PROHIBITED.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** An origin at an address that strangers may not reach. Its code is Node's own for the like. */
export class ProhibitedAddressError extends Error {
  readonly code = 'ERR_IP_BLOCKED';

  constructor(host: string) {
    super(`the origin ${host} has an address that is not public`);
  }
}
