import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainGlob, plainPath } from './plain-path.ts';

const ordinary = [
  '/',
  '/assets/app.1a2b.js',
  '/b%C3%BCcher/My%20File%2b.png',
  '/.well-known/x',
  '/a/.hidden',
  '/a/...',
  '/a..b/c..',
  '/100%25.css',
  '/100%.css',
  '/a%2520b',
  '/%E4%BD%A0%E5%A5%BD',
];
for (const path of ordinary) test(`${path} is plain`, () => assert.equal(plainPath(path), path));

const cases: [string, string | undefined][] = [
  ['//assets//x.js', '/assets/x.js'],
  ['/@scope%2fname', '/@scope/name'],
  ['/a\\b', '/a/b'],
  ['/x%2Ecss', '/x.css'],
  ['/account;x.css', '/account'],
  ['/account%3Bx.css', '/account'],
  ['/account%00x.css', '/account'],
  ['/account%0d%0ax.css', '/account'],
  ['/account%7fx.css', '/account'],
  ['/account#x.css', '/account'],
  ['/account%23x.css', '/account'],
  ['/account%3fx.css', '/account'],
  ['/account%253fx.css', undefined],
  ['/account%25%33%66x.css', undefined],
  ['/account%25250ax.css', undefined],
  ['/assets/../account', undefined],
  ['/assets/./account', undefined],
  ['/assets/..', undefined],
  ['/assets/..%2faccount', undefined],
  ['/assets/%2E./account', undefined],
  ['/assets/%252e%252e/account', undefined],
  ['/assets/%25%32%65./account', undefined],
  ['/assets/%%32e./account', undefined],
  ['/assets/%2%65./account', undefined],
  ['/assets/..%5caccount', undefined],
  ['/assets/..\\account', undefined],
  ['/assets/..;/account', undefined],
  ['/assets/..%00/account', undefined],
  ['/assets/x;/../account', undefined],
  ['/assets/..%c0%afaccount', undefined],
  ['/assets/..%u002faccount', undefined],
];
for (const [path, expected] of cases) {
  test(`${path} is read as ${expected}`, () => assert.equal(plainPath(path), expected));
}

test('globs that are written with such characters match what these are read as', () => {
  assert.equal(plainGlob('/@*%2f*'), '/@*/*');
  assert.equal(plainGlob('/app/*;jsessionid=*'), '/app/*');
  assert.equal(plainGlob('/a?c/*.css'), '/a?c/*.css');
});

/** A path as a lenient origin reads it, in one of the usual orders. */
function lenient(path: string, decodes: number, endsAtSemicolon: boolean): string {
  let text = path;
  for (let i = 0; i < decodes; i++) {
    text = text.replace(/%([\da-f]{2})/gi, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
  }
  text = text.replaceAll('\\', '/').replace(/[?#\0\r\n].*$/s, '');
  text = endsAtSemicolon ? text.replace(/;.*$/s, '') : text.replace(/;[^/]*/g, '');
  return new URL(`http://h${text.replace(/\/+/g, '/')}`).pathname;
}

test('an origin that sees another first segment is found out', () => {
  const piece = fc.constantFrom(
    ...['/', '..', '.', 'a', 'assets', '%2f', '%2e', '%5c', '\\', ';', '%3b', '%00', '%3f'],
    ...['%', '%25', '2', 'e', '2e', '5c', '%32', '%65', '%63', '%35'],
  );
  const paths = fc.array(piece, { maxLength: 9 }).map((pieces) => `/assets/${pieces.join('')}`);
  fc.assert(
    fc.property(paths, fc.nat({ max: 3 }), fc.boolean(), (path, decodes, ends) => {
      if (plainPath(path)?.startsWith('/assets/') !== true) return;
      const seen = lenient(path, decodes, ends);
      assert.ok(seen === '/assets' || seen.startsWith('/assets/'), `${path} read as ${seen}`);
    }),
    { numRuns: 20000 },
  );
});

test('a long path takes no long time', () => {
  for (const piece of ['%25', '25', '%2f', '\\', '/', ';', '%3b', '%252', '/.', '%']) {
    const start = performance.now();
    plainPath(`/%25${piece.repeat(8000 / piece.length)}`);
    assert.ok(performance.now() - start < 50, piece);
  }
});
