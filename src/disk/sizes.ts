import { MAX_SEGMENT_BYTES } from './place.ts';

const MIN_SEGMENT_BYTES = 4 << 20;
/** The smallest disk still has so many segments. */
const FEWEST = 5;
const WANTED = 64;
/** What segments leave to the index: this part of the disk, and so many bytes where it has them. */
const INDEX_SHARE = 1 / 64;
const INDEX_BYTES = 1 << 20;
/** Bytes of disk for each slot, at most; objects are larger as a rule. */
const BYTES_PER_SLOT = 8 << 10;
const MIN_SLOTS = 1 << 14;
const MAX_SLOTS = 1 << 24;

/** Bytes of a segment of a new disk: so that with the index a whole number of them fits its limit. */
export function segmentBytesFor(size: number): number {
  const count = Math.max(FEWEST, Math.min(WANTED, Math.floor(size / MIN_SEGMENT_BYTES)));
  const room = size * (1 - INDEX_SHARE) - Math.min(INDEX_BYTES, size / 16);
  return Math.floor(Math.min(MAX_SEGMENT_BYTES, room / count) / 65536) * 65536;
}

/** What the table of slots of a disk needs: see `createSlotTable`. */
export interface TableSize {
  slots: number;
  segments: number;
}

/** @param objects that the disk has */
export function tableSize(size: number, segmentBytes = segmentBytesFor(size), objects = 0): TableSize {
  const slots = Math.max(size / BYTES_PER_SLOT, objects * 1.25, MIN_SLOTS);
  return { slots: Math.ceil(Math.min(MAX_SLOTS, slots)), segments: Math.ceil(size / segmentBytes) + 1 };
}

/** Bytes of the largest record: so that no object takes more than half of what a segment can keep. */
export function largestRecord(segmentBytes: number): number {
  return segmentBytes / 2;
}
