import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completed, platformOf } from './complete.ts';

const platforms: [string, ReturnType<typeof platformOf>][] = [
  ['@a/cli-darwin-arm64', { os: ['darwin'], cpu: ['arm64'] }],
  ['@a/cli-linux-x64', { os: ['linux'], cpu: ['x64'] }],
  ['@a/binding-linux-arm64-musl', { os: ['linux'], cpu: ['arm64'], libc: ['musl'] }],
  ['@a/binding-linux-s390x-gnu', { os: ['linux'], cpu: ['s390x'], libc: ['glibc'] }],
  ['@a/binding-linux-arm-gnueabihf', { os: ['linux'], cpu: ['arm'] }],
  ['@a/binding-win32-ia32-msvc', { os: ['win32'], cpu: ['ia32'] }],
  ['@a/binding-wasm32-wasi', { cpu: ['wasm32'] }],
];
for (const [name, platform] of platforms) {
  test(`${name} is for ${JSON.stringify(platform)}`, () => assert.deepEqual(platformOf(name), platform));
}

test('missing builds are added in order, known ones stay, wherever they lie', () => {
  const packages = {
    '': { version: '1.0.0' },
    'node_modules/a': {
      version: '2.0.0',
      dev: true,
      optionalDependencies: { 'z-linux-x64': '2.0.0', 'b-darwin-x64': '2.0.0' },
    },
    'node_modules/a/node_modules/c': {
      version: '3.0.0',
      optionalDependencies: { 'b-win32-x64': '3.0.0', 'd-linux-x64': '1.0.0' },
    },
    'node_modules/a/node_modules/d-linux-x64': { version: '1.0.0' },
    'node_modules/z-linux-x64': { version: '2.0.0', integrity: 'sha512-' },
  };
  const { packages: all, added } = completed(packages);
  assert.deepEqual(added, ['b-darwin-x64', 'b-win32-x64']);
  assert.deepEqual(Object.keys(all), [
    '',
    'node_modules/a',
    'node_modules/a/node_modules/c',
    'node_modules/a/node_modules/d-linux-x64',
    'node_modules/b-darwin-x64',
    'node_modules/b-win32-x64',
    'node_modules/z-linux-x64',
  ]);
  assert.deepEqual(all['node_modules/b-darwin-x64'], {
    version: '2.0.0',
    os: ['darwin'],
    cpu: ['x64'],
    dev: true,
    optional: true,
  });
  assert.deepEqual(completed(all).added, []);
});

test('what cannot be known is refused', () => {
  assert.throws(() => platformOf('fsevents'), RangeError);
  const range = { '': { optionalDependencies: { 'a-linux-x64': '^1.0.0' } } };
  assert.throws(() => completed(range), /no exact version/);
});
