import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes } from './duration.ts';
import { help, type Options, readOptions } from './options.ts';

const planned = (argv: string[]) => minutes(readOptions(argv) as Options);

test('the quick run takes less than three minutes, the main one less than a quarter of an hour', () => {
  assert.ok(planned(['--quick']) <= 3);
  assert.ok(planned(['--main']) <= 15);
  assert.ok(planned([]) > planned(['--main']));
});

test('help tells what is planned', () => {
  assert.match(help(), new RegExp(`everything, about ${planned([])} minutes`));
});
