import { existsSync, readFileSync } from 'node:fs';

/** States of /proc/net/tcp in which there is no connection that a process holds: TIME_WAIT, LISTEN, SYN_RECV. */
const NOT_HELD: ReadonlySet<string> = new Set(['06', '0A', '03', '0C']);

/** Whether connections can be counted by what the system says; on Linux. */
export function hasCensus(): boolean {
  return existsSync('/proc/self/net/tcp');
}

/** The remote address of each connection that this machine's processes hold on one of the ports. */
export function* connectedAddresses(ports: readonly number[]): Generator<string> {
  const local = new Set(ports.map((port) => port.toString(16).toUpperCase().padStart(4, '0')));
  for (const file of ['/proc/self/net/tcp', '/proc/self/net/tcp6']) {
    let table: string;
    try {
      table = readFileSync(file, 'latin1');
    } catch {
      continue; // no IPv6
    }
    yield* addressesOf(table, local);
  }
}

/** @param local ports in upper case hexadecimal, four digits */
export function* addressesOf(table: string, local: ReadonlySet<string>): Generator<string> {
  for (const line of table.split('\n')) {
    const match = /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]+):[0-9A-F]{4} ([0-9A-F]{2}) /.exec(line);
    if (match !== null && local.has(match[1]) && !NOT_HELD.has(match[3])) yield addressText(match[2]);
  }
}

/** Words of four bytes as this machine, which has the lowest one first, holds them. */
function addressText(hex: string): string {
  const bytes = Buffer.from(hex, 'hex').swap32();
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.subarray(0, 10).every((byte) => byte === 0) && bytes.readUInt16BE(10) === 0xffff) {
    return bytes.subarray(12).join('.');
  }
  return Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':');
}
