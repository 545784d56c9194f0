import { formatContentRange } from './content-range.ts';
import type { ByteRange } from './range.ts';

/** The text around the parts of a multipart/byteranges body (RFC 9110 section 14.6), and its length. */
export interface MultipartRanges {
  /** The Content-Type of the 206. */
  contentType: string;
  /** What goes before each range's bytes, one for each range. */
  heads: string[];
  /** What goes after the last range's bytes. */
  tail: string;
  /** Bytes of the whole body, parts included. */
  length: number;
}

/**
 * Lays out a multipart/byteranges body. All text is latin1, one byte a character.
 *
 * @param complete bytes of the whole representation
 * @param contentType of the representation; undefined leaves the line out
 * @param boundary a token that does not occur in the representation: random, 16 characters or more
 */
export function layOutMultipart(
  ranges: readonly ByteRange[],
  complete: number,
  contentType: string | undefined,
  boundary: string,
): MultipartRanges {
  const typeLine = contentType === undefined ? '' : `Content-Type: ${contentType}\r\n`;
  const heads = ranges.map(
    (range) => `\r\n--${boundary}\r\n${typeLine}Content-Range: ${formatContentRange(range, complete)}\r\n\r\n`,
  );
  const tail = `\r\n--${boundary}--\r\n`;
  const bodies = ranges.reduce((sum, { start, end }) => sum + end - start + 1, 0);
  const length = heads.reduce((sum, head) => sum + head.length, bodies + tail.length);
  return { contentType: `multipart/byteranges; boundary=${boundary}`, heads, tail, length };
}
