import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LiteralMatcher } from '../regex/literals.ts';
import { transformation } from '../transform/transformation.ts';
import { ByteSets } from './byte-sets.ts';
import { Chains, TRIGGERS } from './chain.ts';
import { FactBook } from './facts.ts';

const bytes = fc.array(fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from(' /.\\%+&;x0-*<!#aA'))), { maxLength: 24 });

test('a value without its trigger bytes comes out of a transformation unchanged', () => {
  for (const [name, triggers] of Object.entries(TRIGGERS)) {
    const step = transformation(name);
    assert.ok(step, name);
    fc.assert(
      fc.property(bytes, (list) => {
        const value = String.fromCharCode(...list.filter((byte) => !triggers.includes(byte)));
        assert.equal(step(value), value, name);
      }),
      { numRuns: 150 },
    );
  }
});

test('chains give what their steps give one after the other, from memory too', () => {
  const sets = new ByteSets();
  const chains = new Chains(sets, undefined);
  const names = [
    [],
    ['lowercase'],
    ['urldecode', 'lowercase'],
    ['length'],
    ['base64decode', 'trim'],
    ['sha1', 'hexencode'],
  ];
  const all = names.map((list) => chains.of(list));
  const tables = {
    words: 0,
    always: [],
    byLength: [[]],
    needs: [],
    operatorsOf: [],
    matcher: new LiteralMatcher([], { caseless: true }),
  };
  const book = new FactBook(sets, tables, 64);
  fc.assert(
    fc.property(fc.constantFrom('', 'a', 'A%41', 'YWJj ', 'plain', '%zz+'), fc.nat(5), (value, which) => {
      const expected = names[which].reduce((text, name) => transformation(name)?.(text) ?? '', value);
      assert.equal(book.through(book.of(value), all[which]).value, expected);
    }),
    { numRuns: 300 },
  );
});
