import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execForm, parseDockerfile, type Stage } from './dockerfile.ts';

const project = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(project, 'Dockerfile'), 'utf8');
const stages = parseDockerfile(text);
const final = stages.at(-1) as Stage;
const all = stages.flatMap((stage) => stage.instructions);
const inFinal = (keyword: string) => final.instructions.filter((instruction) => instruction.keyword === keyword);

test('every base image is a Node 24 on Debian with a new enough glibc, by tag', () => {
  // a compiler is only in the larger one, which is not what the image is made from
  for (const { image } of stages.slice(0, -1)) assert.match(image, /^node:24-trixie(-slim)?$/);
  assert.equal(final.image, 'node:24-trixie-slim');
});

test('files are copied by name, from the project or a stage that exists', () => {
  const names = stages.map((stage) => stage.name);
  for (const { keyword, flags, rest } of all) {
    assert.notEqual(keyword, 'ADD', 'ADD fetches and unpacks; COPY does not');
    if (keyword !== 'COPY') continue;
    if (flags.from !== undefined) {
      assert.ok(names.includes(flags.from), `no stage is called ${flags.from}`);
      continue;
    }
    for (const source of rest.split(/\s+/).slice(0, -1)) {
      assert.ok(!source.startsWith('.'), 'whole-folder copies defeat the build cache');
      assert.ok(existsSync(join(project, source)) || source === 'workers', `${source} does not exist`);
    }
  }
});

test('the image runs as a user that is not root, in exec form, and says how it is', () => {
  const [user] = inFinal('USER');
  assert.ok(user && !/^(root|0)\b/.test(user.rest));
  const keywords = final.instructions.map((instruction) => instruction.keyword);
  assert.ok(
    keywords.indexOf('USER') > keywords.lastIndexOf('COPY'),
    'files belong to root, the program cannot change them',
  );
  const [command] = inFinal('CMD');
  assert.deepEqual(execForm(command?.rest ?? ''), ['node', 'dist/main.js']);
  const [health] = inFinal('HEALTHCHECK');
  assert.deepEqual(execForm(health?.rest.replace(/^CMD /, '') ?? ''), ['node', 'dist/main.js', 'health']);
  assert.equal(inFinal('STOPSIGNAL')[0]?.rest, 'SIGTERM');
  assert.equal(inFinal('RUN').length, 0, 'the final stage only copies');
  assert.match(inFinal('LABEL')[0]?.rest ?? '', /org\.opencontainers\.image\.licenses="Apache-2\.0"/);
});

test('what must outlive a container goes to a folder that its user may write, and compose.yaml keeps it', () => {
  const folder = /LB_DATA_DIR=(\S+)/.exec(
    inFinal('ENV')
      .map(({ rest }) => rest)
      .join(' '),
  )?.[1];
  assert.equal(folder, '/data');
  const [user] = inFinal('USER');
  const owned = inFinal('COPY').filter(({ flags }) => flags.chown !== undefined);
  assert.deepEqual(
    owned.map(({ flags, rest }) => [flags.chown, rest.split(/\s+/)[1]]),
    [[`${user?.rest}:${user?.rest}`, folder]],
  );
  const compose = readFileSync(join(project, 'compose.yaml'), 'utf8');
  assert.match(compose, /volumes:\n {6}- data:\/data\b/);
  assert.match(compose, /^volumes:\n {2}data:$/m);
});

test('no secret and no machine of ours is baked in', () => {
  assert.doesNotMatch(text, /(token|secret|password|registry)\s*=/i);
});

test('what the build reads passes .dockerignore', () => {
  const ignore = readFileSync(join(project, '.dockerignore'), 'utf8').split('\n');
  for (const { keyword, flags, rest } of all) {
    if (keyword !== 'COPY' || flags.from !== undefined) continue;
    for (const source of rest.split(/\s+/).slice(0, -1)) {
      assert.ok(ignore.includes(`!${source.split('/')[0]}`), `.dockerignore hides ${source}`);
    }
  }
});

const hasHadolint = spawnSync('hadolint', ['--version']).status === 0;
test('hadolint finds nothing', { skip: hasHadolint ? false : 'hadolint is not installed' }, () => {
  const found = spawnSync('hadolint', [join(project, 'Dockerfile')], { encoding: 'utf8' });
  assert.equal(found.status, 0, found.stdout);
});

const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;
test('compose.yaml is valid', { skip: hasCompose ? false : 'docker compose is not installed' }, () => {
  const found = spawnSync('docker', ['compose', '-f', join(project, 'compose.yaml'), 'config', '--quiet'], {
    encoding: 'utf8',
  });
  assert.equal(found.status, 0, found.stderr);
});
