import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Cache, CacheKey, type KeyPrefix, openCache } from '../cache/cache.ts';
import { createCache } from '../cache/layout.ts';
import { bytes } from '../cache/testing.ts';
import { createDoorbells } from '../threads/doorbell.ts';
import type { DiskContents, DiskPurge, FromDisk } from '../threads/messages.ts';
import { OpenFolder } from './folder.ts';
import { DiskLower } from './lower.ts';
import { INDEX_FILE } from './open-index.ts';
import { createOfferRing } from './ring.ts';
import { createSlotTable, DISK_FAILED, emptySlot, READY, SlotTable } from './slots.ts';
import { bodyOf, folderBytes, temporaryFolder } from './store-testing.ts';
import { DiskThread } from './thread.ts';
import { openDisks } from './view.ts';

const MB = 1 << 20;
const RETRY = 300;

/** Main and an edge, to a disk's thread that runs here. */
class Rig {
  readonly told: FromDisk[] = [];
  readonly thread: DiskThread;
  edge!: Cache;
  main!: Cache;
  slots!: SlotTable;
  readonly #folder: string;
  #waiting: { is: (message: FromDisk) => boolean; resolve: (message: FromDisk) => void }[] = [];

  constructor(t: TestContext, folder: string, size = 40 * MB, lockWait = 0) {
    this.#folder = folder;
    const tell = (message: FromDisk): void => {
      this.told.push(structuredClone(message));
      for (const waiting of this.#waiting.filter(({ is }) => is(message))) waiting.resolve(message);
      this.#waiting = this.#waiting.filter(({ is }) => !is(message));
    };
    this.thread = new DiskThread({ disk: 0, folder, size, lockWait }, { tell, end: () => {}, retry: RETRY });
    t.after(() => this.thread.abort());
  }

  /** The first message from now on, or the last so far, that is as wanted. */
  heard<Type extends FromDisk['type']>(
    type: Type,
    is: (message: Extract<FromDisk, { type: Type }>) => boolean = () => true,
    isNew = false,
  ): Promise<Extract<FromDisk, { type: Type }>> {
    type Wanted = Extract<FromDisk, { type: Type }>;
    const fits = (message: FromDisk): message is Wanted => message.type === type && is(message as Wanted);
    const found = this.told.findLast(fits);
    if (found !== undefined && !isNew) return Promise.resolve(found);
    return new Promise((resolve) => {
      this.#waiting.push({ is: fits, resolve: (message) => resolve(message as Wanted) });
    });
  }

  async begin(): Promise<DiskContents> {
    const { contents } = await this.heard('opened', (message) => message.contents !== undefined);
    if (contents === undefined) throw new Error('no contents');
    const secret = contents.secret ?? bytes('8 bytes!');
    const { sequence, table } = contents;
    const cache = createCache({ memory: 8 * MB, workers: 2, eviction: 's3fifo', secret, purgeSequence: sequence });
    const slots = createSlotTable({ ...table, workers: 2 });
    const rings = [createOfferRing(), createOfferRing()];
    this.main = openCache(cache, 0);
    this.edge = openCache(cache, 1);
    this.slots = new SlotTable(slots);
    this.edge.lower = new DiskLower(openDisks([{ folder: this.#folder, slots, ring: rings[1] }]));
    const doorbells = createDoorbells(2);
    const terms = { cache, worker: 2, slots, rings, doorbells, secret, sequence, missed: [], empty: false };
    this.thread.hear({ type: 'begin', ...terms });
    return contents;
  }

  put(target: string, size: number): void {
    const prefix = this.edge.prefix(bytes('a.example'), 1, 'a.example');
    this.edge.put(keyOf(prefix, target), bytes('head'), bytes('meta'), bodyOf(target, size), [1, 2, 3, 4]);
  }

  has(target: string): boolean {
    const { lo, hi } = keyOf(this.edge.prefix(bytes('a.example'), 1, 'a.example'), target);
    return this.slots.find(lo, hi, { ...EMPTY });
  }

  purge(pattern: string): DiskPurge {
    const sequence = this.main.purge.add({ site: -1, host: '', pattern, soft: false });
    return { sequence, site: -1, host: '', pattern, exact: false, soft: false, stamp: 0, tag: 0 };
  }

  lines(): string {
    return this.told.flatMap((message) => (message.type === 'log' ? [message.message] : [])).join('\n');
  }
}

const EMPTY = emptySlot();

function keyOf(prefix: KeyPrefix, target: string): CacheKey {
  return new CacheKey().set(prefix, target, '');
}

async function until(is: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 5000;
  while (!is()) {
    if (performance.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('a folder that is not there is made; what is offered is found again by the next', async (t) => {
  const folder = join(temporaryFolder(t), 'deep', 'er');
  const rig = new Rig(t, folder);
  assert.equal((await rig.begin()).secret, undefined);
  await rig.heard('state', ({ state }) => state === 'ready');
  rig.thread.hear({ type: 'sites', sites: [['shop', 7]] });
  rig.put('/a', 1000);
  await until(() => rig.has('/a'), 'written');
  const purge = rig.purge('/none');
  rig.thread.hear({ type: 'purge', purges: [purge] });
  assert.equal((await rig.heard('kept', ({ sequence }) => sequence === purge.sequence)).error, undefined);
  await rig.heard('applied', ({ sequence }) => sequence === purge.sequence);
  rig.thread.hear({ type: 'close' });
  await rig.heard('closed');
  const next = new Rig(t, folder);
  const contents = await next.begin();
  assert.deepEqual([contents.sequence, contents.applied, contents.sites], [1, 1, [['shop', 7]]]);
  await next.heard('state', ({ state }) => state === 'ready');
  assert.ok(next.has('/a'));
});

test('purges that come together are kept together, and what could not be kept is tried again by itself', async (t) => {
  const folder = temporaryFolder(t);
  const rig = new Rig(t, folder);
  await rig.begin();
  await rig.heard('state', ({ state }) => state === 'ready');
  const purges = ['/a*', '/b*', '/c*'].map((pattern) => rig.purge(pattern));
  for (const purge of purges) rig.thread.hear({ type: 'purge', purges: [purge] });
  await rig.heard('kept', ({ sequence }) => sequence === 3);
  const kept = rig.told.flatMap((message) => (message.type === 'kept' ? [message.sequence] : []));
  assert.deepEqual(kept, [0, 3]);
  // the note about purges to come cannot be written: an error, but not of the index
  mkdirSync(join(folder, 'lb-disk.json.new'));
  const late = rig.purge('/d*');
  rig.thread.hear({ type: 'purge', purges: [{ ...late, sequence: 100_000 }] });
  assert.match((await rig.heard('kept', ({ sequence }) => sequence === 100_000)).error ?? '', /EISDIR/);
  rmdirSync(join(folder, 'lb-disk.json.new'));
  const again = await rig.heard('kept', ({ sequence }) => sequence === 100_000, true);
  assert.equal(again.error, undefined);
});

test('a folder that another has is waited for, and its purges have room', async (t) => {
  const folder = temporaryFolder(t);
  const first = new Rig(t, folder);
  await first.begin();
  await first.heard('state', ({ state }) => state === 'ready');
  first.put('/a', 1000);
  first.put('/b', 1000);
  await until(() => first.has('/b'), 'written');
  const second = new Rig(t, folder);
  const contents = await second.begin();
  assert.ok(contents.locked);
  assert.deepEqual(Buffer.from(contents.secret ?? []), Buffer.from(first.main.secret()));
  assert.equal(second.slots.state, DISK_FAILED);
  first.thread.hear({ type: 'purge', purges: [first.purge('/a')] });
  const later = second.purge('/b');
  second.thread.hear({ type: 'purge', purges: [later] });
  assert.ok((await second.heard('kept')).error !== undefined);
  first.thread.hear({ type: 'close' });
  await second.heard('state', ({ state }) => state === 'ready');
  await second.heard('applied', ({ sequence }) => sequence === later.sequence);
  assert.deepEqual([second.has('/a'), second.has('/b')], [false, false]);
});

test('a folder that cannot be made is told of, and tried again', async (t) => {
  const parent = temporaryFolder(t);
  const file = join(parent, 'file');
  writeFileSync(file, '');
  const rig = new Rig(t, join(file, 'folder'));
  const { contents, error } = await rig.heard('opened');
  assert.equal(contents, undefined);
  assert.match(String(error), /ENOTDIR|EEXIST/);
  rmSync(file);
  await rig.begin();
  await rig.heard('state', ({ state }) => state === 'ready');
});

test('a folder that vanishes: the disk fails, and begins anew', async (t) => {
  const parent = temporaryFolder(t);
  const folder = join(parent, 'disk');
  const rig = new Rig(t, folder);
  await rig.begin();
  await rig.heard('state', ({ state }) => state === 'ready');
  rig.put('/a', 1000);
  await until(() => rig.has('/a'), 'written');
  renameSync(folder, join(parent, 'elsewhere'));
  await rig.heard('state', ({ state }) => state === 'failed');
  assert.equal(rig.slots.state, DISK_FAILED);
  const purge = rig.purge('/a');
  rig.thread.hear({ type: 'purge', purges: [purge] });
  await rig.heard('state', ({ state }) => state === 'ready', true);
  await rig.heard('applied', ({ sequence }) => sequence >= purge.sequence);
  assert.equal(rig.has('/a'), false);
  rig.put('/b', 1000);
  await until(() => rig.has('/b'), 'written again');
});

test('what is replaced and purged while edges have given a disk up is gone when it is tried again', async (t) => {
  const rig = new Rig(t, temporaryFolder(t));
  await rig.begin();
  await rig.heard('state', ({ state }) => state === 'ready');
  for (const name of ['/a', '/b', '/c']) rig.put(name, 1000);
  await until(() => rig.has('/c'), 'written');
  rig.thread.hear({ type: 'failed', reason: 'slow' });
  assert.equal(rig.slots.state, DISK_FAILED);
  rig.put('/a', 2000);
  const purge = rig.purge('/b');
  rig.thread.hear({ type: 'purge', purges: [purge] });
  await rig.heard('state', ({ state }) => state === 'ready', true);
  await rig.heard('applied', ({ sequence }) => sequence >= purge.sequence);
  assert.deepEqual([rig.has('/a'), rig.has('/b'), rig.has('/c')], [false, false, true]);
});

test('an index that is damaged while it is in use: the disk begins empty', async (t) => {
  const folder = temporaryFolder(t);
  const rig = new Rig(t, folder);
  await rig.begin();
  await rig.heard('state', ({ state }) => state === 'ready');
  for (let i = 0; i < 200; i++) rig.put(`/${i}`, 1000);
  await until(() => rig.has('/199'), 'written');
  rig.thread.hear({ type: 'close' });
  await rig.heard('closed');
  const opened = OpenFolder.open(folder, 40 * MB, () => {});
  opened?.close();
  // the header stays as it is, the rest is noise
  const path = join(folder, INDEX_FILE);
  const index = readFileSync(path);
  index.fill(0x5a, 4096 * 2);
  writeFileSync(path, index);
  const next = new Rig(t, folder);
  await next.begin();
  await next.heard('state', ({ state }) => state === 'ready');
  next.put('/new', 1000);
  await until(() => next.has('/new'), 'written');
});

test('a page of the index is damaged, whichever: the disk begins empty at the start', async (t) => {
  const folder = temporaryFolder(t);
  const first = new Rig(t, folder);
  await first.begin();
  await first.heard('state', ({ state }) => state === 'ready');
  for (let i = 0; i < 200; i++) first.put(`/${i}`, 1000);
  await until(() => first.has('/199'), 'written');
  first.thread.hear({ type: 'close' });
  await first.heard('closed');
  const path = join(folder, INDEX_FILE);
  const whole = readFileSync(path);
  for (let page = 0; page < whole.length / 4096; page++) {
    const index = Buffer.from(whole);
    index.fill(0xa5, page === 0 ? 1024 : page * 4096, (page + 1) * 4096);
    writeFileSync(path, index);
    const rig = new Rig(t, folder);
    await rig.begin();
    await until(() => rig.slots.state === READY, `ready with page ${page} damaged`);
    rig.put('/new', 1000);
    await until(() => rig.slots.state === READY && rig.has('/new'), `written with page ${page} damaged`);
    const again = OpenFolder.open(folder, 40 * MB, () => {});
    assert.equal(again, undefined, 'it has its lock');
    rig.thread.hear({ type: 'close' });
    await rig.heard('closed');
    OpenFolder.open(folder, 40 * MB, () => {})?.close();
  }
});

/** Runs a command of the system; whether it could. */
const run = (command: string, ...values: string[]): boolean => spawnSync(command, values).status === 0;

/** A file system of its own; undefined, and the test is left out, where that cannot be. */
function mounted(t: TestContext, size: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'lb-full-'));
  t.after(() => {
    run('umount', '-l', folder);
    rmdirSync(folder);
  });
  if (run('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'lb-test', folder)) return folder;
  t.skip('file systems cannot be mounted here');
  return undefined;
}

/** Takes all room that a file system has left. */
function fill(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'ENOSPC');
  } finally {
    closeSync(file);
  }
}

/** Writes more than a file system has, in two offers, so that all of it is admitted. */
async function overfill(rig: Rig, objects: number): Promise<void> {
  for (let i = 0; i < objects; i++) {
    rig.put(`/${i}`, 60_000);
    rig.put(`/${i}`, 60_000);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

test('a file system that is smaller than the limit: what it has is the limit, and the oldest makes room', async (t) => {
  const folder = mounted(t, '15m');
  if (folder === undefined) return;
  const rig = new Rig(t, join(folder, 'disk'), 40 * MB);
  await rig.begin();
  await rig.heard('state', ({ state }) => state === 'ready');
  await overfill(rig, 400);
  await until(() => rig.told.some((message) => message.type === 'figures' && message.figures.evicted > 0), 'reused');
  assert.doesNotMatch(rig.lines(), /cannot be written|failed/);
  rig.thread.abort();
});

test('a file system that others have filled: purges are kept, and what is left is served after a restart', async (t) => {
  const folder = mounted(t, '28m');
  if (folder === undefined) return;
  const disk = join(folder, 'disk');
  let rig = new Rig(t, disk, 40 * MB);
  await rig.begin();
  await rig.heard('state', ({ state }) => state === 'ready');
  await overfill(rig, 300);
  rig.put('/last', 1000);
  await until(() => rig.has('/last'), 'written');
  for (const name of ['filler', 'more']) {
    fill(join(folder, name));
    const purge = rig.purge(`/1${name}*`);
    rig.thread.hear({ type: 'purge', purges: [purge] });
    const { error } = await rig.heard('kept', ({ sequence }) => sequence === purge.sequence);
    assert.equal(error, undefined);
    rig.thread.abort();
    fill(join(folder, name));
    const next = new Rig(t, disk, 40 * MB);
    assert.equal((await next.begin()).sequence, purge.sequence);
    await next.heard('state', ({ state }) => state === 'ready');
    assert.ok(next.has('/last'));
    rig = next;
  }
  rig.thread.abort();
});

test('a file system that is read-only', async (t) => {
  const folder = mounted(t, '30m');
  if (folder === undefined) return;
  const rig = new Rig(t, join(folder, 'disk'), 20 * MB);
  await rig.begin();
  await rig.heard('state', ({ state }) => state === 'ready');
  rig.put('/first', 5000);
  await until(() => rig.has('/first'), 'written');
  rig.thread.hear({ type: 'close' });
  await rig.heard('closed');
  assert.ok(run('mount', '-o', 'remount,ro', folder));
  const next = new Rig(t, join(folder, 'disk'), 20 * MB);
  assert.match(String((await next.heard('opened')).error), /read-only file system/);
  assert.match(next.lines(), /cannot be opened/);
  assert.ok(run('mount', '-o', 'remount,rw', folder));
  await next.begin();
  await next.heard('state', ({ state }) => state === 'ready');
  assert.ok(next.has('/first'));
  assert.ok(folderBytes(join(folder, 'disk')).length <= 21 * MB);
  next.thread.abort();
});
