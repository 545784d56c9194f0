import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileGlob, globMatches } from './glob.ts';

test('patterns match as the regular expression that they stand for', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '?', '*', '.'), maxLength: 8 });
  const target = fc.string({ unit: fc.constantFrom('a', 'b', '/', '?', '.'), maxLength: 12 });
  fc.assert(
    fc.property(pattern, target, (glob, subject) => {
      const source = glob.replace(/[.?/]/g, '\\$&').replaceAll('*', '.*');
      assert.equal(globMatches(compileGlob(glob), subject), new RegExp(`^${source}$`, 's').test(subject));
    }),
    { numRuns: 2000 },
  );
});

test('many stars take no time', () => {
  const glob = compileGlob('*a'.repeat(500));
  const start = performance.now();
  globMatches(glob, 'a'.repeat(499).repeat(20));
  globMatches(glob, 'b'.repeat(9000));
  assert.ok(performance.now() - start < 100);
});
