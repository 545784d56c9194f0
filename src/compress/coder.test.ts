import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import fc from 'fast-check';
import { CODINGS, type Coding } from '../http/content-coding.ts';
import { activeCoders, Coder, type Recoding } from './coder.ts';

const ENCODE = { gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync };
const DECODE = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync };

/** Gives the chunks as the coder wants them. @param flushes whether to flush behind a chunk, by its place */
async function run(
  recoding: Recoding,
  chunks: readonly Uint8Array[],
  flushes: (i: number) => boolean,
): Promise<Buffer> {
  let wake = () => {};
  const coder = new Coder(recoding, () => wake());
  const out: Buffer[] = [];
  try {
    for (let i = 0; !coder.over; ) {
      const moved = new Promise<void>((resolve) => {
        wake = resolve;
      });
      while (coder.wants && i < chunks.length) {
        coder.write(chunks[i]);
        if (flushes(i)) coder.flush();
        i++;
      }
      if (coder.wants && i === chunks.length) coder.end();
      for (let chunk = coder.read(); chunk !== undefined; chunk = coder.read()) out.push(chunk);
      if (coder.failed !== undefined) throw coder.failed;
      if (!coder.over) await moved;
    }
    return Buffer.concat(out);
  } finally {
    coder.destroy();
  }
}

const coding = fc.constantFrom<Coding | undefined>(undefined, ...CODINGS);
const pieces = fc.array(
  fc.tuple(fc.string({ maxLength: 40 }), fc.integer({ min: 1, max: 6000 })).map(([text, times]) => text.repeat(times)),
  { maxLength: 8 },
);

test('what comes out is what went in, however it is cut and flushed', async () => {
  const property = fc.asyncProperty(
    pieces,
    coding,
    coding,
    fc.array(fc.boolean(), { maxLength: 8 }),
    async (texts, decode, encode, flushes) => {
      if (decode === undefined && encode === undefined) return;
      const content = Buffer.from(texts.join(''));
      const input = decode === undefined ? content : Buffer.from(ENCODE[decode](content));
      const chunks: Buffer[] = [];
      const size = Math.max(1, Math.ceil(input.length / 5));
      for (let at = 0; at < input.length; at += size) chunks.push(input.subarray(at, at + size));
      const coded = await run({ decode, encode }, chunks, (i) => flushes[i] === true);
      const got = encode === undefined ? coded : coded.length === 0 ? Buffer.alloc(0) : DECODE[encode](coded);
      equal(Buffer.compare(got, content), 0);
    },
  );
  await fc.assert(property, { numRuns: 60 });
  equal(activeCoders(), 0);
});

test('what was flushed comes out before more goes in', async () => {
  for (const encode of CODINGS) {
    let wake = () => {};
    const coder = new Coder({ decode: undefined, encode }, () => wake());
    for (let i = 0; i < 3; i++) {
      const moved = new Promise<void>((resolve) => {
        wake = resolve;
      });
      coder.write(Buffer.from(`part ${i}`));
      coder.flush();
      await moved;
      ok(coder.read() !== undefined, `${encode} ${i}`);
    }
    coder.destroy();
  }
  equal(activeCoders(), 0);
});

test('content that is not of its coding fails, and a coder that is given up says nothing more', async () => {
  for (const decode of CODINGS) {
    const coded = Buffer.from(ENCODE[decode](Buffer.alloc(100_000, 'ab')));
    const fails = async (input: Buffer) => {
      await run({ decode, encode: undefined }, [input], () => false).then(
        () => ok(false, 'it should fail'),
        (error: unknown) => ok(!(error instanceof TypeError)),
      );
    };
    await fails(Buffer.from('certainly no coded content'));
    await fails(coded.subarray(0, coded.length - 4));
    const coder = new Coder({ decode, encode: 'gzip' }, () => ok(false, 'called after its end'));
    coder.write(coded);
    coder.flush();
    coder.destroy();
    coder.destroy();
    equal(coder.wants, false);
    equal(coder.read(), undefined);
    coder.flush();
    coder.end();
    await new Promise((resolve) => setImmediate(resolve));
  }
  deepEqual(activeCoders(), 0);
});

test('content in several frames is whole, wherever it is cut', async () => {
  const texts = ['one '.repeat(9000), '', 'x', 'y'.repeat(400_000), Array.from({ length: 40_000 }, (_, i) => i).join()];
  const skipped = Buffer.of(0x5a, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4);
  const checked = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
  const frames = texts.flatMap((text, i) => [skipped, zstdCompressSync(text, i % 2 === 0 ? {} : checked)]);
  const content = Buffer.concat([...frames, skipped]);
  const whole = texts.join('');
  for (const size of [1, 7, 1000, content.length]) {
    const chunks = Array.from({ length: Math.ceil(content.length / size) }, (_, i) =>
      content.subarray(i * size, (i + 1) * size),
    );
    equal((await run({ decode: 'zstd', encode: undefined }, chunks, () => false)).toString(), whole, `by ${size}`);
  }
  equal(gunzipSync(await run({ decode: 'zstd', encode: 'gzip' }, [content], () => false)).toString(), whole);
  const cut = run({ decode: 'zstd', encode: undefined }, [content.subarray(0, content.length - 40)], () => false);
  await rejects(cut);
  await rejects(run({ decode: 'zstd', encode: undefined }, [content, Buffer.from('no frame')], () => false));
});
