import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Bench, bytes, text } from '../cache/testing.ts';
import { crc32c, crc32cByTables } from './checksum.ts';
import { BLOCK, BlockSums, decodePrelude, encodePrelude, recordBytes } from './format.ts';

const GENERATION = 7;

function stored(
  bench: Bench,
  target: string,
  variant: string,
  head: Uint8Array,
  meta: Uint8Array,
  body: Uint8Array,
  tags: number[],
) {
  const id = bench.main.put(bench.key(target, variant), head, meta, body, [1, -2, 3, 4], 0, tags);
  const handle = bench.main.pinEntry(id, bench.main.generation(id));
  const record = bench.main.record(id);
  assert.ok(handle >= 0 && record !== undefined);
  const sums = new BlockSums(body.length);
  for (let at = 0; at < body.length; ) {
    const run = bench.main.body(id, at);
    sums.add(run);
    at += run.length;
  }
  return { record, sums: sums.sums, handle };
}

test('checksums are those of RFC 3720, in one piece or in several', () => {
  const digits = Buffer.from('123456789');
  assert.equal(crc32c(digits, 0, 9, 0) >>> 0, 0xe306_9283);
  assert.equal(crc32cByTables(new Uint8Array(32), 0, 32, 0) >>> 0, 0x8a91_36aa);
  assert.equal(crc32cByTables(new Uint8Array(32).fill(255), 0, 32, 0) >>> 0, 0x62a8_ab43);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (data, cut) => {
      const at = Math.min(cut, data.length);
      const whole = crc32cByTables(data, 0, data.length, 0);
      assert.equal(crc32cByTables(data, at, data.length - at, crc32cByTables(data, 0, at, 0)), whole);
    }),
  );
});

test('a prelude comes back as it was written', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 80 }),
      fc.string({ maxLength: 20 }),
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 60 }),
      fc.integer({ min: 0, max: 200_000 }),
      fc.array(fc.integer({ min: 1, max: 0xffff_ffff }), { maxLength: 5 }),
      (target, variant, head, meta, length, tags) => {
        const bench = new Bench();
        const { record, sums, handle } = stored(
          bench,
          `/${target}`,
          variant,
          head,
          meta,
          new Uint8Array(length).fill(9),
          tags,
        );
        const prelude = encodePrelude(record, GENERATION, sums);
        assert.equal(recordBytes(record) % 64, 0);
        assert.ok(recordBytes(record) - prelude.length - length < 64);
        const read = decodePrelude(prelude);
        assert.ok(read !== undefined);
        assert.ok(read.hasKey(bench.key(`/${target}`, variant)));
        assert.equal(read.hasKey(bench.key(`/${target}x`, variant)), false);
        assert.equal(read.hasKey(bench.key(`/${target}`, `${variant}x`)), false);
        assert.deepEqual([read.lo, read.hi, read.sequence, read.generation], [record.lo, record.hi, 0, GENERATION]);
        assert.deepEqual([read.site, read.host, read.target], [1, 'a.example', `/${target}`]);
        assert.deepEqual([...read.userWords], [1, -2, 3, 4]);
        assert.deepEqual(
          [...read.tags],
          tags.map((tag) => tag | 0),
        );
        assert.deepEqual([text(read.head), text(read.meta), read.bodyBytes], [text(head), text(meta), length]);
        for (let n = 0; n < sums.length; n++) assert.equal(read.sum(n), sums[n]);
        const last = new Uint8Array(length - Math.max(0, sums.length - 1) * BLOCK).fill(9);
        if (sums.length > 0) assert.equal(read.sum(sums.length - 1), crc32c(last, 0, last.length, 0));
        bench.main.drop(handle);
      },
    ),
    { numRuns: 60 },
  );
});

test('a prelude with any byte changed, or cut short, is none', () => {
  const bench = new Bench();
  const { record, sums } = stored(bench, '/a', 'v', bytes('head'), bytes('meta'), new Uint8Array(100_000), [5, 6]);
  const prelude = encodePrelude(record, GENERATION, sums);
  for (let at = 0; at < prelude.length; at++) {
    for (const flip of [1, 0x80, 0xff]) {
      const changed = prelude.slice();
      changed[at] ^= flip;
      assert.equal(decodePrelude(changed), undefined, `byte ${at}`);
    }
    assert.equal(decodePrelude(prelude.slice(0, at)), undefined, `${at} bytes`);
  }
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 400 }), (junk) => decodePrelude(junk.slice()) === undefined),
  );
});
