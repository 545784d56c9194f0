/**
 * Where a record stands on a disk: the number of its segment, and its offset there in units of 64 bytes. As one number a
 * place is the key of a row, so that rows of a segment are neighbours.
 */

/** Bytes of a unit; records begin on one. */
export const PLACE_UNIT = 64;

/** Units of the largest segment: 256 MB. */
const SEGMENT_UNITS = 2 ** 22;

export const MAX_SEGMENT_BYTES = SEGMENT_UNITS * PLACE_UNIT;

/** @param offset bytes, on a unit */
export function placeOf(segment: number, offset: number): number {
  return segment * SEGMENT_UNITS + offset / PLACE_UNIT;
}

export function segmentOf(place: number): number {
  return Math.floor(place / SEGMENT_UNITS);
}

/** Bytes from the beginning of the segment. */
export function offsetOf(place: number): number {
  return (place % SEGMENT_UNITS) * PLACE_UNIT;
}

/** The first place of a segment; that of the next is the first behind it. */
export function firstPlace(segment: number): number {
  return segment * SEGMENT_UNITS;
}
