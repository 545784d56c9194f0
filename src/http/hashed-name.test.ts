import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasHashedName } from './hashed-name.ts';

const HASHED = [
  '/app.3f2a9c1b.js',
  '/assets/app-3f2a9c1b.min.js',
  '/static/js/main.3f2a9c1b.chunk.js',
  '/main.a3f29c1b.js',
  '/_next/static/chunks/main-2a3f4e5d6c7b8a90.js',
  '/3f2a9c1b5d6e7f80.css',
  '/assets/index-D2jaOxN4.js',
  '/assets/index-B1x9Qz8a.css.map',
  '/chunk-5XQ2ZK3A.js',
  '/fonts/inter~9f8e7d6c5b4a.woff2',
  '/logo_d41d8cd98f00b204e9800998ecf8427e.svg',
];

const NOT_HASHED = [
  '/',
  '/app.js',
  '/jquery-3.7.1.min.js',
  '/report-20240101.pdf',
  '/report.2024-01-01.pdf',
  '/jquery-MyPlugin.js',
  '/photo-IMG12345.jpg',
  '/deadbeef.js',
  '/app.3f2a9c1b',
  '/3f2a9c1b/app.js',
  '/app.3f2a9c1b.js/',
  '/app.3f2a9.js',
  '/report-Q3Results.pdf',
  '/a.3f2a9c1b.1.2.js',
  '/v1.2.3.js',
  '/12345678.html',
  '/abcd1234.js',
];

test('names with a hash, and names without', () => {
  for (const path of HASHED) assert.ok(hasHashedName(path), path);
  for (const path of NOT_HASHED) assert.ok(!hasHashedName(path), path);
});

test('any path is answered for, in time that grows with its length', () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (path) => typeof hasHashedName(path) === 'boolean'));
  const start = performance.now();
  for (const unit of ['-', '.', 'a1', '.a1-']) hasHashedName(`/${unit.repeat(100_000)}.js`);
  assert.ok(performance.now() - start < 500);
});
