/**
 * Processor time of reading records of 64 KB and 1 MB from the page cache, beside bare reads of the same bytes. Prints numbers,
 * asserts nothing: node bench/disk/read.bench.ts
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { loadDiskAddon } from '../../native-bindings/disk/index.ts';
import { CacheKey, createCache, openCache } from '../../src/cache/cache.ts';
import { crc32c, crc32cByTables, useNative } from '../../src/disk/checksum.ts';
import { BLOCK } from '../../src/disk/format.ts';
import { DiskReader } from '../../src/disk/reader.ts';
import { TestDisk } from '../../src/disk/testing.ts';
import { openDisks } from '../../src/disk/view.ts';

const SIZES = [4096, 65_536, 1 << 20];
/** Bytes that each figure is about. */
const VOLUME = 1 << 30;
const OBJECTS = 32;

const loaded = await loadDiskAddon();
if ('unavailable' in loaded) console.log(loaded.unavailable);
const addon = 'addon' in loaded ? loaded.addon : undefined;
const cache = openCache(createCache({ memory: 256 << 20, workers: 2, eviction: 's3fifo' }), 0);
const disk = new TestDisk({ segments: SIZES.length });
const prefix = cache.prefix(Buffer.from('bench'), 1, 'bench.example');
const key = new CacheKey();
const buffer = new Uint8Array(1 << 20);
const keyOf = (size: number, i: number): CacheKey => key.set(prefix, `/${size}/${i % OBJECTS}`, '');

async function measure(name: string, size: number, step: (i: number) => unknown, volume = VOLUME): Promise<void> {
  const rounds = Math.min(200_000, Math.ceil(volume / size));
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 4; run++) {
    const before = process.cpuUsage();
    for (let i = 0; i < rounds; i++) {
      const wait = step(i);
      if (wait instanceof Promise) await wait;
    }
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / rounds);
  }
  console.log(`${name.padEnd(56)} ${best.toFixed(1).padStart(8)} µs`);
}

/** One record: found, read in blocks, verified. */
function readWhole(reader: DiskReader, size: number, i: number): unknown {
  const record = reader.find(keyOf(size, i), 0);
  if (record === undefined) throw new Error('the record is not there');
  if (!record.openNow()) return wait();
  if (record.isSmall) record.body();
  else
    for (let block = 0; block < record.blocks; block++)
      if (record.blocksNow(block) === undefined) throw new Error('not in memory');
  record.close();
  return undefined;

  async function wait(): Promise<void> {
    await record?.open();
    for (let block = 0; block < (record?.blocks ?? 0); block++) await record?.blocksOf(block);
    record?.close();
  }
}

try {
  for (const [place, size] of SIZES.entries()) {
    for (let i = 0; i < OBJECTS; i++) {
      const id = cache.put(
        keyOf(size, i),
        Buffer.alloc(300),
        Buffer.alloc(60),
        new Uint8Array(size).fill(i),
        [0, 0, 0, 0],
      );
      disk.write(cache, id, place);
    }
    console.log(`${size} bytes`);
    const fd = openSync(disk.path(place), 'r');
    const count = Math.min(size, BLOCK);
    const bare = (read: (position: number) => unknown) => (i: number) => {
      const start = (i % OBJECTS) * size;
      for (let at = 0; at < size; at += count) read(start + at);
    };
    await measure(
      '  bare reads, fs.readSync',
      size,
      bare((position) => readSync(fd, buffer, 0, count, position)),
    );
    if (addon)
      await measure(
        '  bare reads, readNow',
        size,
        bare((position) => addon.readNow(fd, buffer, 0, count, position)),
      );
    await measure('  checksums, by tables', size, () => crc32cByTables(buffer, 0, size, 0));
    if (addon?.crc32c) {
      useNative(addon.crc32c);
      await measure('  checksums, by the processor', size, () => crc32c(buffer, 0, size, 0));
    }
    closeSync(fd);
    const views = openDisks([disk.memory]);
    const reader = new DiskReader(views, 1, { readNow: addon?.readNow });
    await measure('  a record found, read, verified', size, (i) => readWhole(reader, size, i));
    const slow = new DiskReader(views, 2, { readNow: undefined });
    await measure('  the same through the thread pool', size, (i) => readWhole(slow, size, i), VOLUME / 8);
    reader.close();
    slow.close();
  }
} finally {
  disk.close();
}
