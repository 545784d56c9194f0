import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { capturesOf, constantOf, isMistake, parseTemplate, type Template, type Variable } from './template.ts';

function parts(text: string): Template {
  const parsed = parseTemplate(text);
  assert.ok(!isMistake(parsed), isMistake(parsed) ? parsed.message : '');
  return parsed;
}

/** The text that a template was made of. */
function written(template: Template): string {
  const name = ({ kind, name, index }: Variable) =>
    kind === 'capture' ? `{${index + 1}}` : name === '' ? `{${kind}}` : `{${kind}:${name}}`;
  return template.map((part) => (typeof part === 'string' ? part.replaceAll('{', '{{') : name(part))).join('');
}

test('variables and what stands for itself', () => {
  const variable = (kind: Variable['kind'], name = '', index = -1) => ({ kind, name, index });
  assert.deepEqual(parts('https://{host}/new{path}'), ['https://', variable('host'), '/new', variable('path')]);
  assert.deepEqual(parts('{header:X-A}{cookie:Id}{1}{9}'), [
    variable('header', 'x-a'),
    variable('cookie', 'Id'),
    variable('capture', '', 0),
    variable('capture', '', 8),
  ]);
  assert.deepEqual(parts(''), []);
  assert.deepEqual(parts('{{host}'), ['{host}']);
  assert.deepEqual(parts('{"group": "a", "max": {"x": 1}}'), ['{"group": "a", "max": {"x": 1}}']);
  assert.deepEqual(parts('a } b { c'), ['a } b { c']);
});

test('what is no variable is told with its place', () => {
  const cases: [string, number, RegExp, RegExp][] = [
    ['/{hots}', 1, /\{hots\} is no variable/, /\{host\}/],
    ['a{header}', 1, /names no header/, /header:NAME/],
    ['{cookie:}', 0, /names no cookie/, /cookie:NAME/],
    ['{header:a b}', 0, /names no header/, /header:NAME/],
    ['{host:x}', 0, /takes no name/, /write \{host\}/],
    ['{0}', 0, /is no variable/, /\{1\} to \{9\}/],
    ['{10}', 0, /is no variable/, /\{1\} to \{9\}/],
  ];
  for (const [text, at, message, fix] of cases) {
    const parsed = parseTemplate(text);
    assert.ok(isMistake(parsed), text);
    assert.equal(parsed.at, at);
    assert.match(parsed.message, message);
    assert.match(parsed.fix, fix);
  }
});

test('constants and captures', () => {
  assert.equal(constantOf(parts('abc')), 'abc');
  assert.equal(constantOf(parts('')), '');
  assert.equal(constantOf(parts('a{host}')), undefined);
  assert.equal(capturesOf(parts('{2}{1}')), 2);
  assert.equal(capturesOf(parts('{host}')), 0);
});

test('a template says what it was made of', () => {
  const texts = fc.array(
    fc.oneof(
      fc.string(),
      fc.constantFrom('{', '{{', '}', '{host}', '{1}', '{header:a}', '{cookie:B}', '{nothing}', '{query}'),
    ),
  );
  fc.assert(
    fc.property(texts, (pieces) => {
      const parsed = parseTemplate(pieces.join(''));
      if (isMistake(parsed)) return;
      assert.deepEqual(parts(written(parsed)), parsed);
      // neighbours are never both plain, and none is empty
      for (const [i, part] of parsed.entries()) {
        assert.notEqual(part, '');
        if (typeof part === 'string') assert.notEqual(typeof parsed[i + 1], 'string');
      }
    }),
  );
});
