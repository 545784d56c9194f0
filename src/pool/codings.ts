import type { Transform } from 'node:stream';
import zlib from 'node:zlib';
import { encode, type Operations } from './encoder.ts';
import type { CompressJob, MadeCoding, Pieces, StoredCoding } from './jobs.ts';
import type { Pace } from './pace.ts';

const { constants } = zlib;

/** Beyond so many bytes brotli's highest level costs more time than it saves bytes. */
const SLOW_BROTLI = 4 * 1024 * 1024;

/** A dictionary that begins so has Zstandard's own format (RFC 8878 section 5), and would not be taken as plain bytes. */
const FORMATTED = Uint8Array.of(0x37, 0xa4, 0x30, 0xec);

/** What a `dcz` stream begins with, before the dictionary's hash (RFC 9842 section 5): the header of a skippable frame. */
export const DCZ_MAGIC: Uint8Array = Uint8Array.of(0x5e, 0x2a, 0x4d, 0x18, 0x20, 0, 0, 0);

/** Largest window that every client of `zstd` has room for, as a power of two (RFC 9659). */
const ZSTD_WINDOW = 23;

/** Largest window of `dcz` whatever the dictionary (RFC 9842 section 5). */
const DCZ_WINDOW = 27;

/** A new stream for each coding, for an input of `length` bytes. */
const STREAMS: Record<MadeCoding, (length: number, dictionary: Buffer | undefined) => Transform> = {
  br: (length) =>
    zlib.createBrotliCompress({
      params: {
        [constants.BROTLI_PARAM_QUALITY]: length > SLOW_BROTLI ? 9 : constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_LGWIN]: windowFor(length, 16, constants.BROTLI_MAX_WINDOW_BITS),
        [constants.BROTLI_PARAM_SIZE_HINT]: length,
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      },
    }),
  zstd: (length) =>
    zlib.createZstdCompress({
      pledgedSrcSize: length,
      params: {
        [constants.ZSTD_c_compressionLevel]: 19,
        [constants.ZSTD_c_windowLog]: windowFor(length, 10, ZSTD_WINDOW),
      },
    }),
  gzip: () => zlib.createGzip({ level: 9, memLevel: 9 }),
  dcz: (length, dictionary) => dczStream(length, dictionary as Buffer, 19),
};

const OPERATIONS: Record<MadeCoding, Operations> = {
  br: { proceed: constants.BROTLI_OPERATION_PROCESS, finish: constants.BROTLI_OPERATION_FINISH },
  zstd: { proceed: constants.ZSTD_e_continue, finish: constants.ZSTD_e_end },
  gzip: { proceed: constants.Z_NO_FLUSH, finish: constants.Z_FINISH },
  dcz: { proceed: constants.ZSTD_e_continue, finish: constants.ZSTD_e_end },
};

/**
 * Compresses at the highest level that pays. Blocks the thread.
 * @param input without any coding
 * @returns the bytes, or undefined where they save too little or the job is not wanted any more
 */
export function compress(
  { to, minSaving, dictionary }: Pick<CompressJob, 'to' | 'minSaving' | 'dictionary'>,
  input: Pieces,
  pace: Pick<Pace, 'step'>,
): Uint8Array<ArrayBuffer> | undefined {
  const length = input.reduce((sum, piece) => sum + piece.length, 0);
  const words = dictionary && joined(dictionary.bytes);
  if (words !== undefined && !isRawDictionary(words)) return undefined;
  const header = dictionary === undefined ? undefined : dczHeader(dictionary.hash);
  const room = Math.floor(length * (1 - minSaving)) - (header?.length ?? 0);
  const bytes = encode(STREAMS[to](length, words), OPERATIONS[to], input, room, () => pace.step());
  if (bytes === undefined || header === undefined) return bytes;
  return new Uint8Array(Buffer.concat([header, bytes]));
}

/** A stream that makes the Zstandard part of `dcz`. @param length of the input, undefined while it is not known */
export function dczStream(length: number | undefined, dictionary: Buffer, level: number): zlib.ZstdCompress {
  // the dictionary can be reached for as long as the window has not left it behind
  const wanted = (length ?? dictionary.length) + dictionary.length;
  const most = windowFor(dictionary.length * 1.25, ZSTD_WINDOW, DCZ_WINDOW, Math.floor);
  return zlib.createZstdCompress({
    ...(length === undefined ? {} : { pledgedSrcSize: length }),
    dictionary,
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_windowLog]: windowFor(wanted, 10, most),
    },
  });
}

/** What goes before the Zstandard stream of `dcz`: 40 bytes. @param hash SHA-256 of the dictionary */
export function dczHeader(hash: Uint8Array): Buffer {
  return Buffer.concat([DCZ_MAGIC, hash]);
}

/** Whether Zstandard takes the bytes as they are, as RFC 9842 has it. */
export function isRawDictionary(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && Buffer.compare(bytes.subarray(0, FORMATTED.length), FORMATTED) !== 0;
}

/**
 * Takes a coding away.
 * @returns the pieces as they are where there is none
 * @throws Error where the input is not what its coding says, or comes to more than `max` bytes
 */
export function decode(from: StoredCoding, input: Pieces, max: number): Pieces {
  if (from === 'identity') {
    if (input.reduce((sum, { length }) => sum + length, 0) > max) throw new RangeError('too long');
    return input;
  }
  const bytes = joined(input);
  const limit = { maxOutputLength: max };
  if (from === 'br') return [zlib.brotliDecompressSync(bytes, limit)];
  if (from === 'zstd') return [zlib.zstdDecompressSync(bytes, limit)];
  return [zlib.gunzipSync(bytes, limit)];
}

/** The smallest window that holds `length` bytes, as a power of two within limits. */
function windowFor(length: number, least: number, most: number, round = Math.ceil): number {
  return Math.min(most, Math.max(least, round(Math.log2(Math.max(1, length)))));
}

function joined(pieces: Pieces): Buffer {
  if (pieces.length === 1) return Buffer.from(pieces[0].buffer, pieces[0].byteOffset, pieces[0].length);
  return Buffer.concat(pieces);
}
