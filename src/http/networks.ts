import { BlockList, isIP } from 'node:net';

/** Whether an address, without port and brackets, lies in one of the networks. IPv4 within IPv6 counts as IPv4. */
export type NetworkTest = (address: string) => boolean;

const NOWHERE: NetworkTest = () => false;

/** @param networks addresses and networks such as `10.0.0.0/8` and `2001:db8::/32`, checked when they were configured */
export function networkTest(networks: readonly string[]): NetworkTest {
  if (networks.length === 0) return NOWHERE;
  const list = new BlockList();
  for (const network of networks) {
    const [address, length] = network.split('/', 2);
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (length === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(length), family);
  }
  return (address) => {
    const family = isIP(address);
    return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  };
}
