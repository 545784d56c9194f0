import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { otherReadings, readingGlob } from './path-readings.ts';

const cases: [string, string[] | undefined][] = [
  ['/', []],
  ['/assets/app.1a2b.js', []],
  ['/b%C3%BCcher/My%20File%2b.png', []],
  ['/.well-known/x', []],
  ['/a/.hidden', []],
  ['/a/...', []],
  ['/a..b/c..', []],
  ['//assets//x.js', ['/assets/x.js']],
  ['/@scope%2fname', ['/@scope/name']],
  ['/a\\b', ['/a/b']],
  ['/account;x.css', ['/account']],
  ['/account%3Bx.css', ['/account%3Bx.css', '/account']],
  ['/account%00x.css', ['/account']],
  ['/account%0d%0ax.css', ['/account']],
  ['/account%7fx.css', ['/account']],
  ['/account%23x.css', ['/account']],
  ['/account%3fx.css', ['/account']],
  ['/account%253fx.css', ['/account%3fx.css', '/account']],
  ['/100%25.css', ['/100%.css']],
  ['/assets/../account', undefined],
  ['/assets/./account', undefined],
  ['/assets/..', undefined],
  ['/assets/..%2faccount', undefined],
  ['/assets/%2E./account', undefined],
  ['/assets/%252e%252e/account', undefined],
  ['/assets/..%5caccount', undefined],
  ['/assets/..\\account', undefined],
  ['/assets/..;/account', undefined],
  ['/assets/..%00/account', undefined],
  ['/assets/x;/../account', undefined],
  ['/assets/..%c0%afaccount', undefined],
  ['/assets/..%u002faccount', undefined],
  ['/%25252525252e', undefined],
];
for (const [path, expected] of cases) {
  const wanted = expected?.filter((reading) => reading !== path);
  test(`readings of ${path}`, () => assert.deepEqual(otherReadings(path), wanted));
}

test('globs that are written with encoded characters match what these are read as', () => {
  assert.equal(readingGlob('/@*%2f*'), '/@*/*');
  assert.equal(readingGlob('/app/*;jsessionid=*'), '/app/*');
  assert.equal(readingGlob('*.css'), '*.css');
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
    ...['/', '..', '.', 'a', 'assets', '%2f', '%2e', '%5c', '\\', ';', '%3b', '%00', '%3f', '%25', '2e'],
  );
  const paths = fc.array(piece, { maxLength: 8 }).map((pieces) => `/assets/${pieces.join('')}`);
  fc.assert(
    fc.property(paths, fc.nat({ max: 2 }), fc.boolean(), (path, decodes, ends) => {
      const readings = otherReadings(path);
      if (readings === undefined || !readings.every((reading) => reading.startsWith('/assets/'))) return;
      const seen = lenient(path, decodes, ends);
      assert.ok(seen === '/assets' || seen.startsWith('/assets/'), `${path} read as ${seen}`);
    }),
    { numRuns: 5000 },
  );
});

test('however often a path is encoded, it takes no long time', () => {
  const path = `/${'%25'.repeat(2000)}${'25'.repeat(4000)}`;
  const start = performance.now();
  otherReadings(path);
  assert.ok(performance.now() - start < 100);
});
