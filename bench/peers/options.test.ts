import assert from 'node:assert/strict';
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

for (const argv of [['--only', 'apache'], ['--cases', 'hit'], ['--rounds', '0'], ['--cores', '1'], ['--fast'], ['x']]) {
  test(`${argv.join(' ')} is refused`, () => {
    assert.throws(() => readOptions(argv), UsageError);
  });
}

test('help is no run', () => {
  assert.equal(readOptions(['--help']), undefined);
});
