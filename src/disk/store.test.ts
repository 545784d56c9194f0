import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { INDEX_FILE } from './open-index.ts';
import { LOADING } from './slots.ts';
import { DiskStore } from './store.ts';
import { bodyOf, folderBytes, StoreBench, temporaryFolder } from './store-testing.ts';

const MB = 1 << 20;

test('what was stored is there after a restart', async (t) => {
  const folder = temporaryFolder(t);
  const sizes = [0, 1, 1000, 70_000, 300_000, 1_500_000];
  let bench = new StoreBench(folder, 64 * MB);
  bench.load();
  for (const size of sizes) bench.put(`/${size}`, bodyOf(`${size}`, size), [7]);
  bench.settle();
  for (const size of sizes) assert.deepEqual(await bench.read(`/${size}`), bodyOf(`${size}`, size));
  bench.close();
  bench = new StoreBench(folder, 64 * MB);
  assert.ok(bench.store.find(bench.key('/1000').lo, bench.key('/1000').hi), 'found while loading');
  assert.deepEqual(await bench.read('/1000'), bodyOf('1000', 1000));
  bench.load();
  for (const size of sizes) assert.deepEqual(await bench.read(`/${size}`), bodyOf(`${size}`, size));
  assert.equal(await bench.read('/none'), undefined);
  assert.deepEqual(bench.faults, []);
  bench.close();
});

test('what is written after a restart leaves the end of what was written last as it is', async (t) => {
  const folder = temporaryFolder(t);
  const names = [300_001, 1_000_000, 299_990].map((size) => ({ name: `/${size}`, body: bodyOf(`${size}`, size) }));
  for (const [at, { name, body }] of names.entries()) {
    const bench = new StoreBench(folder, 64 * MB);
    bench.load();
    bench.write(name, body);
    for (const before of names.slice(0, at + 1)) {
      assert.ok((await bench.read(before.name))?.equals(before.body), `${before.name} after ${at} restarts`);
    }
    assert.deepEqual(bench.faults, []);
    bench.close();
  }
});

test('what is replaced or removed is gone at once, and after a restart', async (t) => {
  const folder = temporaryFolder(t);
  let bench = new StoreBench(folder, 64 * MB);
  bench.load();
  for (const name of ['/a', '/b', '/c']) bench.write(name, bodyOf(`old ${name}`, 5000));
  bench.put('/a', bodyOf('new /a', 6000));
  bench.edge.remove(bench.key('/b'));
  assert.equal(await bench.read('/a'), undefined);
  assert.equal(await bench.read('/b'), undefined);
  bench.settle();
  assert.deepEqual(await bench.read('/a'), bodyOf('new /a', 6000));
  bench.close();
  bench = new StoreBench(folder, 64 * MB);
  bench.load();
  assert.deepEqual(await bench.read('/a'), bodyOf('new /a', 6000));
  assert.equal(await bench.read('/b'), undefined);
  assert.deepEqual(await bench.read('/c'), bodyOf('old /c', 5000));
  bench.close();
});

test('what is replaced while the index loads is gone', async (t) => {
  const folder = temporaryFolder(t);
  let bench = new StoreBench(folder, 64 * MB);
  bench.load();
  bench.write('/a', bodyOf('old', 5000));
  bench.write('/b', bodyOf('old', 5000));
  bench.close();
  bench = new StoreBench(folder, 64 * MB);
  bench.put('/a', bodyOf('new', 100));
  bench.edge.remove(bench.key('/b'));
  assert.equal(bench.store.find(bench.key('/b').lo, bench.key('/b').hi), false);
  bench.load();
  bench.settle();
  assert.deepEqual(await bench.read('/a'), bodyOf('new', 100));
  assert.equal(await bench.read('/b'), undefined);
  bench.close();
});

test('an entry that is replaced while it is written is not on the disk', async (t) => {
  const bench = new StoreBench(temporaryFolder(t), 64 * MB);
  bench.load();
  bench.put('/a', bodyOf('a', 5000));
  bench.store.turn(); // appended, not yet committed
  bench.edge.remove(bench.key('/a'));
  bench.settle();
  assert.equal(await bench.read('/a'), undefined);
  assert.equal(bench.folder.index.count(), 0);
  bench.close();
});

for (const soft of [false, true]) {
  test(`purges reach what is stored, also after a restart: ${soft ? 'soft' : 'hard'}`, async (t) => {
    const folder = temporaryFolder(t);
    const names = ['/x/1.css', '/x/2.js', '/y/1.css', '/tagged', '/kept', '/y/?q=*'];
    for (const [spec, gone, tag] of [
      [{ pattern: '/x/1.css', exact: true }, ['/x/1.css']],
      [{ pattern: '/y/?q=*', exact: true }, ['/y/?q=*']],
      [{ pattern: '/x/*' }, ['/x/1.css', '/x/2.js']],
      [{ pattern: '*.css' }, ['/x/1.css', '/y/1.css']],
      [{ pattern: '*' }, names],
      [{ pattern: '*', site: 1 }, names],
      [{ pattern: '*', site: 2 }, []],
      [{ pattern: '*', host: 'a.example' }, names],
      [{ pattern: '*', host: 'b.example' }, []],
      [{ pattern: '*' }, ['/tagged'], 'blue'],
      [{ pattern: '*' }, [], 'red'],
    ] as [{ pattern: string }, string[], string?][]) {
      if (soft && (tag === 'red' || gone.length > 2)) continue;
      for (const when of ['applied', 'kept and restarted'] as const) {
        rmSync(folder, { recursive: true });
        let bench = new StoreBench(folder, 64 * MB);
        bench.load();
        for (const name of names)
          bench.write(name, bodyOf(name, 100), name === '/tagged' ? [bench.edge.tagHash('blue')] : []);
        bench.purge({ ...spec, soft }, tag);
        if (when === 'applied') bench.settle();
        if (when === 'kept and restarted') {
          bench.forget();
          bench = new StoreBench(folder, 64 * MB);
          bench.load();
        }
        const left: string[] = [];
        for (const name of names) if ((await bench.read(name)) !== undefined) left.push(name);
        assert.deepEqual(
          left,
          names.filter((name) => !gone.includes(name)),
          `${JSON.stringify(spec)} ${tag} ${when}`,
        );
        bench.settle();
        assert.equal(bench.slots.applied, bench.main.purgeSequence());
        assert.equal(bench.folder.index.count(), names.length - gone.length);
        bench.write('/x/1.css', bodyOf('new', 100));
        assert.deepEqual(await bench.read('/x/1.css'), bodyOf('new', 100));
        bench.close();
      }
    }
  });
}

test('what is being written leaves memory room for what comes', (t) => {
  const bench = new StoreBench(temporaryFolder(t), 1024 * MB);
  bench.load();
  for (let i = 0; i < 40; i++) {
    assert.notEqual(bench.put(`/${i}`, bodyOf(`${i}`, 300_000)), 0, `the entry ${i} has no room`);
    // takes what was offered; when it is committed is the store's choice
    bench.store.turn();
  }
  bench.close();
});

test('all files together stay within the limit, and what is used stays', async (t) => {
  const folder = temporaryFolder(t);
  const size = 24 * MB;
  let bench = new StoreBench(folder, size, 2 << 20);
  bench.load();
  const hot = Array.from({ length: 20 }, (_, i) => `/hot/${i}`);
  for (const name of hot) bench.write(name, bodyOf(name, 20_000));
  let most = 0;
  for (let i = 0; i < 3000; i++) {
    bench.put(`/cold/${i}`, bodyOf(`${i}`, 20_000 + (i % 7) * 3000));
    if (i % 2 === 0) bench.put(`/cold/${i}`, bodyOf(`${i}`, 20_000 + (i % 7) * 3000));
    if (i % 20 === 0) {
      bench.settle();
      for (const name of hot) bench.reader.find(bench.key(name), 0)?.close();
      most = Math.max(most, folderBytes(folder).length);
    }
  }
  bench.settle();
  assert.ok(most <= size + 100_000, `${most} bytes`);
  assert.ok(most > size * 0.7, `${most} bytes`);
  const figures = bench.store.figures();
  assert.ok(figures.evicted > 0 && figures.reinserted > 0 && figures.refused > 0, JSON.stringify(figures));
  for (const name of hot) assert.deepEqual(await bench.read(name), bodyOf(name, 20_000), name);
  bench.close();
  bench = new StoreBench(folder, size, 2 << 20);
  bench.load();
  for (const name of hot) assert.deepEqual(await bench.read(name), bodyOf(name, 20_000), name);
  assert.equal(bench.folder.index.count(), bench.slots.live);
  bench.close();
  bench = new StoreBench(folder, size * 0.9, 2 << 20);
  bench.settle();
  assert.ok(folderBytes(folder).length <= size * 0.9, 'a smaller limit is kept at once');
  bench.close();
});

test('a scan does not flush a full disk', async (t) => {
  const bench = new StoreBench(temporaryFolder(t), 20 * MB, 2 << 20);
  bench.load();
  for (let i = 0; i < 2000; i++) {
    bench.put(`/${i}`, bodyOf(`${i}`, 20_000));
    if (i % 10 === 0) bench.settle();
  }
  bench.settle();
  const { written, evicted } = bench.store.figures();
  for (let i = 10_000; i < 11_000; i++) bench.write(`/${i}`, bodyOf(`${i}`, 20_000));
  assert.equal(bench.store.figures().written, written);
  assert.equal(bench.store.figures().evicted, evicted);
  bench.close();
});

test('a purge of everything gives the room back', async (t) => {
  const bench = new StoreBench(temporaryFolder(t), 20 * MB, 2 << 20);
  bench.load();
  for (let i = 0; i < 1000; i++) {
    bench.put(`/${i}`, bodyOf(`${i}`, 20_000));
    if (i % 10 === 0) bench.settle();
  }
  bench.purge({ pattern: '*' });
  bench.settle();
  assert.equal(bench.slots.live, 0);
  const { written } = bench.store.figures();
  for (let i = 0; i < 100; i++) bench.write(`/new/${i}`, bodyOf(`${i}`, 20_000));
  assert.equal(bench.store.figures().written, written + 100);
  bench.close();
});

test('a segment that is read is not written over', async (t) => {
  const bench = new StoreBench(temporaryFolder(t), 20 * MB, 2 << 20);
  bench.load();
  bench.write('/read', bodyOf('/read', 400_000));
  const record = bench.reader.find(bench.key('/read').copy(), 0);
  assert.ok(record !== undefined);
  await record.open();
  for (let i = 0; i < 3000; i++) {
    bench.put(`/${i}`, bodyOf(`${i}`, 20_000));
    bench.put(`/${i}`, bodyOf(`${i}`, 20_000));
    if (i % 10 === 0) bench.settle();
  }
  const parts: Uint8Array[] = [];
  for (let block = 0; block < record.blocks; block++) parts.push((await record.blocksOf(block)).slice());
  assert.deepEqual(Buffer.concat(parts), bodyOf('/read', 400_000));
  record.close();
  bench.close();
});

test('missing and truncated segments', async (t) => {
  const folder = temporaryFolder(t);
  let bench = new StoreBench(folder, 40 * MB);
  bench.load();
  for (let i = 0; i < 200; i++) bench.write(`/${i}`, bodyOf(`${i}`, 50_000));
  bench.close();
  const segments = readdirSync(folder).filter((name) => name.startsWith('seg-'));
  assert.ok(segments.length >= 2);
  rmSync(join(folder, segments[0]));
  const cut = join(folder, segments[1]);
  truncateSync(cut, statSync(cut).size / 2);
  writeFileSync(join(folder, 'seg-00099.lb'), 'stray');
  bench = new StoreBench(folder, 40 * MB);
  bench.load();
  let found = 0;
  for (let i = 0; i < 200; i++) {
    const body = await bench.read(`/${i}`);
    if (body === undefined) continue;
    found++;
    assert.deepEqual(body, bodyOf(`${i}`, 50_000));
  }
  assert.ok(found > 10 && found < 130, `${found}`);
  assert.equal(readdirSync(folder).includes('seg-00099.lb'), false);
  for (let i = 0; i < 200; i++) bench.write(`/again/${i}`, bodyOf(`again ${i}`, 50_000));
  bench.close();
  bench = new StoreBench(folder, 40 * MB);
  bench.load();
  for (let i = 0; i < 200; i++) assert.deepEqual(await bench.read(`/again/${i}`), bodyOf(`again ${i}`, 50_000));
  bench.close();
});

for (const [name, spoil] of [
  ['noise', (path: string) => writeFileSync(path, Buffer.alloc(100_000, 'noise'))],
  ['empty', (path: string) => truncateSync(path, 0)],
  ['short', (path: string) => truncateSync(path, 5000)],
] as const) {
  test(`a damaged index: ${name}`, async (t) => {
    const folder = temporaryFolder(t);
    let bench = new StoreBench(folder, 40 * MB);
    bench.load();
    for (let i = 0; i < 20; i++) bench.write(`/${i}`, bodyOf(`${i}`, 5000));
    bench.close();
    rmSync(join(folder, `${INDEX_FILE}-wal`), { force: true });
    spoil(join(folder, INDEX_FILE));
    bench = new StoreBench(folder, 40 * MB);
    bench.load();
    if (name !== 'empty') assert.match(bench.logged.map(({ message }) => message).join(), /moved aside/);
    assert.equal(await bench.read('/1'), undefined);
    bench.write('/1', bodyOf('new', 5000));
    assert.deepEqual(await bench.read('/1'), bodyOf('new', 5000));
    bench.close();
  });
}

test('what is removed while the index loads is not found for a moment', async (t) => {
  const folder = temporaryFolder(t);
  let bench = new StoreBench(folder, 64 * MB);
  bench.load();
  bench.write('/a', bodyOf('old', 5000));
  bench.close();
  bench = new StoreBench(folder, 64 * MB);
  bench.edge.remove(bench.key('/a'));
  bench.load();
  assert.equal(await bench.read('/a'), undefined);
  bench.close();
});

test('what was removed just before the thread died is not found by the one in its place', async (t) => {
  const bench = new StoreBench(temporaryFolder(t), 64 * MB);
  bench.load();
  bench.write('/a', bodyOf('old', 5000));
  bench.edge.remove(bench.key('/a'));
  bench.store.turn(); // has heard of it, and not written it down
  const { folder, slots, main } = bench;
  const next = new DiskStore({ folder, cache: main, slots, rings: [], forgotten: [] });
  slots.state = LOADING;
  while (!next.isLoaded) next.turn();
  assert.equal(await bench.read('/a'), undefined);
  assert.equal(folder.index.count(), 0);
  next.close();
  bench.close();
});

test('a client that is slow to take a body from the oldest segment does not stop the writing', async (t) => {
  const bench = new StoreBench(temporaryFolder(t), 24 * MB, 4 << 20);
  bench.load();
  const body = bodyOf('first', 300_000);
  bench.write('/first', body);
  const record = bench.reader.find(bench.key('/first').copy(), 0);
  await record?.open();
  let before = 0;
  for (let i = 0; i < 2000; i++) {
    for (let again = 0; again < 2; again++) bench.put(`/${i}`, bodyOf(`${i}`, 40_000));
    if (i % 5 === 0) bench.settle();
    if (i === 1500) before = bench.store.figures().written;
  }
  assert.ok(bench.store.figures().written > before + 100);
  assert.deepEqual(Buffer.from((await record?.blocksOf(4)) ?? []), body.subarray(4 * 65536));
  record?.close();
  bench.close();
});

test('an index that was moved aside counts', (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, INDEX_FILE), 'x'.repeat(100_000));
  const bench = new StoreBench(folder, 24 * MB);
  assert.ok(bench.store.figures().indexBytes > 100_000);
  bench.close();
});
