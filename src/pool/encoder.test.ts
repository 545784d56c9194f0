// What `encode` uses of Node's streams is not documented: here a new version of Node shows whether it still has it.
import assert from 'node:assert/strict';
import { Transform } from 'node:stream';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { compress } from './codings.ts';
import { encode } from './encoder.ts';

const TEXT = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `line ${(i * 7919) % 1009}\n`).join(''));
const DICTIONARY = Buffer.from('a dictionary of words that are in no text '.repeat(4));
const HASH = new Uint8Array(32);
const HEADERS = { dcz: 40, dcb: 36 } as const;
const options: zlib.BrotliOptions & { dictionary: Buffer } = { dictionary: DICTIONARY };

const UNDO = {
  br: zlib.brotliDecompressSync,
  zstd: zlib.zstdDecompressSync,
  gzip: zlib.gunzipSync,
  dcz: (bytes: Uint8Array) => zlib.zstdDecompressSync(bytes.subarray(HEADERS.dcz), options),
  dcb: (bytes: Uint8Array) => zlib.brotliDecompressSync(bytes.subarray(HEADERS.dcb), options),
} as const;

/** A step is counted after each part of the input. */
function paceOf(mayGoOn: (steps: number) => boolean) {
  const pace = { steps: 0, step: () => mayGoOn(++pace.steps) };
  return pace;
}

for (const to of ['br', 'zstd', 'gzip', 'dcz', 'dcb'] as const) {
  const job = { to, minSaving: 0.05, ...(to in HEADERS ? { dictionary: { bytes: [DICTIONARY], hash: HASH } } : {}) };
  const input = [TEXT.subarray(0, 70_000), new Uint8Array(0), TEXT.subarray(70_000)];

  test(`${to}: in steps, and what comes is all of the input`, () => {
    const pace = paceOf(() => true);
    const bytes = compress(job, input, pace);
    assert.ok(bytes !== undefined && bytes.length < TEXT.length / 4);
    assert.ok(UNDO[to](bytes).equals(TEXT));
    assert.ok(pace.steps >= 4, `${pace.steps} steps`);
  });

  test(`${to}: it ends when it is told to, and where it saves nothing`, () => {
    const pace = paceOf((steps) => steps < 2);
    assert.equal(compress(job, input, pace), undefined);
    assert.equal(pace.steps, 2);
    const noise = [crypto.getRandomValues(new Uint8Array(60_000)), crypto.getRandomValues(new Uint8Array(60_000))];
    assert.equal(
      compress(
        job,
        noise,
        paceOf(() => true),
      ),
      undefined,
    );
  });
}

test('a stream of another make is refused', () => {
  const stream = new Transform();
  assert.throws(() => encode(stream, { proceed: 0, finish: 2 }, [TEXT], TEXT.length, () => true), /version of Node/);
  assert.ok(stream.destroyed);
});
