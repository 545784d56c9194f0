import type { ByteRange } from './range.ts';

/** The ranges sorted and joined where they overlap or touch. */
export function joinRanges(ranges: readonly ByteRange[]): ByteRange[] {
  const joined: ByteRange[] = [];
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last !== undefined && start <= last.end + 1) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  return joined;
}

/** The parts of `wanted` that `held` lacks, in order: what is still to be fetched. */
export function missingRanges(wanted: ByteRange, held: readonly ByteRange[]): ByteRange[] {
  const missing: ByteRange[] = [];
  let next = wanted.start;
  for (const { start, end } of joinRanges(held)) {
    if (end < next) continue;
    if (start > wanted.end) break;
    if (start > next) missing.push({ start: next, end: start - 1 });
    next = end + 1;
  }
  if (next <= wanted.end) missing.push({ start: next, end: wanted.end });
  return missing;
}
