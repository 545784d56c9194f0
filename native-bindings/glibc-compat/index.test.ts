import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Host, loadableBinary } from './index.ts';

const packageFolder = dirname(createRequire(import.meta.url).resolve('uWebSockets.js'));
const debian12: Host = { platform: 'linux', arch: 'x64', abi: '137', glibc: '2.36' };
let scratch: string;

before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'lb-glibc-compat-test-'));
});
after(() => rmSync(scratch, { recursive: true, force: true }));

const cases: { title: string; host: Partial<Host>; gives: RegExp }[] = [
  { title: 'glibc 2.38', host: { glibc: '2.38' }, gives: /^native .*uws_linux_x64_137\.node$/ },
  {
    title: 'glibc 2.41 on arm64',
    host: { glibc: '2.41', arch: 'arm64' },
    gives: /^native .*uws_linux_arm64_137\.node$/,
  },
  { title: 'macOS', host: { platform: 'darwin', glibc: undefined }, gives: /^native .*uws_darwin_x64_137\.node$/ },
  { title: 'glibc 2.37', host: { glibc: '2.37' }, gives: /^glibc-compat .*uws_linux_x64_137\.node$/ },
  { title: 'glibc 2.36 on arm64', host: { arch: 'arm64' }, gives: /^glibc-compat .*uws_linux_arm64_137\.node$/ },
  { title: 'glibc 2.35', host: { glibc: '2.35' }, gives: /needs glibc 2\.36 or newer, and this system has 2\.35/ },
  { title: 'musl', host: { glibc: undefined }, gives: /another C library/ },
  { title: 'glibc 2.36 with Node 22', host: { abi: '127' }, gives: /needs Node 24 on x64 or arm64/ },
];

for (const { title, host, gives } of cases) {
  test(`${title}: ${gives.source}`, { skip: process.platform === 'win32' }, () => {
    const found = loadableBinary(packageFolder, { ...debian12, ...host }, [join(scratch, 'cases')]);
    assert.match('unavailable' in found ? found.unavailable : `${found.how} ${found.path}`, gives);
  });
}

test('a copy is reused as it is; a damaged one is replaced', () => {
  const folder = join(scratch, 'reuse');
  const first = pathOf(loadableBinary(packageFolder, debian12, [folder]));
  const { ino } = statSync(first);
  assert.equal(pathOf(loadableBinary(packageFolder, debian12, [folder])), first);
  assert.equal(statSync(first).ino, ino);
  chmodSync(first, 0o600);
  writeFileSync(first, 'damaged');
  assert.equal(pathOf(loadableBinary(packageFolder, debian12, [folder])), first);
  assert.ok(statSync(first).size > 1_000_000);
  assert.equal(readdirSync(folder).length, 1, 'no draft is left behind');
});

test('a folder that others could have prepared is passed over', () => {
  const open = join(scratch, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  const link = join(scratch, 'link');
  symlinkSync(open, link);
  const file = join(scratch, 'file');
  writeFileSync(file, '');
  const good = join(scratch, 'good');
  const path = pathOf(loadableBinary(packageFolder, debian12, [open, link, file, good]));
  assert.equal(dirname(path), good);
  const none = loadableBinary(packageFolder, debian12, [open, link, file]);
  assert.ok('unavailable' in none);
  assert.match(none.unavailable, /open: can be written to by other users/);
  assert.match(none.unavailable, /link: is not a directory/);
  assert.deepEqual(readdirSync(open), []);
});

test('an unknown original is never edited', () => {
  const other = join(scratch, 'other');
  mkdirSync(other);
  writeFileSync(join(other, 'uws_linux_x64_137.node'), 'something else');
  const found = loadableBinary(other, debian12, [join(scratch, 'unknown')]);
  assert.ok('unavailable' in found);
  assert.match(found.unavailable, /is not the published file/);
  assert.deepEqual(readdirSync(join(scratch, 'unknown')), []);
});

test('starts at the same moment publish one file', async () => {
  const folder = join(scratch, 'parallel');
  const index = fileURLToPath(new URL('index.ts', import.meta.url));
  const program = `import { statSync } from 'node:fs';
    const { loadableBinary } = await import(${JSON.stringify(index)});
    const found = loadableBinary(${JSON.stringify(packageFolder)}, ${JSON.stringify(debian12)}, [${JSON.stringify(folder)}]);
    console.log(found.unavailable ?? statSync(found.path).ino);`;
  const inodes = await Promise.all(Array.from({ length: 4 }, () => output(program)));
  assert.equal(new Set(inodes).size, 1, `inodes differ: ${inodes.join()}`);
  assert.match(inodes[0] ?? '', /^\d+\n$/);
});

async function output(program: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(child, 'close');
  return text;
}

function pathOf(found: ReturnType<typeof loadableBinary>): string {
  assert.ok('path' in found, 'unavailable' in found ? found.unavailable : '');
  return found.path;
}
