import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasStaticExtension, isPageAsAsset, isStaticAsset, mediaType, pathExtension } from './content-type.ts';

const assets: [string, string | undefined, boolean][] = [
  ['/a.png', 'image/png', true],
  ['/A.PNG', 'IMAGE/PNG; x=y', true],
  ['/app.js', 'text/javascript;charset=utf-8', true],
  ['/app.js', 'application/javascript', true],
  ['/x/style.css', 'text/css', true],
  ['/f.woff2', 'font/woff2', true],
  ['/f.ttf', 'application/x-font-ttf', true],
  ['/m.wasm', 'application/wasm', true],
  ['/v.mp4', 'video/mp4', true],
  ['/favicon.ico', 'image/vnd.microsoft.icon', true],
  ['/account/x.css', 'text/html', false],
  ['/a.png', 'image/jpeg', false],
  ['/app.js', 'application/json', false],
  ['/a.png', undefined, false],
  ['/a.png', '', false],
  ['/a', 'image/png', false],
  ['/.png', 'image/png', false],
  ['/a.png/b', 'image/png', false],
  ['/index.html', 'text/html', false],
  ['/account/x.map', 'application/json', false],
  ['/data.json', 'application/json', false],
  ['/100%25/a%20b.png', 'image/png', true],
  ['//a.png', 'image/png', true],
  ['/avatar;x.png', 'image/png', false],
  ['/avatar%3fx.png', 'image/png', false],
  ['/avatar%00.png', 'image/png', false],
  ['/a/../avatar.png', 'image/png', false],
  ['/constructor', 'toString', false],
];
for (const [path, type, expected] of assets) {
  test(`static asset: ${path} as ${type}`, () => assert.equal(isStaticAsset(path, type), expected));
}

test('pages under names of assets', () => {
  assert.equal(isPageAsAsset('/app.js', 'text/html; charset=utf-8'), true);
  assert.equal(isPageAsAsset('/app.js', 'application/xhtml+xml'), true);
  assert.equal(isPageAsAsset('/app.js', 'application/json'), false);
  assert.equal(isPageAsAsset('/app.js', undefined), false);
  assert.equal(isPageAsAsset('/', 'text/html'), false);
  assert.equal(isPageAsAsset('/x.html', 'text/html'), false);
});

test('extensions and media types', () => {
  assert.equal(pathExtension('/a.b/c.tar.GZ'), 'gz');
  assert.equal(pathExtension('/a.b/c'), '');
  assert.equal(mediaType(' Text/CSS ; charset=x'), 'text/css');
  assert.equal(mediaType(undefined), '');
  assert.equal(hasStaticExtension('/x.svg'), true);
  assert.equal(hasStaticExtension('/x.php'), false);
});
