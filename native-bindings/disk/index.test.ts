import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { compiledAddon } from '../compile.ts';
import { type DiskAddon, loadDiskAddon } from './index.ts';

const scratch = mkdtempSync(join(tmpdir(), 'lb-disk-addon-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const loaded = await loadDiskAddon();
const skip = 'unavailable' in loaded ? loaded.unavailable : false;
const addon = 'addon' in loaded ? loaded.addon : (undefined as unknown as DiskAddon);

/** Bit by bit, as the definition says. */
function slowly(bytes: Uint8Array, seed: number): number {
  let crc = ~seed;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f6_3b78;
  }
  return ~crc;
}

/** As on processors that cannot multiply polynomials. */
async function checksumBySteps(): Promise<DiskAddon['crc32c']> {
  const binary = createRequire(import.meta.url)(await compiledAddon('disk')) as { crc32cBySteps: DiskAddon['crc32c'] };
  return addon.crc32c && binary.crc32cBySteps;
}

for (const [how, checksum] of [
  ['by the best instructions', async () => addon.crc32c],
  ['step by step', checksumBySteps],
] as const) {
  test(`checksums are right at every length and alignment, ${how}`, { skip }, async (t) => {
    const crc32c = await checksum();
    if (crc32c === undefined) return t.skip('no instructions for it');
    const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => Math.imul(i, 2_654_435_761) >>> 13);
    assert.equal(crc32c(Buffer.from('123456789'), 0, 9, 0) >>> 0, 0xe306_9283);
    const spans = [0, 1, 7, 8, 255, 511, 512, 513, 767, 768, 769, 1023, 1024, 6143, 6144, 6145, 65_536, 69_000].map(
      (length, i) => [i % 11, length],
    );
    for (const [from, length] of spans) {
      for (const seed of [0, 1, -1, 0x1234_5678]) {
        assert.equal(
          crc32c(bytes, from, length, seed),
          slowly(bytes.subarray(from, from + length), seed),
          `${from} ${length}`,
        );
      }
    }
    const shared = new Uint8Array(new SharedArrayBuffer(8000), 16, 7000);
    shared.set(bytes.subarray(0, 7000));
    assert.equal(crc32c(shared, 0, 7000, 0), slowly(shared, 0), 'of shared memory');
  });
}

test('what is in memory is read at once, what is not there is told', { skip }, (t) => {
  const path = join(scratch, 'file');
  const content = Uint8Array.from({ length: 100_000 }, (_, i) => i);
  writeFileSync(path, content);
  const fd = openSync(path, 'r');
  t.after(() => closeSync(fd));
  const view = new Uint8Array(2000);
  const count = addon.readNow(fd, view, 100, 1500, 70_001);
  if (count < 0) return t.skip('the file system of the temporary folder cannot do it');
  assert.equal(count, 1500);
  assert.deepEqual(view.subarray(100, 1600), content.subarray(70_001, 71_501));
  assert.deepEqual([...view.subarray(0, 100), ...view.subarray(1600)], new Array(500).fill(0), 'and nothing else');
  assert.equal(addon.readNow(fd, view, 0, 2000, 99_000), 1000, 'up to the end');
  assert.equal(addon.readNow(fd, view, 0, 2000, 200_000), 0);
  assert.equal(addon.readNow(fd, view, 2000, 0, 0), 0);
  assert.equal(addon.readNow(9999, view, 0, 10, 0), -1);
});

test('bytes outside of the view are refused', { skip }, () => {
  const view = new Uint8Array(10);
  assert.throws(() => addon.readNow(0, view, 5, 6, 0), RangeError);
  assert.throws(() => addon.readNow(0, view, -1, 2, 0), RangeError);
  assert.throws(() => addon.readNow(0, view, 0, Number.NaN, 0), RangeError);
  assert.throws(() => addon.readNow(0, 'view' as unknown as Uint8Array, 0, 1, 0), TypeError);
  assert.throws(() => addon.crc32c?.(view, 0, 11, 0), RangeError);
});
