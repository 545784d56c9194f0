import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loadMemoryAddon } from './index.ts';

const addon = await loadMemoryAddon();
const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
const skip = addon === undefined || header.glibcVersionRuntime === undefined;

/** What the process itself has touched, in MB. */
function resident(): number {
  return Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]) / 1024;
}

test('what the C library holds free between what is in use goes back to the system', { skip }, async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const before = resident();
  let buffers = Array.from({ length: 4000 }, () => Buffer.allocUnsafeSlow(48 * 1024).fill(1));
  const most = resident();
  assert.ok(most - before > 150, `${before} to ${most} MB`);
  buffers = buffers.filter((_, i) => i % 100 === 99);
  const deadline = performance.now() + 5000;
  // buffers are freed by a thread of V8's, some time after their collection
  while (most - resident() < 100) {
    assert.ok(performance.now() < deadline, `still ${resident()} of ${most} MB`);
    collect();
    await sleep(20);
    addon?.trim();
  }
  assert.equal(buffers.length, 40);
});
