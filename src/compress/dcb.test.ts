import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import zlib, { type BrotliOptions } from 'node:zlib';
import { createDcbStream, DCB_QUALITY, dcbHeader, hasDcb } from './dcb.ts';

test('the header is the magic number, and the hash', () => {
  const hash = randomBytes(32);
  assert.equal(dcbHeader(hash).toString('hex'), `ff444342${hash.toString('hex')}`);
});

test('a dictionary larger than the window is within reach as a whole', async () => {
  assert.ok(hasDcb());
  for (const size of [100, 5000, 1_500_000]) {
    const dictionary = randomBytes(size);
    for (const [length, quality] of [
      [size, 11],
      [undefined, DCB_QUALITY],
    ] as const) {
      const stream = createDcbStream(dictionary, length, quality);
      stream.end(dictionary);
      const coded = Buffer.concat(await stream.toArray());
      const options: BrotliOptions & { dictionary: Buffer } = { dictionary };
      assert.ok(zlib.brotliDecompressSync(coded, options).equals(dictionary));
      assert.ok(coded.length < 100 + size / 500, `${size}: ${coded.length}`);
      assert.throws(() => zlib.brotliDecompressSync(coded));
    }
  }
});
