/**
 * CRC-32C (Castagnoli; RFC 3720 section B.4 has the polynomial and test values). By the addon of native-bindings/disk where
 * it is loaded (`useNative`), else by tables, eight bytes a step.
 */

/** Reflected 0x1edc6f41. */
const POLYNOMIAL = 0x82f6_3b78;
const SLICES = 8;

export type Crc32c = (bytes: Uint8Array, offset: number, length: number, seed: number) => number;

const tables = makeTables();
let native: Crc32c | undefined;

/** The checksum, as a signed word, of `length` bytes from `offset`; `seed`: that of the bytes before them, 0 for none. */
export function crc32c(bytes: Uint8Array, offset: number, length: number, seed: number): number {
  return native === undefined ? crc32cByTables(bytes, offset, length, seed) : native(bytes, offset, length, seed);
}

/** From here on this thread's checksums are made by `checksum`, which must give the same. */
export function useNative(checksum: Crc32c): void {
  native = checksum;
}

/** As `crc32c`, without the addon. */
export function crc32cByTables(bytes: Uint8Array, offset: number, length: number, seed: number): number {
  const end = offset + length;
  let crc = ~seed;
  let at = offset;
  for (; at + SLICES <= end; at += SLICES) {
    crc ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    crc =
      tables[0x700 + (crc & 255)] ^
      tables[0x600 + ((crc >>> 8) & 255)] ^
      tables[0x500 + ((crc >>> 16) & 255)] ^
      tables[0x400 + (crc >>> 24)] ^
      tables[0x300 + bytes[at + 4]] ^
      tables[0x200 + bytes[at + 5]] ^
      tables[0x100 + bytes[at + 6]] ^
      tables[bytes[at + 7]];
  }
  for (; at < end; at++) crc = tables[(crc ^ bytes[at]) & 255] ^ (crc >>> 8);
  return ~crc;
}

/** Table n, at n * 256: the checksum of a byte that n zero bytes follow. */
function makeTables(): Int32Array {
  const made = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL;
    made[byte] = crc;
  }
  for (let at = 256; at < made.length; at++) made[at] = made[made[at - 256] & 255] ^ (made[at - 256] >>> 8);
  return made;
}
