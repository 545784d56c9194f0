/** Databases of countries for tests, in the format of MaxMind DB 2.0: IPv4 networks, records of 24 bits. */

/** country by network, such as `{'10.1.0.0/16': 'DE'}`; networks do not overlap. */
export function countryDatabase(networks: Readonly<Record<string, string>>): Buffer {
  const data: Buffer[] = [];
  const offsets = new Map<string, number>();
  let size = 0;
  for (const code of new Set(Object.values(networks))) {
    offsets.set(code, size);
    const entry = map({ country_code: text(code) });
    data.push(entry);
    size += entry.length;
  }
  // a record is a node's number, or minus one less than the offset of its data, or undefined for no network
  const nodes: (number | undefined)[][] = [[undefined, undefined]];
  for (const [network, code] of Object.entries(networks)) insert(nodes, network, -1 - (offsets.get(code) ?? 0));
  const tree = Buffer.concat(
    nodes.flat().map((record) => {
      const value = record === undefined ? nodes.length : record < 0 ? nodes.length + 16 - 1 - record : record;
      return Buffer.of(value >> 16, (value >> 8) & 255, value & 255);
    }),
  );
  const metadata = map({
    binary_format_major_version: uint16(2),
    binary_format_minor_version: uint16(0),
    build_epoch: uint16(1),
    database_type: text('test'),
    description: map({}),
    ip_version: uint16(4),
    languages: Buffer.of(0x00, 0x04),
    node_count: uint16(nodes.length),
    record_size: uint16(24),
  });
  return Buffer.concat([tree, Buffer.alloc(16), ...data, Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), metadata]);
}

function insert(nodes: (number | undefined)[][], network: string, record: number): void {
  const [address, length] = network.split('/');
  const bits = address.split('.').flatMap((part) => Array.from({ length: 8 }, (_, i) => (Number(part) >> (7 - i)) & 1));
  let node = 0;
  for (const bit of bits.slice(0, Number(length) - 1)) {
    const next = nodes[node][bit] ?? nodes.push([undefined, undefined]) - 1;
    nodes[node][bit] = next;
    node = next;
  }
  nodes[node][bits[Number(length) - 1]] = record;
}

/** Texts of up to 28 bytes, maps of up to 28 entries: longer ones have longer heads. */
function text(value: string): Buffer {
  return Buffer.concat([Buffer.of(0x40 | value.length), Buffer.from(value, 'latin1')]);
}

function uint16(value: number): Buffer {
  return Buffer.of(0xa2, value >> 8, value & 255);
}

function map(entries: Readonly<Record<string, Buffer>>): Buffer {
  const pairs = Object.entries(entries);
  return Buffer.concat([Buffer.of(0xe0 | pairs.length), ...pairs.flatMap(([key, value]) => [text(key), value])]);
}
