import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatErrors, maskSecrets } from './errors.ts';

const error = { source: 'lb.json', line: 3, column: 5, text: '    "a": 1', width: 3, message: 'wrong', fix: 'mend it' };

test('an error shows place, line, caret and fix', () => {
  assert.equal(formatErrors([error]), 'lb.json:3:5: error: wrong\n  3 |     "a": 1\n    |     ^^^\n  fix: mend it');
});

test('a long line is cut around the mistake', () => {
  const text = `${'x'.repeat(500)}HERE${'y'.repeat(500)}`;
  const [, line, caret] = formatErrors([{ ...error, text, column: 501, width: 4 }]).split('\n');
  assert.ok(line.length < 150);
  assert.equal(line.slice(caret.indexOf('^'), caret.lastIndexOf('^') + 1), 'HERE');
});

test('control characters in the source cannot reach the terminal', () => {
  const shown = formatErrors([{ ...error, text: '\x1b[31m"a"\x07', column: 6 }]);
  assert.doesNotMatch(shown, /[\x00-\x09\x0b-\x1f]/);
});

test('masking keeps every column and line', () => {
  const piece = fc.constantFrom(
    '"admin_token"',
    ': ',
    '"hunter2"',
    "'x",
    '{',
    '}',
    '[',
    ',\n',
    'https://u:p@h',
    `"\${env:X}"`,
    '"a"',
    '\\',
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join('');
      const masked = maskSecrets(text);
      assert.equal(masked.length, text.length);
      assert.equal(masked.split('\n').length, text.split('\n').length);
    }),
  );
});

test('a reference to a variable is no secret', () => {
  const reference = `"admin_token": "\${env:TOKEN}"`;
  assert.equal(maskSecrets(reference), reference);
  assert.equal(maskSecrets('"admin_token": "abc"'), '"admin_token": "***"');
  assert.equal(maskSecrets('"https://me:abc@h"'), '"https://me:***@h"');
});
