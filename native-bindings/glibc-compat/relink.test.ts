import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { readDynamicLinks } from './elf.ts';
import { relinkToOlderGlibc } from './relink.ts';

test('what is no ELF shared object is refused', () => {
  assert.throws(() => relinkToOlderGlibc(Buffer.alloc(0)), /not a 64-bit little-endian ELF file/);
  assert.throws(() => relinkToOlderGlibc(Buffer.alloc(4096, 0x7f)), /not a 64-bit little-endian ELF file/);
  const header = Buffer.alloc(64);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(header);
  assert.throws(() => relinkToOlderGlibc(header), /no dynamic symbol table/);
});

test('a truncated file is refused', { skip: process.platform !== 'linux' }, () => {
  const whole = publishedBinary();
  for (const length of [100, 10_000, 500_000, whole.length - 1000]) {
    assert.throws(() => relinkToOlderGlibc(whole.subarray(0, length)), RangeError);
  }
});

test('a symbol that no older name stands for is refused', { skip: process.platform !== 'linux' }, () => {
  const image = publishedBinary();
  const links = readDynamicLinks(image);
  const tooNew = links.needs.find((need) => need.version === 'GLIBC_2.38');
  const malloc = links.symbols.find((symbol) => symbol.name === 'malloc');
  assert.ok(tooNew && malloc);
  image.writeUInt16LE(tooNew.index, malloc.versionOffset);
  assert.throws(() => relinkToOlderGlibc(image), /no older name is known for malloc/);
});

function publishedBinary(): Buffer {
  const folder = dirname(createRequire(import.meta.url).resolve('uWebSockets.js'));
  return readFileSync(join(folder, 'uws_linux_x64_137.node'));
}
