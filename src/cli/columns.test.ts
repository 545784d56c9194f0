import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { paintIf, safeText, tableLines } from './columns.ts';

const COLUMNS = [{ title: 'n', right: true }, { title: 'name', fills: true }, { title: 'state' }];

test('columns are as wide as what is in them', () => {
  assert.deepEqual(
    tableLines(COLUMNS, [
      ['5', 'a', 'up'],
      ['123', 'long name', 'down'],
    ]),
    ['  n  name       state', '  5  a          up', '123  long name  down'],
  );
});

test('one column is cut to fit a terminal, colours do not count', () => {
  const red = paintIf(true)('red', 'down');
  const lines = tableLines(COLUMNS, [['1', 'x'.repeat(200), red]], 40);
  assert.ok(lines.every((line) => stripVTControlCharacters(line).length <= 40));
  assert.ok(lines[1].includes('…') && lines[1].endsWith(red));
});

test('no control character gets through', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      assert.doesNotMatch(safeText(text), /[\x00-\x1f\x7f-\x9f]/);
    }),
  );
});
