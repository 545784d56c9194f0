import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createLogger, type LogLevel } from './logger.ts';
import { LineOutput } from './output.ts';

function capture(terminal: boolean, level: LogLevel = 'info') {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const output = new LineOutput(stdout, 1e6);
  const logger = createLogger({ level, output, terminal, stderr: stderr as unknown as NodeJS.WriteStream });
  const text = async () => {
    await output.flush(1_000);
    return { stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
  };
  return { logger, text };
}

test('without a terminal events are JSON Lines on stdout, in UTC', async () => {
  const { logger, text } = capture(false);
  logger.warn({ worker: 1 }, 'edge thread replaced');
  logger.debug('not at this level');
  const { stdout, stderr } = await text();
  const line = JSON.parse(stdout) as Record<string, string>;
  assert.deepEqual(Object.keys(line), ['level', 'time', 'worker', 'message']);
  assert.equal(line.level, 'warn');
  assert.match(line.time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.equal(stderr, '');
});

test('on a terminal events are short readable lines on stderr', async () => {
  const { logger, text } = capture(true);
  logger.info({ address: '0.0.0.0:8080' }, 'listening');
  logger.error(new Error('no such file'));
  const { stdout, stderr } = await text();
  assert.equal(stdout, '');
  const [first, second] = stderr.split('\n');
  assert.match(first, /^\d\d:\d\d:\d\d info {2}listening \(address 0\.0\.0\.0:8080\)$/);
  assert.match(second, /error.* no such file/);
});
