import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { LauncherTree, type Outcome } from './tree.ts';

const INSTALL = 'npm ci --include=dev --include=optional --no-audit --no-fund --loglevel=error';
const UPDATE = 'npm install --no-save --include=dev --include=optional --no-audit --no-fund --loglevel=error';
const BUILD = 'rolldown NODE_ENV=';

let tree: LauncherTree;

beforeEach(() => {
  tree = new LauncherTree();
});
afterEach(() => tree.remove());

/** What the program of the tree printed about itself. */
function told(outcome: Outcome): { args: string[]; cwd: string; node: string } {
  return JSON.parse(outcome.stdout) as ReturnType<typeof told>;
}

test('the first start installs and builds, says so on stderr alone, and runs the program', async () => {
  const first = await tree.run(['-b', 'a host:80', '']);
  assert.deepEqual(told(first), { args: ['-b', 'a host:80', ''], cwd: tree.scratch, node: process.version });
  assert.equal(first.code, 5, "the exit code is the program's");
  assert.match(first.stderr, /lb: installing dependencies.*npm ci.*\n(.*\n)*lb: building\n/);
  assert.deepEqual(tree.takeLog(), [INSTALL, BUILD]);
  assert.deepEqual(readdirSync(join(tree.root, 'build')), [], 'no lock is left');
});

test('later starts only run the program', async () => {
  await tree.run([]);
  tree.takeLog();
  const later = await tree.run([]);
  assert.equal(later.stderr, '');
  assert.deepEqual(tree.takeLog(), []);
});

test('a changed and a removed source are built again, a changed test is not', async () => {
  tree.write('src/part.ts', '');
  tree.write('src/part.test.ts', '');
  await tree.run([]);
  tree.takeLog();
  tree.write('src/part.test.ts', '// changed', 0);
  await tree.run([]);
  assert.deepEqual(tree.takeLog(), []);
  tree.write('src/part.ts', '// changed', 0);
  await tree.run([]);
  assert.deepEqual(tree.takeLog(), [BUILD]);
  rmSync(join(tree.root, 'src/part.ts'));
  await tree.run([]);
  assert.deepEqual(tree.takeLog(), [BUILD]);
});

test('changed dependencies are installed without starting from nothing', async () => {
  await tree.run([]);
  tree.takeLog();
  tree.write('package-lock.json', '{ }', 0);
  await tree.run([]);
  assert.deepEqual(tree.takeLog(), [UPDATE, BUILD]);
  await tree.run([]);
  assert.deepEqual(tree.takeLog(), []);
});

test('spaces and quotes in the path, links to the launcher, and other working directories are no obstacle', async () => {
  const odd = new LauncherTree(`a "b" 'c' $d`);
  try {
    const absolute = join(odd.scratch, 'absolute');
    symlinkSync(join(odd.root, 'lb'), absolute);
    mkdirSync(join(odd.scratch, 'sub dir'));
    const relative = join(odd.scratch, 'sub dir', 'relative');
    symlinkSync('../absolute', relative);
    for (const command of [join(odd.root, 'lb'), absolute, relative]) {
      const { code, stdout, stderr } = await odd.run(['x'], { command, cwd: '/' });
      assert.equal(code, 5, stderr);
      assert.match(stdout, /"args":\["x"\],"cwd":"\/"/);
    }
    assert.deepEqual(odd.takeLog(), [INSTALL, BUILD]);
  } finally {
    odd.remove();
  }
});

test('starts at the same moment prepare once', async () => {
  const env = { LB_TEST_NPM_SECONDS: '1' };
  const outcomes = await Promise.all([1, 2, 3].map((n) => tree.run([String(n)], { env })));
  assert.deepEqual(
    outcomes.map((outcome) => told(outcome).args),
    [['1'], ['2'], ['3']],
  );
  assert.deepEqual(tree.takeLog(), [INSTALL, BUILD]);
  assert.match(outcomes.map((outcome) => outcome.stderr).join(), /another start is installing or building/);
});

test('the lock of a start that was killed is taken over', async () => {
  const gone = spawnSync('/bin/sh', ['-c', 'echo $$']).stdout.toString().trim();
  mkdirSync(join(tree.root, 'build', 'launcher.lock'), { recursive: true });
  writeFileSync(join(tree.root, 'build', 'launcher.lock', 'pid'), gone);
  assert.equal((await tree.run([])).code, 5);
  assert.deepEqual(readdirSync(join(tree.root, 'build')), []);
});

test('NODE_ENV=production builds all the same and reaches the program', async () => {
  const { code, stderr } = await tree.run([], { env: { NODE_ENV: 'production' } });
  assert.equal(code, 5, stderr);
  assert.deepEqual(tree.takeLog(), [INSTALL, `${BUILD}production`]);
});

test('a failed installation and a failed build end with 1 and say what failed, and the next start tries again', async () => {
  const noInstall = await tree.run([], { env: { LB_TEST_NPM_FAILS: '1' } });
  assert.equal(noInstall.code, 1);
  assert.match(noInstall.stderr, /lb: npm ci failed/);
  const noBuild = await tree.run([], { env: { LB_TEST_BUILD_FAILS: '1' } });
  assert.equal(noBuild.code, 1);
  assert.match(noBuild.stderr, /a syntax error\nlb: the build failed/);
  assert.equal(existsSync(join(tree.root, 'dist/.built')), false);
  assert.equal((await tree.run([])).code, 5);
});

test('without npm it says what to install', async () => {
  rmSync(join(tree.scratch, 'bin', 'npm'));
  mkdirSync(join(tree.scratch, 'tools'));
  for (const tool of ['sh', 'dirname', 'readlink', 'mkdir', 'cat', 'rm', 'find', 'head', 'mv', 'sleep']) {
    symlinkSync(`/bin/${tool}`, join(tree.scratch, 'tools', tool));
  }
  const { code, stderr } = await tree.run([], { env: { PATH: join(tree.scratch, 'tools') } });
  assert.equal(code, 1);
  assert.match(stderr, /npm is not installed/);
});

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
test('shellcheck finds nothing', { skip: hasShellcheck ? false : 'shellcheck is not installed' }, () => {
  const scripts = ['lb', 'scripts/install.sh', 'scripts/build.sh', '.ci/run'];
  const found = spawnSync('shellcheck', scripts, { cwd: join(import.meta.dirname, '..', '..'), encoding: 'utf8' });
  assert.equal(found.status, 0, found.stdout);
});
