import assert from 'node:assert/strict';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { loadDiskAddon } from '../../native-bindings/disk/index.ts';
import { Bench, bytes, text, wholeBody } from '../cache/testing.ts';
import { DiskFault } from './fault.ts';
import { BLOCK } from './format.ts';
import { DiskReader, type ReaderOptions } from './reader.ts';
import { type DiskRecord, SMALL_BODY } from './record.ts';
import { FORGET, OfferRing } from './ring.ts';
import { DISK_FAILED, LOADING, READY } from './slots.ts';
import { TestDisk } from './testing.ts';
import { openDisks } from './view.ts';

const loaded = await loadDiskAddon();
const readNow = 'addon' in loaded ? loaded.addon.readNow : undefined;
const WORKER = 1;

function begin(t: TestContext, options: ReaderOptions = {}, segments = 4) {
  const bench = new Bench({ memory: 16 << 20 });
  const disk = new TestDisk({ segments });
  const faults: DiskFault[] = [];
  const reader = new DiskReader(openDisks([disk.memory]), WORKER, {
    readNow,
    onFault: (fault) => faults.push(fault),
    ...options,
  });
  t.after(() => {
    reader.close();
    disk.close();
  });
  return { bench, disk, reader, faults };
}

function bodyOf(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Math.imul(i + seed, 2_654_435_761) >>> 24);
}

async function opened(record: DiskRecord | undefined): Promise<DiskRecord> {
  assert.ok(record !== undefined);
  if (!record.openNow()) await record.open();
  return record;
}

async function readAll(record: DiskRecord, count = 1): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let block = 0; block < record.blocks; block += count) {
    parts.push((record.blocksNow(block, count) ?? (await record.blocksOf(block, count))).slice());
  }
  return Buffer.concat(parts);
}

const faultOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
    return 'none';
  } catch (error) {
    if (error instanceof DiskFault) return error.kind;
    throw error;
  }
};

for (const [name, options] of [
  ['at once', {}],
  ['through the thread pool', { readNow: undefined }],
] as const) {
  test(`records of all sizes come back whole: ${name}`, async (t) => {
    const { bench, disk, reader, faults } = begin(t, options);
    const sizes = [0, 1, 63, 64, 65, 5000, BLOCK - 1, BLOCK, BLOCK + 1, SMALL_BODY, SMALL_BODY + 1, 1_000_000];
    for (const size of sizes) {
      const id = bench.main.put(
        bench.key(`/${size}`),
        bytes(`head ${size}`),
        bytes('meta'),
        bodyOf(size),
        [9, 8, 7, size],
        0,
        [3, -4],
      );
      assert.ok(disk.write(bench.main, id, size % 4) !== undefined);
    }
    for (const round of [1, 2]) {
      for (const size of sizes) {
        const record = await opened(reader.find(bench.key(`/${size}`), 0));
        assert.deepEqual([record.length, record.disk, record.segment], [size, 0, size % 4], `round ${round}`);
        assert.deepEqual([text(record.prelude.head), text(record.prelude.meta)], [`head ${size}`, 'meta']);
        assert.deepEqual([...record.prelude.userWords, ...record.prelude.tags], [9, 8, 7, size, 3, -4]);
        if (record.isSmall) assert.deepEqual(record.body(), bodyOf(size));
        assert.deepEqual(new Uint8Array(await readAll(record, round)), bodyOf(size));
        record.close();
        record.close();
      }
    }
    assert.equal(reader.find(bench.key('/none'), 0), undefined);
    assert.deepEqual(faults, []);
    for (let segment = 0; segment < 4; segment++) assert.equal(disk.table.isRead(segment), false);
  });
}

test('a body goes right into the memory of a cache, and not when it is damaged', {
  skip: readNow === undefined,
}, async (t) => {
  const { bench, disk, reader, faults } = begin(t);
  const to = new Bench({ memory: 4 << 20 });
  const load = (target: string): { id: number; isAway: boolean } => {
    const record = reader.find(bench.key(target), 0);
    assert.ok(record !== undefined);
    assert.ok(record.openHeadNow());
    const { head, meta, userWords, tags } = record.prelude;
    const key = to.key(target);
    const id = to.main.load(key, head, meta, record.length, userWords, 0, tags, record, record.bodyInto);
    record.close();
    return { id, isAway: record.isAway };
  };
  const sizes = [0, 1, 5000, BLOCK - 1, BLOCK, BLOCK + 1, 200_000, SMALL_BODY];
  for (const size of sizes)
    disk.write(
      bench.main,
      bench.main.put(bench.key(`/${size}`), bytes('h'), bytes('m'), bodyOf(size), [1, 2, 3, 4], 0, [7]),
      1,
    );
  (await opened(reader.find(bench.key('/1'), 0))).close();
  for (const size of sizes) {
    const { id } = load(`/${size}`);
    assert.notEqual(id, 0, `${size} bytes`);
    assert.deepEqual(new Uint8Array(wholeBody(to.main, id)), bodyOf(size));
    assert.deepEqual(
      [text(to.main.head(id)), text(to.main.meta(id)), [...Array.from(to.main.tags(id))]],
      ['h', 'm', [7]],
    );
  }
  to.main.audit();
  for (const size of sizes) to.main.remove(to.key(`/${size}`));
  const content = readFileSync(disk.path(1));
  for (const at of [content.length - 1, content.length - 100_000]) content[at] ^= 1;
  writeFileSync(disk.path(1), content);
  assert.deepEqual(load(`/${SMALL_BODY}`), { id: 0, isAway: false });
  assert.equal(to.get(to.main, `/${SMALL_BODY}`), null);
  assert.deepEqual(
    faults.map(({ kind }) => kind),
    ['corrupt'],
  );
  assert.notEqual(load(`/${BLOCK}`).id, 0);
  to.main.audit();
  assert.equal(to.main.stats().pins, 0);
});

test('where the body is not in memory it is waited for', async (t) => {
  const { bench, disk, reader } = begin(t, {
    readNow: (fd, view, offset, length, position) =>
      length > 1000 ? -1 : readSync(fd, view, offset, length, position),
  });
  disk.write(bench.main, bench.main.put(bench.key('/a'), bytes('h'), bytes('m'), bodyOf(5000), [1, 2, 3, 4]));
  (await opened(reader.find(bench.key('/a'), 0))).close();
  const record = reader.find(bench.key('/a'), 0);
  assert.ok(record !== undefined);
  assert.ok(record.openHeadNow());
  const memory = new Uint8Array(5000);
  assert.equal(record.bodyInto(memory, 0, 5000, 0), false);
  assert.equal(record.isAway, true);
  await record.open();
  assert.deepEqual(record.body(), bodyOf(5000));
  record.close();
});

test('blocks in any order, and outside of the body', async (t) => {
  const { bench, disk, reader } = begin(t);
  const body = bodyOf(10 * BLOCK + 17);
  disk.write(bench.main, bench.main.put(bench.key('/x'), bytes('h'), bytes('m'), body, [0, 0, 0, 0]));
  const record = await opened(reader.find(bench.key('/x'), 0));
  for (const [first, count] of [
    [3, 2],
    [0, 1],
    [9, 4],
    [10, 1],
    [10, 4],
    [2, 4],
    [4, 1],
    [5, 1],
  ]) {
    const found = record.blocksNow(first, count) ?? (await record.blocksOf(first, count));
    assert.deepEqual(new Uint8Array(found), body.slice(first * BLOCK, (first + count) * BLOCK));
  }
  for (const [first, count] of [
    [11, 1],
    [-1, 1],
    [0, 0],
    [0, 5],
  ])
    assert.throws(() => record.blocksNow(first, count), RangeError);
  record.close();
  assert.throws(() => record.blocksNow(0), /not open/);
});

test('a segment that is read says so, and none of an older generation is found', async (t) => {
  const { bench, disk, reader } = begin(t);
  disk.write(bench.main, bench.put(bench.main, '/a', 'body'), 2);
  const record = await opened(reader.find(bench.key('/a'), 0));
  assert.equal(disk.table.isRead(2), true);
  disk.reuse(2);
  assert.equal(reader.find(bench.key('/a'), 0), undefined);
  assert.equal(disk.table.isRead(2), true, 'the first one still reads');
  assert.equal(text(record.body()), 'body');
  record.close();
  assert.equal(disk.table.isRead(2), false);
});

test('what a purge may have missed is not found', (t) => {
  const { bench, disk, reader } = begin(t);
  disk.write(bench.main, bench.put(bench.main, '/a', 'body'));
  reader.find(bench.key('/a'), 0)?.close();
  assert.equal(reader.find(bench.key('/a'), 5), undefined, 'nobody knows purges 1 to 5 any more');
  disk.table.applied = 5;
  const record = reader.find(bench.key('/a'), 5);
  assert.equal(record?.sequence, 5);
  record?.close();
});

test('states: loading tells where to ask, failed closes the files', async (t) => {
  const { bench, disk, reader } = begin(t);
  disk.write(bench.main, bench.put(bench.main, '/a', 'body'));
  disk.table.state = LOADING;
  assert.equal(reader.loading(bench.key('/b')), 0);
  const record = await opened(reader.find(bench.key('/a'), 0));
  disk.table.state = READY;
  assert.equal(reader.loading(bench.key('/b')), -1);
  const openFiles = (): number =>
    readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith(disk.folder)).length;
  const before = openFiles();
  disk.table.state = DISK_FAILED;
  assert.equal(reader.find(bench.key('/a'), 0), undefined);
  assert.equal(openFiles(), before, 'whoever reads keeps the file');
  assert.equal(text(record.body()), 'body');
  record.close();
  while (openFiles() === before) await new Promise((resolve) => setImmediate(resolve));
});

test('a file that is closed while others are about to read it stays open for them', async (t) => {
  const { bench, disk, reader, faults } = begin(t, { readNow: undefined });
  const bodies = [bodyOf(500_000, 1), bodyOf(500_000, 2)];
  disk.write(bench.main, bench.put(bench.main, '/a', bodies[0]));
  disk.write(bench.main, bench.put(bench.main, '/b', bodies[1]));
  for (let round = 0; round < 50; round++) {
    const opening: Promise<void>[] = [];
    const records = ['/a', '/b', '/a'].map((path) => {
      const record = reader.find(bench.key(path), 0);
      assert.ok(record !== undefined);
      opening.push(record.open());
      return record;
    });
    await Promise.race([...opening, new Promise((resolve) => setImmediate(resolve))]);
    reader.close();
    await Promise.all(opening);
    for (const [i, record] of records.entries()) {
      assert.deepEqual(await record.blocksOf(6), bodies[i % 2].subarray(6 * 65536, 7 * 65536));
      record.close();
    }
  }
  assert.deepEqual(faults, []);
});

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

test('any byte that changes, anywhere, is a fault or makes no difference; the slot is killed and told', async (t) => {
  const { bench, disk, reader, faults } = begin(t);
  const size = SMALL_BODY + 100_000;
  const bodies = new Map([
    ['/small', bodyOf(3000, 5)],
    ['/large', bodyOf(size, 6)],
  ]);
  const write = (target: string, body: Uint8Array) =>
    disk.write(bench.main, bench.main.put(bench.key(target), bytes('some head'), bytes('meta'), body, [1, 2, 3, 4]), 1);
  const ring = new OfferRing(disk.memory.ring);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('/small', '/large'),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      fc.integer({ min: 1, max: 255 }),
      async (target, where, flip) => {
        const body = bodies.get(target) as Uint8Array;
        disk.reuse(1);
        const slot = write(target, body);
        assert.ok(slot !== undefined);
        const length = slot.prelude + slot.body;
        // half of them in the prelude
        const at = slot.offset + Math.floor(where < 0.5 ? where * 2 * slot.prelude : (where - 0.5) * 2 * length);
        const content = readFileSync(disk.path(1));
        const fd = openSync(disk.path(1), 'r+');
        writeSync(fd, Buffer.of(content[at] ^ flip), 0, 1, at);
        closeSync(fd);
        const known = faults.length;
        const record = reader.find(bench.key(target), 0);
        const kind = await faultOf(async () => {
          await opened(record);
          assert.deepEqual(new Uint8Array(await readAll(record as DiskRecord, 2)), body);
        });
        record?.close();
        assert.equal(kind, 'corrupt', `byte ${at} of ${length}`);
        assert.equal(faults.length, known + 1);
        assert.equal(reader.find(bench.key(target), 0), undefined, 'not found again');
        const told: unknown[] = [];
        ring.take(9, ({ kind: what, segment, offset }) => told.push([what, segment, offset]));
        assert.deepEqual(told, [[FORGET, 1, slot.offset]]);
        disk.table.sweepDead(0, disk.table.capacity);
      },
    ),
    { numRuns: 120 },
  );
  assert.equal(disk.table.state, READY, 'what is corrupt is no failure of the disk');
});

test('a file that is cut short, replaced by junk or gone', async (t) => {
  const { bench, disk, reader } = begin(t, {}, 8);
  const put = (segment: number, size = 5000) =>
    disk.write(
      bench.main,
      bench.main.put(bench.key(`/${segment}`), bytes('h'), bytes('m'), bodyOf(size), [0, 0, 0, 0]),
      segment,
    );
  const fault = async (segment: number) => {
    const record = reader.find(bench.key(`/${segment}`), 0);
    const kind = await faultOf(async () => readAll(await opened(record)));
    record?.close();
    return kind;
  };
  for (let segment = 0; segment < 4; segment++) put(segment);
  truncateSync(disk.path(0), 3000);
  assert.equal(await fault(0), 'corrupt');
  truncateSync(disk.path(1), 0);
  assert.equal(await fault(1), 'corrupt');
  writeFileSync(disk.path(2), Buffer.alloc(100_000, 7));
  assert.equal(await fault(2), 'corrupt');
  rmSync(disk.path(3));
  assert.equal(await fault(3), 'io');
  put(4);
  assert.equal(await fault(4), 'none');
  put(5, 20 * BLOCK);
  const record = await opened(reader.find(bench.key('/5'), 0));
  assert.ok((record.blocksNow(7) ?? (await record.blocksOf(7))).length === BLOCK);
  truncateSync(disk.path(5), 12 * BLOCK);
  assert.equal(await faultOf(async () => record.blocksNow(15) ?? (await record.blocksOf(15))), 'corrupt');
  record.close();
});

test('a record under another key or generation is not taken for the one that is wanted', async (t) => {
  const { bench, disk, reader } = begin(t);
  const other = disk.write(bench.main, bench.put(bench.main, '/other', 'other'));
  const { lo, hi } = bench.key('/wanted');
  assert.ok(other !== undefined);
  disk.table.insert({ ...other, lo, hi });
  const record = reader.find(bench.key('/wanted'), 0);
  assert.equal(await faultOf(() => opened(record)), 'corrupt');
  record?.close();
  // the segment begins anew, and by chance a slot leads to where an older record of the same key still stands
  disk.reuse(0);
  disk.table.insert({ ...other, generation: 2 });
  const stale = reader.find(bench.key('/other'), 0);
  assert.equal(await faultOf(() => opened(stale)), 'corrupt');
  stale?.close();
});

test('a disk that fails five times in a row is given up', async (t) => {
  const { bench, disk, reader, faults } = begin(t);
  for (let n = 0; n < 6; n++) disk.write(bench.main, bench.put(bench.main, `/${n}`, 'body'));
  rmSync(disk.path(0));
  for (let n = 0; n < 5; n++) {
    const record = reader.find(bench.key(`/${n}`), 0);
    assert.equal(await faultOf(() => opened(record)), 'io');
    record?.close();
  }
  assert.deepEqual(
    faults.map(({ givenUp }) => givenUp),
    [false, false, false, false, true],
  );
  assert.equal(disk.table.state, DISK_FAILED);
  assert.equal(reader.find(bench.key('/5'), 0), undefined);
});

test('a disk that does not answer is not waited for for long', async (t) => {
  const { bench, disk, reader } = begin(t, { readNow: undefined, timeout: 30 });
  disk.write(bench.main, bench.put(bench.main, '/a', 'body'), 3);
  rmSync(disk.path(3));
  // opening a pipe for reading waits for a writer
  const { execFileSync } = await import('node:child_process');
  execFileSync('mkfifo', [disk.path(3)]);
  const record = reader.find(bench.key('/a'), 0);
  assert.equal(await faultOf(() => opened(record)), 'timeout');
  record?.close();
  assert.equal(disk.table.isRead(3), false);
  closeSync(openSync(disk.path(3), 'r+'));
});

test('a record that is closed while it is read gives nothing', async (t) => {
  const { bench, disk, reader, faults } = begin(t, { readNow: undefined });
  disk.write(bench.main, bench.put(bench.main, '/a', 'body'));
  const record = reader.find(bench.key('/a'), 0);
  const opening = faultOf(() => record?.open());
  record?.close();
  assert.equal(await opening, 'gone');
  assert.deepEqual(faults, []);
  assert.equal(text((await opened(reader.find(bench.key('/a'), 0))).body()), 'body');
});
