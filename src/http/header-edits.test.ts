import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type EditStep, HeaderEdits, safeFieldValue } from './header-edits.ts';

const step = (remove: string[], set: [string, string][] = [], add: [string, string][] = []): EditStep => ({
  remove,
  set,
  add,
});

test('removes, then sets, then adds', () => {
  const edits = new HeaderEdits().with(step(['a'], [['b', '1']], [['a', '2']]), true);
  assert.deepEqual(edits.apply(['a', 'x', 'b', 'y', 'b', 'z', 'c', 'w']), ['c', 'w', 'b', '1', 'a', '2']);
  const several = new HeaderEdits().with(step([], [['a', '1'], ['a', '2']]), true); // biome-ignore format: two values of one name
  assert.deepEqual(several.apply(['a', '0']), ['a', '1', 'a', '2']);
});

test('the list given stays as it is', () => {
  const headers = ['a', 'x'];
  for (const one of [step(['a']), step([], [['a', 'y']]), step([], [], [['b', 'y']])])
    new HeaderEdits().with(one, true).apply(headers);
  assert.deepEqual(headers, ['a', 'x']);
  assert.equal(new HeaderEdits().apply(headers), headers);
});

test('the same steps that are shared make the same object', () => {
  const root = new HeaderEdits();
  const [a, b] = [step(['a']), step(['b'])];
  assert.equal(root.with(a, true).with(b, true), root.with(a, true).with(b, true));
  assert.notEqual(root.with(b, true).with(a, true), root.with(a, true).with(b, true));
  const own = root.with(a, false);
  assert.equal(own.isShared, false);
  assert.equal(own.with(b, true).isShared, false);
  assert.notEqual(root.with(a, false), root.with(a, false));
});

test('different steps have different texts', () => {
  const pairs = fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 3 });
  const steps = fc.array(fc.record({ remove: fc.array(fc.string(), { maxLength: 3 }), set: pairs, add: pairs }), {
    maxLength: 3,
  });
  fc.assert(
    fc.property(steps, steps, (one, other) => {
      const isSame = JSON.stringify(one) === JSON.stringify(other);
      assert.equal(new HeaderEdits(one).text === new HeaderEdits(other).text, isSame);
    }),
  );
});

test('no value ends a line', () => {
  assert.equal(safeFieldValue('a\r\nb: c\0d\u{1f600}\te\xe9'), 'ab: cd\te\xe9');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => /^[\t\x20-\x7e\x80-\xff]*$/.test(safeFieldValue(text))),
  );
});
