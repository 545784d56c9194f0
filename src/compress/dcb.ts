/** Dictionary-Compressed Brotli, the content coding `dcb` (RFC 9842 section 4). */
import zlib, { type BrotliCompress, type BrotliOptions, constants } from 'node:zlib';

/** What a stream begins with, before the dictionary's hash: 0xff, and "DCB". */
const MAGIC = Buffer.of(0xff, 0x44, 0x43, 0x42);

/** Longest look back that a client has room for, as a power of two; the dictionary lies beyond it, and does not count. */
const MAX_WINDOW = 24;

/** Bytes of a dictionary that Node takes in within a millisecond, on the thread that makes the stream. */
const QUICK = 64 * 1024;

/** Lowest quality at which the encoder looks into a dictionary. */
export const DCB_QUALITY = 5;

/** The types of Node do not have it yet. */
interface DictionaryOptions extends BrotliOptions {
  dictionary: Buffer;
}

let known: boolean | undefined;

/** Whether this version of Node makes brotli with a dictionary: those without pay no heed to the option. */
export function hasDcb(): boolean {
  known ??= tryOut();
  return known;
}

function tryOut(): boolean {
  const dictionary = Buffer.from(Array.from({ length: 256 }, (_, i) => (i * 167) & 255));
  const params = { [constants.BROTLI_PARAM_QUALITY]: DCB_QUALITY };
  const options: DictionaryOptions = { dictionary, params };
  try {
    const coded = zlib.brotliCompressSync(dictionary, options);
    return coded.length < dictionary.length / 2 && zlib.brotliDecompressSync(coded, options).equals(dictionary);
  } catch {
    return false;
  }
}

/** The 36 bytes before the brotli stream. @param hash SHA-256 of the dictionary */
export function dcbHeader(hash: Uint8Array): Buffer {
  return Buffer.concat([MAGIC, hash]);
}

/** Whether a stream with this dictionary is made so quickly that a thread with requests may do it. */
export function isQuickDcb(dictionary: Uint8Array): boolean {
  return dictionary.length <= QUICK;
}

/**
 * Makes the brotli stream. Takes in the dictionary at once, some ten milliseconds for each of its megabytes.
 *
 * @param length bytes of the content, undefined where they are not known
 * @param quality DCB_QUALITY to 11
 * @param options of the stream
 */
export function createDcbStream(
  dictionary: Buffer,
  length: number | undefined,
  quality: number,
  options: BrotliOptions = {},
): BrotliCompress {
  const window = length === undefined ? 19 : Math.ceil(Math.log2(Math.max(1, length)));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: quality,
    [constants.BROTLI_PARAM_LGWIN]: Math.min(MAX_WINDOW, Math.max(16, window)),
    [constants.BROTLI_PARAM_SIZE_HINT]: length ?? 0,
  };
  const all: DictionaryOptions = { ...options, dictionary, params };
  return zlib.createBrotliCompress(all);
}
