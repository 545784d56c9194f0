// A file much larger than the cache, through one lb: every byte checked, and memory flat. LB_TEST_LARGE=10GB for a longer one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSize } from '../../src/config/units.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { openClient, requestText } from '../support/client.ts';
import { type LbProcess, serveLb } from '../support/process.ts';
import { GeneratedFile, type GeneratedOrigin, serveGenerated } from './generated.ts';

const MB = 1024 * 1024;
const LENGTH = sizeOf(process.env.LB_TEST_LARGE ?? '200MB');
const SLICE = 8 * MB;
/** More than the cache has room for. */
const WARM = 96 * MB;
/**
 * What the process may take above what it has once its cache is full, in bytes: V8 keeps some dead buffers until they
 * are worth a large collection.
 */
const ROOM = 80 * MB;

function sizeOf(text: string): number {
  const size = parseSize(text);
  if (typeof size !== 'number') throw new Error(`LB_TEST_LARGE: ${text} is no size`);
  return size;
}

interface Passage {
  /** Highest resident memory seen, in bytes. */
  peak: number;
  seconds: number;
}

/** Downloads a range, byte by byte compared. */
async function download(
  t: Cleanup,
  lb: LbProcess,
  file: GeneratedFile,
  start: number,
  end: number,
  isSlow = false,
): Promise<Passage> {
  const begun = performance.now();
  const client = await openClient(t, lb.port);
  client.send(requestText('GET', '/file', [['Range', `bytes=${start}-${end}`]]));
  const response = await client.head();
  assert.equal(response?.status, 206);
  let at = start;
  let peak = 0;
  let looked = start;
  await client.body(response, 'GET', async (chunk) => {
    file.check(at, chunk);
    at += chunk.length;
    if (at - looked > 4 * MB) {
      looked = at;
      peak = Math.max(peak, lb.child.rss());
      if (isSlow) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  assert.equal(at, end + 1);
  client.close();
  return { peak, seconds: (performance.now() - begun) / 1000 };
}

async function start(t: Cleanup, args: readonly string[]): Promise<[GeneratedFile, GeneratedOrigin, LbProcess]> {
  const file = new GeneratedFile(LENGTH);
  const origin = await serveGenerated(t, file);
  return [file, origin, await serveLb(t, origin.address, ['--workers', '1', '--cache-memory', '64MB', ...args])];
}

for (const [what, args] of [
  ['in slices', ['--cache-slice', '8MB']],
  ['as it is, too large for the cache', []],
] as const) {
  test(`a file of ${LENGTH} bytes, ${what}, in flat memory`, async (t) => {
    const [file, origin, lb] = await start(t, args);
    // the cache is full, and all code is warm
    await download(t, lb, file, 0, Math.min(LENGTH, WARM) - 1);
    const before = lb.child.rss();
    const { peak, seconds } = await download(t, lb, file, 0, LENGTH - 1);
    const figures = `${(LENGTH / MB / seconds).toFixed(0)} MB/s, ${(before / MB).toFixed(0)} MB before, ${(peak / MB).toFixed(0)} MB at most`;
    t.diagnostic(figures);
    assert.ok(peak < before + ROOM, figures);
    await lb.admin.idle();
    if (args.length > 0) assert.ok(origin.sent <= LENGTH + WARM + 2 * SLICE, `${origin.sent} bytes were sent`);
  });
}

test('one byte of it costs the origin one slice; slow clients of it cost no more memory', async (t) => {
  const [file, origin, lb] = await start(t, ['--cache-slice', '8MB']);
  await download(t, lb, file, LENGTH - 1, LENGTH - 1);
  assert.equal(origin.requests, 1);
  assert.ok(origin.sent <= SLICE);
  await download(t, lb, file, 0, WARM - 1);
  const before = lb.child.rss();
  // together they pin more than the cache has
  const starts = Array.from({ length: 12 }, (_, i) => i * 12 * MB);
  const all = await Promise.all(starts.map((from) => download(t, lb, file, from, from + 20 * MB - 1, true)));
  const peak = Math.max(...all.map((passage) => passage.peak));
  t.diagnostic(`${(before / MB).toFixed(0)} MB before, ${(peak / MB).toFixed(0)} MB at most`);
  assert.ok(peak < before + ROOM, `${before} bytes before, ${peak} at most`);
  await lb.admin.idle();
});
