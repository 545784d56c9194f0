import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileCapture, compileGlobs, splitGlobs } from './glob.ts';

const cases: [string, string, boolean][] = [
  ['*.js', '/app.js', true],
  ['*.js', '/a/b/app.JS', true],
  ['*.JS', '/app.js', true],
  ['*.js', '/app.json', false],
  ['*.js', '/app.js/x', false],
  ['*.js', '/a.js.map', false],
  ['*.js', '/js', false],
  ['*.js,*.css', '/a.css', true],
  [' *.js , , *.css ', '/a.css', true],
  ['*.tar.gz', '/x/a.tar.GZ', true],
  ['*.tar.gz', '/x/a.TAR.gz', false],
  ['*.tar.gz', '/x/a.gz', false],
  ['favicon.ico', '/favicon.ico', true],
  ['favicon.ico', '/x/favicon.ICO', true],
  ['favicon.ico', '/xfavicon.ico', false],
  ['app-*.js', '/x/app-1a2b.js', true],
  ['app-*.js', '/app-x/1.js', false],
  ['app-?.js', '/app-1.js', true],
  ['app-?.js', '/app-12.js', false],
  ['LICENSE', '/LICENSE', true],
  ['LICENSE', '/license', false],
  ['*', '/any/thing', true],
  ['*', '/', true],
  ['/api/products/*', '/api/products/', true],
  ['/api/products/*', '/api/products/1/reviews', true],
  ['/api/products/*', '/api/products', false],
  ['/api/products/*', '/v2/api/products/1', false],
  ['/api/products/*', '/API/products/1', false],
  ['api/products/*', '/api/products/1', true],
  ['/api/*/reviews', '/api/products/1/reviews', true],
  ['/api/*/reviews', '/api/reviews', false],
  ['/img/*.png', '/img/a/b.PNG', true],
  ['/img/*.png', '/IMG/b.png', false],
  ['/exact', '/exact', true],
  ['/exact', '/exact/', false],
  ['/a*b*c', '/aXbYbc', true],
  ['/a*b*c', '/abc', true],
  ['/a*bc*c', '/abc', false],
  ['/a**c', '/ac', true],
  ['/?', '/a', true],
  ['/?', '/', false],
  ['/*?x*', '/ayx', true],
  ['/v1.0/*', '/v1.0/x', true],
  ['/.well-known/*', '/.well-known/a', true],
  ['/.env', '/.env', true],
  ['/.env', '/.ENV', true],
  ['/a.b(', '/a.B(', true],
  ['*.*', '/a.b', true],
  ['*.*', '/ab', false],
  ['/(a+)+$', '/(a+)+$', true],
  ['', '/', false],
];
for (const [globs, path, expected] of cases) {
  test(`glob ${globs} ${expected ? 'matches' : 'does not match'} ${path}`, () =>
    assert.equal(compileGlobs(globs)(path), expected));
}

test('lists may be arrays', () => {
  assert.deepEqual(splitGlobs(['a, b', 'c']), ['a', 'b', 'c']);
  assert.equal(compileGlobs(['/x', '*.js'])('/a.js'), true);
});

/** The same rules as one regular expression, which may take exponential time. */
function reference(glob: string): RegExp {
  const whole = glob.includes('/');
  const text = whole && !glob.startsWith('/') ? `/${glob}` : glob;
  const source = text
    .replace(/[.+^$()|[\]{}\\]/g, '\\$&')
    .replaceAll('*', whole ? '.*' : '[^/]*')
    .replaceAll('?', whole ? '.' : '[^/]');
  return new RegExp(whole ? `^${source}$` : `^(?:.*/)?${source}$`);
}

test('globs match as their regular expression does', () => {
  const glob = fc.string({ unit: fc.constantFrom(...'ab/.*?'.split('')), minLength: 1, maxLength: 8 });
  const path = fc.string({ unit: fc.constantFrom(...'ab/.'.split('')), maxLength: 12 }).map((text) => `/${text}`);
  fc.assert(
    fc.property(glob, path, (text, target) => assert.equal(compileGlobs(text)(target), reference(text).test(target))),
    { numRuns: 5000 },
  );
});

test('many stars and a long path take no long time', () => {
  const matches = compileGlobs(`/${'*a'.repeat(1000)}*b`);
  const path = `/${'a'.repeat(8000)}`;
  const start = performance.now();
  assert.equal(matches(path), false);
  assert.ok(performance.now() - start < 200);
});

test('captures are what the stars stand for', () => {
  const cases: [string, string, string[] | undefined][] = [
    ['/a/*', '/a/b/c', ['b/c']],
    ['/a/*/*', '/a/b/c/d', ['b', 'c/d']],
    ['/*/x', '/a/x/x', ['a/x']],
    ['*.js', '/a/b.JS', ['b']],
    ['*', '/a/b', ['b']],
    ['/a?c/*', '/abc/', ['']],
    ['/a', '/a', []],
    ['/a/**/b', '/a/x/b', ['x']],
    ['/a/*', '/b/', undefined],
  ];
  for (const [glob, path, expected] of cases) assert.deepEqual(compileCapture(glob)(path), expected, `${glob} ${path}`);
});

test('captures put in place of the stars give the path, and are there where the glob matches', () => {
  const alphabet = fc.constantFrom('a', 'b', '/', '.', '*');
  const globs = fc.array(alphabet, { minLength: 1, maxLength: 8 }).map((chars) => `/${chars.join('')}`);
  const paths = fc.array(fc.constantFrom('a', 'b', '/', '.'), { maxLength: 10 }).map((chars) => `/${chars.join('')}`);
  fc.assert(
    fc.property(globs, paths, (glob, path) => {
      const captured = compileCapture(glob)(path);
      assert.equal(captured !== undefined, compileGlobs([glob])(path));
      if (captured === undefined) return;
      let next = 0;
      assert.equal(
        glob.replace(/\*+/g, () => captured[next++]),
        path,
      );
      assert.equal(next, captured.length);
    }),
  );
});
