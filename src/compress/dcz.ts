/** Dictionary-Compressed Zstandard, the content coding `dcz` (RFC 9842 section 5). */
import { constants, createZstdCompress, type ZstdCompress, type ZstdOptions } from 'node:zlib';

/** What a stream begins with, before the dictionary's hash: the header of a skippable frame of 32 bytes. */
const MAGIC = Buffer.of(0x5e, 0x2a, 0x4d, 0x18, 0x20, 0, 0, 0);

/** A dictionary that begins so has Zstandard's own format (RFC 8878 section 5), and would not be taken as plain bytes. */
const FORMATTED = Buffer.of(0x37, 0xa4, 0x30, 0xec);

/** Fewer bytes are not worth a dictionary, and fewer than eight none for Zstandard. */
const SHORTEST = 64;

/** Windows as powers of two: every client has room for the first, or for 1.25 times the dictionary up to the second. */
const WINDOW = 23;
const MAX_WINDOW = 27;

/** Levels up to this one have tables too small for the places of a large dictionary: of 3 MB they would miss a part. */
const QUICK = 5;

/** The 40 bytes before the Zstandard stream. @param hash SHA-256 of the dictionary */
export function dczHeader(hash: Uint8Array): Buffer {
  return Buffer.concat([MAGIC, hash]);
}

/** Whether bytes can be a dictionary: Zstandard is to take them as they are. */
export function isRawDictionary(bytes: Uint8Array): boolean {
  return bytes.length >= SHORTEST && !FORMATTED.equals(bytes.subarray(0, FORMATTED.length));
}

/**
 * Makes the Zstandard stream. The window is one that every client has room for, and that the dictionary stays within reach
 * of, if there is such.
 *
 * @param length bytes of the content, undefined where they are not known
 * @param level 1 to 19
 * @param options of the stream
 */
export function createDczStream(
  dictionary: Buffer,
  length: number | undefined,
  level: number,
  options: ZstdOptions = {},
): ZstdCompress {
  const bits = Math.ceil(Math.log2(dictionary.length));
  const content = Math.ceil(Math.log2((length ?? dictionary.length) + dictionary.length));
  const most = Math.floor(Math.log2(dictionary.length * 1.25));
  return createZstdCompress({
    ...options,
    ...(length === undefined ? {} : { pledgedSrcSize: length }),
    dictionary,
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_windowLog]: clamp(content, 10, clamp(most, WINDOW, MAX_WINDOW)),
      ...(level > QUICK ? {} : { [constants.ZSTD_c_hashLog]: clamp(bits - 1, 17, 20) }),
    },
  });
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
