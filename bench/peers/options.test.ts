import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readOptions, UsageError } from './options.ts';

test('servers and cases are chosen by name, a space in a name written as a hyphen', () => {
  const options = readOptions(['--only', 'lb,bare-uWS', '--cases', 'miss-1k', '--rounds', '2', '--no-install']);
  assert.deepEqual(
    options?.peers.map(({ name }) => name),
    ['lb', 'bare uWS'],
  );
  assert.deepEqual(
    options?.cases.map(({ name }) => name),
    ['miss-1k'],
  );
  assert.equal(options?.rounds, 2);
  assert.equal(options?.install, false);
});

test('quick leaves out the variants, unless they are asked for', () => {
  const named = (argv: string[]) => readOptions(argv)?.peers.map(({ name }) => name);
  assert.equal(named(['--quick'])?.includes('varnish+log'), false);
  assert.deepEqual(named(['--quick', '--only', 'varnish+log']), ['varnish+log']);
});

test('a baseline is measured next to lb, in the cases that a change is judged by', (t) => {
  const checkout = mkdtempSync(join(tmpdir(), 'lb-baseline-'));
  t.after(() => rmSync(checkout, { recursive: true }));
  assert.throws(() => readOptions(['--baseline', checkout]), /dist\/main\.js is not built/);
  mkdirSync(join(checkout, 'dist'));
  writeFileSync(join(checkout, 'dist', 'main.js'), '');
  const named = (argv: string[]) => {
    const options = readOptions(['--baseline', checkout, ...argv]);
    return [options?.peers.map(({ name }) => name), options?.cases.map(({ name }) => name)];
  };
  assert.deepEqual(named([]), [
    ['lb', 'lb before'],
    ['hit-1k', 'hit-64k', 'miss-1k'],
  ]);
  assert.deepEqual(named(['--only', 'nginx,lb', '--cases', 'zipf']), [['lb', 'lb before', 'nginx'], ['zipf']]);
});

for (const argv of [['--only', 'apache'], ['--cases', 'hit'], ['--rounds', '0'], ['--cores', '1'], ['--fast'], ['x']]) {
  test(`${argv.join(' ')} is refused`, () => {
    assert.throws(() => readOptions(argv), UsageError);
  });
}

test('help is no run', () => {
  assert.equal(readOptions(['--help']), undefined);
});
