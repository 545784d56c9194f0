import { BlockList, isIP } from 'node:net';
import { OperatorError } from './operator.ts';

/** Addresses and networks separated by commas or white space, as `@ipMatch` has them; throws for what is neither. */
export function addressTest(entries: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const entry of entries) addEntry(list, entry);
  return (address) => {
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
  };
}

function addEntry(list: BlockList, entry: string): void {
  const [address, prefix] = entry.split('/');
  const version = isIP(address ?? '');
  const bits = prefix === undefined ? (version === 6 ? 128 : 32) : Number(prefix || Number.NaN);
  if (version === 0 || !Number.isInteger(bits) || bits < 0 || bits > (version === 6 ? 128 : 32)) {
    throw new OperatorError(
      `"${entry}" is no address or network; write it as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32`,
    );
  }
  list.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4');
}

/** The entries of `@ipMatch`'s argument. */
export function addressEntries(argument: string): string[] {
  return argument.split(/[\s,]+/).filter((entry) => entry !== '');
}

/** The entries of a file: one a line, comments after `#`. */
export function addressEntriesOfFile(text: string): string[] {
  return addressEntries(text.replace(/#.*$/gm, ''));
}
