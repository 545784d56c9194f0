import type { Transform } from 'node:stream';
import zlib from 'node:zlib';
import { createDictionaryStream, dictionaryHeader } from '../compress/by-dictionary.ts';
import { isRawDictionary } from '../compress/dcz.ts';
import { encode, type Operations } from './encoder.ts';
import type { CompressJob, MadeCoding, Pieces, StoredCoding } from './jobs.ts';
import type { Pace } from './pace.ts';

const { constants } = zlib;

/** Beyond so many bytes brotli's highest level costs more time than it saves bytes. */
const SLOW_BROTLI = 4 * 1024 * 1024;

/** Largest window that every client of `zstd` has room for, as a power of two (RFC 9659). */
const ZSTD_WINDOW = 23;

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
  dcz: (length, dictionary) => createDictionaryStream('dcz', dictionary as Buffer, length, 'high'),
  dcb: (length, dictionary) => createDictionaryStream('dcb', dictionary as Buffer, length, 'high'),
};

const OPERATIONS: Record<MadeCoding, Operations> = {
  br: { proceed: constants.BROTLI_OPERATION_PROCESS, finish: constants.BROTLI_OPERATION_FINISH },
  zstd: { proceed: constants.ZSTD_e_continue, finish: constants.ZSTD_e_end },
  gzip: { proceed: constants.Z_NO_FLUSH, finish: constants.Z_FINISH },
  dcz: { proceed: constants.ZSTD_e_continue, finish: constants.ZSTD_e_end },
  dcb: { proceed: constants.BROTLI_OPERATION_PROCESS, finish: constants.BROTLI_OPERATION_FINISH },
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
  const header = to === 'dcz' || to === 'dcb' ? dictionaryHeader(to, hashOf(dictionary)) : undefined;
  const room = Math.floor(length * (1 - minSaving)) - (header?.length ?? 0);
  const bytes = encode(STREAMS[to](length, words), OPERATIONS[to], input, room, () => pace.step());
  if (bytes === undefined || header === undefined) return bytes;
  return new Uint8Array(Buffer.concat([header, bytes]));
}

function hashOf(dictionary: CompressJob['dictionary']): Uint8Array {
  if (dictionary === undefined) throw new Error('a coding with a dictionary has one');
  return dictionary.hash;
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
  if (from === 'zstd') return framesOf(bytes, max);
  return [zlib.gunzipSync(bytes, limit)];
}

/** The content of all frames of Zstandard: Node's call takes one of them, and says nothing of what stands behind it. */
function framesOf(bytes: Buffer, max: number): Pieces {
  const pieces: Uint8Array[] = [];
  let left = max;
  for (let at = 0; at < bytes.length; ) {
    // no limit of 0 can be said
    const { buffer, engine } = zlib.zstdDecompressSync(bytes.subarray(at), {
      maxOutputLength: Math.max(1, left),
      info: true,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    left -= buffer.length;
    at += engine.bytesWritten;
    if (left < 0) throw new RangeError('too long');
    pieces.push(buffer);
  }
  return pieces;
}

/** The smallest window that holds `length` bytes, as a power of two within limits. */
function windowFor(length: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.ceil(Math.log2(Math.max(1, length)))));
}

function joined(pieces: Pieces): Buffer {
  if (pieces.length === 1) return Buffer.from(pieces[0].buffer, pieces[0].byteOffset, pieces[0].length);
  return Buffer.concat(pieces);
}
