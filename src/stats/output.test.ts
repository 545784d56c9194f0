// The process's own stdout, in a process of its own.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const SCRIPT = `
  import { LineOutput, stdoutStream } from ${JSON.stringify(new URL('./output.ts', import.meta.url).href)};
  const output = new LineOutput(stdoutStream(), 1_000_000);
  const line = 'x'.repeat(199) + '\\n';
  for (let index = 0; index < 10_000; index++) {
    output.write(line);
    if (index % 1_000 === 999) await new Promise(setImmediate);
  }
  const flushed = await output.flush(Number(process.argv[1]));
  process.stderr.write(JSON.stringify({ flushed, dropped: output.dropped, small: output.waiting <= 1_000_000 }));
  process.exit(0);
`;

function start(stdout: 'pipe' | number, flushMs: number): ChildProcess {
  const args = ['--input-type=module', '-e', SCRIPT, String(flushMs)];
  return spawn(process.execPath, args, { stdio: ['ignore', stdout, 'pipe'], timeout: 20_000 });
}

async function resultOf(child: ChildProcess) {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const exited = once(child, 'exit');
  const stderrEnded = once(child.stderr!, 'end');
  const [code] = await exited;
  await stderrEnded;
  assert.equal(code, 0, text);
  return JSON.parse(text) as { flushed: boolean; dropped: number; small: boolean };
}

test('a pipe that nobody reads costs lines, and does not keep the process from ending', async () => {
  const child = start('pipe', 50);
  const { flushed, dropped, small } = await resultOf(child);
  child.stdout?.destroy();
  assert.deepEqual([flushed, small], [false, true]);
  assert.ok(dropped > 1_000, `${dropped}`);
});

test('a pipe whose reader went away does not end the process', async () => {
  const child = start('pipe', 50);
  child.stdout?.destroy();
  const { flushed, dropped } = await resultOf(child);
  assert.equal(flushed, false);
  assert.ok(dropped > 0);
});

test('a pipe that is read gets every line', async () => {
  const child = start('pipe', 10_000);
  let bytes = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  const closed = once(child, 'close');
  const { flushed, dropped } = await resultOf(child);
  await closed;
  assert.equal(flushed, true);
  assert.equal(bytes, (10_000 - dropped) * 200);
});

test('a file gets every line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lb-output-'));
  const file = openSync(join(folder, 'log'), 'w');
  try {
    const { flushed, dropped } = await resultOf(start(file, 10_000));
    assert.equal(flushed, true);
    assert.equal(readFileSync(join(folder, 'log')).length, (10_000 - dropped) * 200);
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
});
