import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { decode } from './codings.ts';

test('Zstandard content in several frames is whole, and no longer than it may be', () => {
  const skipped = Buffer.of(0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2);
  const texts = ['one '.repeat(5000), '', 'two '.repeat(5000)];
  const content = Buffer.concat([skipped, ...texts.map((text) => zstdCompressSync(text)), skipped]);
  const whole = texts.join('');
  assert.equal(Buffer.concat(decode('zstd', [content], whole.length)).toString(), whole);
  assert.throws(() => decode('zstd', [content], whole.length - 1));
  assert.throws(() => decode('zstd', [content.subarray(0, -15)], whole.length));
  assert.throws(() => decode('zstd', [content, Buffer.from('no frame')], whole.length));
});
