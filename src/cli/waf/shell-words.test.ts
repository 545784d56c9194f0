import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ShellError, shellWords } from './shell-words.ts';

test('words as bash splits them', () => {
  const cases: [line: string, words: string[]][] = [
    ['', []],
    ['  curl  http://a/?a=1&b=2 ', ['curl', 'http://a/?a=1&b=2']],
    [`curl 'a b' "c d" e\\ f`, ['curl', 'a b', 'c d', 'e f']],
    [`-H'X: "1"' "it's \\"so\\" \\n \\$5"`, ['-HX: "1"', `it's "so" \\n $5`]],
    [`'it'\\''s' ""`, ["it's", '']],
    ["$'a\\n\\x41\\u00e9\\101\\'\\q'", ["a\nA\u00e9A'\\q"]],
    ['curl \\\n  -d \\\r\n x', ['curl', '-d', 'x']],
    ['a#b #c', ['a#b', '#c']],
  ];
  for (const [line, words] of cases) assert.deepEqual(shellWords(line), words, line);
});

test('what a shell would not give to curl is refused', () => {
  for (const line of [
    "curl 'a",
    'curl "a',
    "curl $'a",
    'curl a | jq',
    'curl a > b',
    'curl $HOME',
    'curl "$(x)"',
    'curl `id`',
  ])
    assert.throws(() => shellWords(line), ShellError, line);
});

test('any words come back that are quoted', () => {
  const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (words) => {
      assert.deepEqual(shellWords(words.map(quoted).join(' ')), words);
    }),
    { numRuns: 200 },
  );
});
