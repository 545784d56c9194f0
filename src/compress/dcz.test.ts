import assert from 'node:assert/strict';
import test from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { createDczStream, dczHeader, isRawDictionary } from './dcz.ts';

/** What comes out of the stream for a content. */
async function coded(dictionary: Buffer, content: Buffer, length: number | undefined, level: number): Promise<Buffer> {
  const stream = createDczStream(dictionary, length, level);
  stream.end(content);
  return Buffer.concat(await stream.toArray());
}

function noise(bytes: number): Buffer {
  const all = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(all.subarray(at, Math.min(bytes, at + 65_536)));
  return all;
}

/** The window that a frame asks for, as its header has it (RFC 8878 section 3.1.1.1), in bytes. */
function windowOf(frame: Buffer): number {
  const descriptor = frame[4];
  if ((descriptor & 0x20) !== 0) {
    const bytes = [1, 2, 4, 8][descriptor >> 6];
    return bytes === 2 ? frame.readUInt16LE(5) + 256 : bytes === 4 ? frame.readUInt32LE(5) : frame[5];
  }
  const base = 2 ** (10 + (frame[5] >> 3));
  return base + (base / 8) * (frame[5] & 7);
}

test('the header is that of a frame to be skipped, and the hash', () => {
  const hash = noise(32);
  assert.equal(dczHeader(hash).toString('hex'), `5e2a4d1820000000${hash.toString('hex')}`);
});

test('all of a dictionary is within reach, and the window within what every client has room for', async () => {
  for (const size of [100, 5000, 300_000, 3_000_000]) {
    const dictionary = noise(size);
    for (const length of [size, undefined]) {
      const frame = await coded(dictionary, dictionary, length, 3);
      assert.ok(zstdDecompressSync(frame, { dictionary }).equals(dictionary));
      assert.ok(frame.length < 100 + size / 500, `${size}: ${frame.length}`);
      assert.ok(windowOf(frame) <= Math.max(8 << 20, size * 1.25));
    }
  }
});

test('a dictionary of a format of its own, and a tiny one, is none', () => {
  assert.ok(isRawDictionary(noise(64).fill(1, 0, 4)));
  assert.ok(!isRawDictionary(Buffer.concat([Buffer.of(0x37, 0xa4, 0x30, 0xec), noise(100)])));
  assert.ok(!isRawDictionary(noise(63)));
});
