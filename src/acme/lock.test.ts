import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { withLock } from './lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'lb-lock-'));
after(() => rmSync(folder, { recursive: true }));
const nothing = () => Promise.resolve();

test('one at a time; it is free again afterwards, after an error too', async () => {
  const path = join(folder, 'deep', 'one');
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = withLock(path, () => promise);
  while (!existsSync(path)) await setTimeout(1);
  assert.equal(await withLock(path, nothing), false);
  resolve();
  assert.equal(await first, true);
  await assert.rejects(
    withLock(path, () => Promise.reject(new Error('as the work says'))),
    /as the work says/,
  );
  assert.equal(await withLock(path, nothing), true);
  assert.equal(existsSync(path), false);
});

test('one that has died is passed over, by one of those who notice', async () => {
  const path = join(folder, 'stale');
  writeFileSync(path, 'host 1\n');
  assert.equal(await withLock(path, nothing), false);
  const past = new Date(Date.now() - 121_000);
  utimesSync(path, past, past);
  let running = 0;
  const work = async () => {
    assert.equal(++running, 1);
    await setTimeout(30);
    running--;
  };
  const results = await Promise.all(Array.from({ length: 6 }, () => withLock(path, work)));
  assert.ok(results.includes(true));
  assert.deepEqual(readdirSync(folder), ['deep']);
});

test('whoever works says so', async () => {
  const path = join(folder, 'beat');
  await withLock(
    path,
    async () => {
      const past = new Date(Date.now() - 100_000);
      utimesSync(path, past, past);
      while (Date.now() - statSync(path).mtimeMs > 50_000) await setTimeout(5);
      assert.equal(await withLock(path, nothing), false);
    },
    { beat: 10, stale: 120_000 },
  );
});
