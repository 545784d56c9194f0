import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import zlib from 'node:zlib';
import { workerFile } from '../threads/spawn.ts';
import type { JobResult } from './jobs.ts';
import { type PoolOptions, WorkPool } from './pool.ts';

const MB = 1024 * 1024;

function open(t: TestContext, options: Partial<PoolOptions> = {}): WorkPool {
  const pool = new WorkPool({
    file: workerFile('pool'),
    share: 1,
    idleTimeout: 50,
    onError: (error) => assert.fail(error),
    ...options,
  });
  t.after(() => pool.close());
  return pool;
}

/** Text in shared memory that takes brotli about a second for each megabyte. */
function text(bytes: number): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes));
  let seed = 7;
  for (let i = 0; i < bytes; i++) {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fff_ffff;
    shared[i] = 97 + ((seed >> 16) % 13);
  }
  return shared;
}

const LIMITS = { maxInput: 8 * MB, minSaving: 0.05 };

function bytesOf(result: JobResult): Buffer {
  assert.equal(result.outcome, 'made');
  return Buffer.from((result as { bytes: ArrayBuffer }).bytes);
}

test('each coding comes back as what went in, from shared memory and from another coding', async (t) => {
  const pool = open(t);
  const input = text(200_000);
  const pieces = [input.subarray(0, 70_000), input.subarray(70_000, 70_001), input.subarray(70_001)];
  const plain = Buffer.from(input);
  const undo = { br: zlib.brotliDecompressSync, zstd: zlib.zstdDecompressSync, gzip: zlib.gunzipSync };
  let cpuSeconds = 0;
  for (const to of ['br', 'zstd', 'gzip'] as const) {
    const made = await pool.run({ type: 'compress', input: pieces, from: 'identity', to, ...LIMITS });
    assert.ok(undo[to](bytesOf(made)).equals(plain), to);
    cpuSeconds += made.cpuSeconds;
    const coded = zlib.gzipSync(plain);
    const again = await pool.run({ type: 'compress', input: [coded], from: 'gzip', to, ...LIMITS });
    cpuSeconds += again.cpuSeconds;
    assert.ok(undo[to](bytesOf(again)).equals(plain), `gzip to ${to}`);
  }
  // some systems count a thread's time by clock ticks only, and a short job may see none
  assert.ok(cpuSeconds > 0);
});

test('what saves too little, is too long or is not what its coding says is useless', async (t) => {
  const pool = open(t);
  const noise = new Uint8Array(100_000);
  for (let at = 0; at < noise.length; at += 50_000) crypto.getRandomValues(noise.subarray(at, at + 50_000));
  const base = { type: 'compress', to: 'br', from: 'identity', ...LIMITS } as const;
  const cases = [
    { ...base, input: [noise] },
    { ...base, input: [text(2000)], maxInput: 1999 },
    { ...base, input: [zlib.gzipSync(text(2000))], from: 'gzip' as const, maxInput: 1999 },
    { ...base, input: [text(2000)], from: 'zstd' as const },
    { ...base, input: [] },
  ];
  for (const work of cases) assert.equal((await pool.run(work)).outcome, 'useless');
});

test('a digest is of the content without its coding', async (t) => {
  const pool = open(t);
  const plain = text(5000);
  const hash = createHash('sha256').update(plain).digest();
  const direct = await pool.run({ type: 'digest', input: [plain], from: 'identity', maxInput: MB });
  assert.ok(direct.outcome === 'digest' && hash.equals(direct.hash) && direct.bytes === undefined);
  const coded = await pool.run({
    type: 'digest',
    input: [zlib.brotliCompressSync(plain)],
    from: 'br',
    maxInput: MB,
  });
  assert.ok(coded.outcome === 'digest' && hash.equals(coded.hash) && coded.bytes !== undefined);
  assert.ok(Buffer.from(plain).equals(Buffer.from(coded.bytes)));
});

test('a thread that dies fails its job only; the next has a thread again', async (t) => {
  const errors: Error[] = [];
  const file = new URL('./dying.fixture.ts', import.meta.url);
  const pool = open(t, { file, onError: (error) => errors.push(error) });
  const base = { type: 'compress', from: 'identity', to: 'gzip', ...LIMITS } as const;
  for (let round = 0; round < 3; round++) {
    await assert.rejects(pool.run({ ...base, input: [Uint8Array.of(0xff)] }), /exited/);
    bytesOf(await pool.run({ ...base, input: [text(5000)] }));
  }
  assert.deepEqual(errors, []);
});

test('closing ends a job of many seconds within one of its steps, also while it sleeps', async (t) => {
  for (const share of [1, 0.01]) {
    const pool = open(t, { share });
    // now there is a thread
    await pool.run({ type: 'digest', input: [text(10)], from: 'identity', maxInput: 10 });
    const work = { type: 'compress', input: [text(6 * MB)], from: 'identity', to: 'zstd', ...LIMITS } as const;
    const jobs = [pool.run(work), pool.run(work)];
    await new Promise(setImmediate);
    const begun = performance.now();
    await pool.close();
    assert.ok(performance.now() - begun < 2000);
    assert.deepEqual(
      (await Promise.all(jobs)).map(({ outcome }) => outcome),
      ['stopped', 'stopped'],
    );
  }
});

test('a job takes no more than its share', async (t) => {
  const pool = open(t, { share: 0.25 });
  const begun = performance.now();
  const { cpuSeconds } = await pool.run({
    type: 'compress',
    input: [text(300_000)],
    from: 'identity',
    to: 'zstd',
    ...LIMITS,
  });
  const seconds = (performance.now() - begun) / 1000;
  assert.ok(cpuSeconds / seconds < 0.3, `${cpuSeconds} of ${seconds} s`);
});

test('a pool that was never used, and one that is closed, have nothing to end', async (t) => {
  const pool = open(t);
  await pool.close();
  assert.equal((await pool.run({ type: 'digest', input: [], from: 'identity', maxInput: 1 })).outcome, 'stopped');
});
