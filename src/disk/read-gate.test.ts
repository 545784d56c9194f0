import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { test } from 'node:test';
import { Bench } from '../cache/testing.ts';
import { DiskFault } from './fault.ts';
import { MAX_READS, ReadCount } from './read-count.ts';
import { DiskBusy, DiskSlow, ReadGate } from './read-gate.ts';
import { DiskReader } from './reader.ts';
import type { DiskRecord } from './record.ts';
import { createSlotTable, DISK_FAILED, SlotTable } from './slots.ts';
import { TestDisk } from './testing.ts';
import { openDisks } from './view.ts';

const sab = () => createSlotTable({ slots: 100, segments: 14, workers: 3 });

test('over all threads no more run than may, and whoever waits has its turn', async () => {
  const memory = sab();
  const gates = [1, 2].map((worker) => new ReadGate(new ReadCount(memory, worker), 1000));
  let running = 0;
  let most = 0;
  const order: number[] = [];
  const read = async (n: number) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running--;
    order.push(n);
  };
  await Promise.all(Array.from({ length: 40 }, (_, n) => gates[n % 2].run(() => read(n), 1000)));
  assert.equal(most, MAX_READS);
  for (const own of [0, 1])
    assert.deepEqual(
      order.filter((n) => n % 2 === own),
      Array.from({ length: 20 }, (_, i) => 2 * i + own),
    );
  await assert.rejects(
    gates[0].run(() => Promise.reject(new Error('no')), 0),
    /no/,
  );
  assert.ok(new ReadCount(memory, 1).enter());
});

test('what hangs keeps its place until it is over; while all hang nobody waits', async () => {
  const memory = sab();
  const [one, other] = [1, 2].map((worker) => new ReadGate(new ReadCount(memory, worker), 20));
  const ends: (() => void)[] = [];
  const hang = () => new Promise<void>((resolve) => ends.push(resolve));
  const hanging = Array.from({ length: MAX_READS }, () => one.run(hang, 0));
  await assert.rejects(other.run(hang, 5), DiskBusy);
  assert.equal(one.isHung, false);
  for (const operation of hanging) await assert.rejects(operation, DiskSlow);
  assert.equal(other.isHung, true);
  await assert.rejects(other.run(hang, Number.POSITIVE_INFINITY), DiskBusy);
  for (const end of ends) end();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(one.isHung, false);
  assert.equal(await other.run(() => Promise.resolve(1), 0), 1);
});

test('what a thread had under way when it died is not counted any more', () => {
  const memory = sab();
  const count = new ReadCount(memory, 2);
  for (let i = 0; i < MAX_READS; i++) assert.ok(count.enter());
  for (let i = 0; i < MAX_READS; i++) count.hangs();
  assert.equal(new ReadCount(memory, 1).enter(), false);
  new SlotTable(memory).forgetReader(2);
  assert.equal(count.isHung, false);
  assert.ok(new ReadCount(memory, 1).enter());
});

test('a disk that hangs is given up once all it may have of the pool hangs, and the rest of the pool works', async (t) => {
  const bench = new Bench({ memory: 16 << 20 });
  const disk = new TestDisk({ segments: 4 });
  t.after(() => disk.close());
  const views = openDisks([disk.memory]);
  const reader = new DiskReader(views, 1, { timeout: 50 });
  for (let segment = 0; segment < 4; segment++) {
    disk.write(bench.main, bench.put(bench.main, `/${segment}`, 'body'), segment);
    rmSync(disk.path(segment));
    // opening a pipe for reading waits for a writer
    execFileSync('mkfifo', [disk.path(segment)]);
  }
  const kindOf = async (record: DiskRecord | undefined): Promise<string> => {
    const error: unknown = await record?.open().catch((reason: unknown) => reason);
    return error instanceof DiskFault ? error.kind : 'none';
  };
  const records = [0, 1, 2, 3].map((segment) => reader.find(bench.key(`/${segment}`), 0));
  const kinds = await Promise.all(records.map(kindOf));
  assert.equal(kinds.filter((kind) => kind === 'timeout').length, MAX_READS);
  assert.equal(kinds.filter((kind) => kind === 'gone').length, 4 - MAX_READS);
  assert.equal(views[0].table.state, DISK_FAILED);
  assert.ok((await stat(disk.folder)).isDirectory());
  for (const record of records) record?.close();
  for (let segment = 0; segment < MAX_READS; segment++) closeSync(openSync(disk.path(segment), 'r+'));
});
