import { layOutMultipart } from '../http/multipart-ranges.ts';
import { randomHex } from '../http/random-id.ts';
import type { ByteRange } from '../http/range.ts';

/** A stretch of a body that is put together: text of lb's own, or bytes of the entry's body from `start` on. */
export interface BodyPiece {
  text: Uint8Array | undefined;
  start: number;
  /** Bytes. */
  length: number;
}

/** A multipart/byteranges body in pieces. */
export interface MultipartBody {
  contentType: string;
  pieces: BodyPiece[];
  /** Bytes. */
  length: number;
}

const BOUNDARY_BYTES = 16;

/**
 * Several ranges of an entry's body as one body (RFC 9110 section 14.6).
 *
 * @param complete bytes of the whole representation
 * @param contentType of the representation
 */
export function multipartBody(
  ranges: readonly ByteRange[],
  complete: number,
  contentType: string | undefined,
): MultipartBody {
  const layout = layOutMultipart(ranges, complete, contentType, randomHex(BOUNDARY_BYTES));
  const pieces = ranges.flatMap(({ start, end }, i) => [
    textPiece(layout.heads[i]),
    { text: undefined, start, length: end - start + 1 },
  ]);
  pieces.push(textPiece(layout.tail));
  return { contentType: layout.contentType, pieces, length: layout.length };
}

function textPiece(text: string): BodyPiece {
  return { text: Buffer.from(text, 'latin1'), start: 0, length: text.length };
}

/** The stretches of the entry's body among the pieces. */
export function rangesIn(pieces: readonly BodyPiece[]): ByteRange[] {
  const own = pieces.filter(({ text }) => text === undefined);
  return own.map(({ start, length }) => ({ start, end: start + length - 1 }));
}

/** What remains of the piece that `sent` bytes of the body lead into; undefined behind the last. */
export function pieceAt(pieces: readonly BodyPiece[], sent: number): BodyPiece | undefined {
  let skip = sent;
  for (const { text, start, length } of pieces) {
    if (skip < length) return { text: text?.subarray(skip), start: start + skip, length: length - skip };
    skip -= length;
  }
  return undefined;
}
