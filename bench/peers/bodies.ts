import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { randomBytes } from '../random.ts';

const KB = 1024;

/** Objects of the hit cases: name under `/hit/` -> bytes. */
export const HIT_OBJECTS: Readonly<Record<string, number>> = {
  '0': 0,
  '1k': KB,
  '16k': 16 * KB,
  '64k': 64 * KB,
  '1m': 1024 * KB,
  '10m': 10 * 1024 * KB,
};

/** When every file of the hit cases was changed, in seconds: with the size it makes nginx's ETag. */
const CHANGED = 1_767_225_600;

/** The ETag that the origin gives an object of the hit cases. */
export function etagOf(object: string): string {
  return `"${CHANGED.toString(16)}-${HIT_OBJECTS[object].toString(16)}"`;
}

/** A page of 32 KB of text, `/text/page`, and what the origin sends to who accepts gzip. */
export const TEXT_PAGE = Buffer.from(
  Array.from({ length: 1024 }, (_, line) => `line ${String(line).padStart(4, '0')} of a page of text\n`).join(''),
);
export const TEXT_GZIP = gzipSync(TEXT_PAGE);

/** Objects of the disk cases, `/disk/NAME/0` and so on: 256 MB of each size. */
export const DISK_OBJECTS: Readonly<Record<string, { bytes: number; count: number }>> = {
  '64k': { bytes: 64 * KB, count: 4096 },
  '1m': { bytes: 1024 * KB, count: 256 },
  '16m': { bytes: 16 * 1024 * KB, count: 16 },
};

/**
 * Objects that are fresh for a second and asked for in turn, `/stale/0` and so on: so many that each is stale when its turn
 * comes again, at up to 20,000 requests a second, since some servers count in whole seconds.
 */
export const STALE_OBJECTS = 40_000;

/** One more of them, whose answers the origin writes down. */
export const STALE_PROBE = '/stale/probe';

/** Number of distinct objects of the Zipf mix, `/zipf/0` to `/zipf/99999`. */
export const ZIPF_OBJECTS = 100_000;

/** Bytes of a Zipf object by the last digit of its number: 512 bytes to 16 KB. */
const ZIPF_SIZES = [512, 1 * KB, 1 * KB, 2 * KB, 2 * KB, 4 * KB, 4 * KB, 8 * KB, 8 * KB, 16 * KB];

/** Mean bytes of a Zipf object's body. */
export const ZIPF_MEAN_BYTES = ZIPF_SIZES.reduce((sum, size) => sum + size, 0) / ZIPF_SIZES.length;

/** Body of every `/miss/` answer. */
export const MISS_BODY = Buffer.alloc(KB, 'abcdefghijklmnopqrstuvwxyz012345');

/** Writes the origin's files under `dir`: `hit/NAME`, `text/page`, `zipf/DIGIT` and `disk/NAME`. */
export function writeBodies(dir: string): void {
  mkdirSync(join(dir, 'hit'), { recursive: true });
  mkdirSync(join(dir, 'zipf'), { recursive: true });
  mkdirSync(join(dir, 'disk'), { recursive: true });
  for (const [name, size] of Object.entries(HIT_OBJECTS)) {
    const file = join(dir, 'hit', name);
    writeFileSync(file, randomBytes(size, size));
    utimesSync(file, CHANGED, CHANGED);
  }
  mkdirSync(join(dir, 'text'), { recursive: true });
  writeFileSync(join(dir, 'text', 'page'), TEXT_PAGE);
  writeFileSync(join(dir, 'text', 'page.gz'), TEXT_GZIP);
  for (const [name, { bytes }] of Object.entries(DISK_OBJECTS))
    writeFileSync(join(dir, 'disk', name), randomBytes(bytes, 7));
  ZIPF_SIZES.forEach((size, digit) => {
    writeFileSync(join(dir, 'zipf', String(digit)), randomBytes(size, digit + 1));
  });
}
