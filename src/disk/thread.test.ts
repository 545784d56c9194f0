import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Cache, CacheKey, type KeyPrefix, openCache } from '../cache/cache.ts';
import { createCache } from '../cache/layout.ts';
import { bytes } from '../cache/testing.ts';
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
    this.thread.hear({ type: 'begin', cache, worker: 2, slots, rings, secret, sequence, missed: [], empty: false });
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

/** Runs a command of the system; whether it could. */
const run = (command: string, ...values: string[]): boolean => spawnSync(command, values).status === 0;

test('a full file system, and one that is read-only', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lb-full-'));
  t.after(() => {
    run('umount', '-l', folder);
    rmdirSync(folder);
  });
  if (!run('mount', '-t', 'tmpfs', '-o', 'size=14m', 'lb-test', folder)) {
    t.skip('file systems cannot be mounted here');
    return;
  }
  const rig = new Rig(t, join(folder, 'disk'), 40 * MB);
  await rig.begin();
  await rig.heard('state', ({ state }) => state === 'ready');
  rig.put('/first', 5000);
  await until(() => rig.has('/first'), 'written');
  for (let i = 0; i < 400 && !rig.lines().includes('cannot be written'); i++) {
    rig.put(`/${i}`, 60_000);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await rig.heard('log', ({ message }) => message.includes('cannot be written'));
  assert.ok(rig.has('/first'), 'what is there can be read');
  assert.equal(rig.slots.state, READY);
  assert.ok(run('mount', '-o', 'remount,size=60m', folder));
  await rig.heard('log', ({ message }) => message.includes('can be written again'));
  rig.put('/again', 60_000);
  await until(() => rig.has('/again'), 'written again');
  rig.thread.hear({ type: 'close' });
  await rig.heard('closed');
  assert.ok(run('mount', '-o', 'remount,ro', folder));
  const next = new Rig(t, join(folder, 'disk'), 40 * MB);
  assert.ok((await next.heard('opened')).error !== undefined);
  assert.ok(run('mount', '-o', 'remount,rw', folder));
  await next.begin();
  await next.heard('state', ({ state }) => state === 'ready');
  assert.ok(next.has('/again'));
  assert.ok(folderBytes(join(folder, 'disk')).length <= 41 * MB);
  next.thread.abort();
});
