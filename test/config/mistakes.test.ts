import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MAIN } from '../support/process.ts';
import { Folder } from './cli.ts';
import { CACHE_RULES } from './mistakes/cache-rules.ts';
import { CLIENTS } from './mistakes/clients.ts';
import { FLAGS } from './mistakes/flags.ts';
import { KEYS_AND_STALENESS } from './mistakes/keys-and-staleness.ts';
import type { Mistake } from './mistakes/mistake.ts';
import { ORIGIN_TERMS } from './mistakes/origin-terms.ts';
import { ORIGINS_AND_ADDONS } from './mistakes/origins-and-addons.ts';
import { RULES } from './mistakes/rules.ts';
import { SETTINGS } from './mistakes/settings.ts';
import { SITES } from './mistakes/sites.ts';
import { SYNTAX } from './mistakes/syntax.ts';
import { TIERS_AND_FILES } from './mistakes/tiers-and-files.ts';

const TOPICS = {
  SYNTAX,
  SETTINGS,
  CACHE_RULES,
  KEYS_AND_STALENESS,
  ORIGINS_AND_ADDONS,
  SITES,
  FLAGS,
  CLIENTS,
  ORIGIN_TERMS,
  RULES,
  TIERS_AND_FILES,
};

for (const [topic, mistakes] of Object.entries(TOPICS)) {
  test(`mistakes: ${topic.toLowerCase().replaceAll('_', ' ')}`, async (t) => {
    for (const mistake of mistakes) await t.test(mistake.name, () => check(mistake));
  });
}

async function check({ file, flags = [], env = {}, at, says, fix }: Mistake): Promise<void> {
  using folder = new Folder(file === undefined ? {} : { 'lb.json': file });
  const { code, stdout, stderr } = await folder.lb(['check', ...flags], env);
  assert.equal(code, 2, stderr);
  assert.equal(stdout, '');
  const blocks = stderr.split('\n\n');
  const block = blocks.find((text) => says.test(text.split('\n')[0]));
  assert.ok(block, `no error says ${says}:\n${stderr}`);
  assert.ok(block.startsWith(at), `not at ${at}:\n${block}`);
  assert.match(block, new RegExp(`fix: .*(?:${fix.source})`), block);
  assert.match(stderr, /\nlb: 1 mistake in the configuration\n$/, 'one mistake gives one error');
  assert.doesNotMatch(stderr, /hunter2/);
}

test('the caret is below the mistake', async () => {
  using folder = new Folder({
    'lb.json': '{\n\t"origins": ["example.com:443"], "cache": {"api": {"match": "/a b"}}\n}',
  });
  const { stderr } = await folder.lb(['check']);
  const [, line, caret] = stderr.split('\n');
  assert.equal(line.slice(caret.indexOf('^'), caret.indexOf('^') + 1), ' ');
  assert.equal(line.slice(0, caret.indexOf('^')).endsWith('"/a'), true);
});

test('all mistakes of flags, variables and file come at once, in order', async () => {
  using folder = new Folder({ 'lb.json': '{\n "orgins": [],\n "workers": 0,\n "cache": {"static": {"ttl": "x"}}\n}' });
  const { code, stderr } = await folder.lb(['check', '--listen', 'x', '--ttl', 'y'], {
    LB_CACHE_MEMORY: 'z',
    LB_LOG_LEVEL: 'q',
  });
  assert.equal(code, 2);
  const places = [...stderr.matchAll(/^(\S+): error:/gm)].map(([, place]) => place);
  assert.deepEqual(places, [
    '--listen',
    '--ttl',
    'LB_LOG_LEVEL',
    'LB_CACHE_MEMORY',
    'lb.json:2:2',
    'lb.json:3:13',
    'lb.json:4:12',
    'lb.json:4:30',
  ]);
  assert.match(stderr, /lb: 8 mistakes in the configuration\n$/);
});

test('mistakes before a syntax error are shown with it', async () => {
  using folder = new Folder({ 'lb.json': '{\n "orgins": [],\n "workers": 1\n "admin": 5\n}' });
  const { stderr } = await folder.lb(['check']);
  assert.match(stderr, /lb\.json:2:2: error: unknown key "orgins"/);
  assert.match(stderr, /lb\.json:4:2: error: a comma is missing/);
});

test('a secret in the line of a mistake is blanked', async () => {
  const lines = [
    '{"admin_token": "hunter2", "orgins": 1}',
    '{"admin_tokn": "hunter2"}',
    '{"admin_token": "hunter2',
    '{"admin_token": ["hunter2"]}',
    '{"origins": ["https://user:hunter2@a.com"]}',
    '{"origins": ["https://hunter2@a.com/x"], "workers": 0, "admin_token": {"a": "hunter2"}}',
    '{"password": "hunter2"}',
    '{"acme": {"eab_key": ["hunter2"]}, "orgins": 1}',
    '{"tracing": {"headers": {"Authorization": "Bearer hunter2"}, "sample": 2}}',
    '{"tracing": {"headers": ["authorization: Bearer hunter2"], "sample": 2}}',
  ];
  for (const line of lines) {
    using folder = new Folder({ 'lb.json': line });
    const { code, stdout, stderr } = await folder.lb(['check']);
    assert.equal(code, 2);
    if (!line.includes('//hunter2')) assert.doesNotMatch(stderr + stdout, /hunter2/, line);
  }
});

test('check --json gives the mistakes as data', async () => {
  using folder = new Folder({ 'lb.json': '{"orgins": []}' });
  const { code, stdout, stderr } = await folder.lb(['check', '--json']);
  assert.equal(code, 2);
  assert.equal(stderr, '');
  const { ok, errors } = JSON.parse(stdout) as { ok: boolean; errors: unknown[] };
  assert.equal(ok, false);
  assert.deepEqual(errors[0], {
    source: 'lb.json',
    line: 1,
    column: 2,
    message: 'unknown key "orgins"',
    fix: 'did you mean "origins"?',
  });
});

test('in a process of its own: exit code 2, everything on stderr', () => {
  const cases: readonly (readonly [string, string[], Record<string, string>, RegExp])[] = [
    ['{"orgins": []}', ['check'], {}, /^lb\.json:1:2: error: unknown key "orgins"/],
    ['{', ['serve'], {}, /^lb\.json:1:2: error: /],
    ['{}', [], { LB_ORIGINS: 'a' }, /^LB_ORIGINS: error: "a" has no port/],
  ];
  for (const [file, argv, env, expected] of cases) {
    using folder = new Folder({ 'lb.json': file });
    const result = spawnSync(process.execPath, [MAIN, ...argv], {
      cwd: folder.path,
      env: { PATH: process.env.PATH, ...env },
      encoding: 'utf8',
    });
    assert.equal(result.status, 2, result.stderr);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, expected);
  }
});

test('an older Node is told apart before anything else is imported', () => {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
  const older = "Object.defineProperty(process, 'versions', { value: { node: '20.1.0' } })";
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(older)}`, main, '--version'],
    { encoding: 'utf8' },
  );
  assert.deepEqual([status, stdout, stderr], [1, '', 'lb: lb needs Node 24; this is Node 20.1.0\n']);
});

test('the documents made from the settings table are up to date', () => {
  const script = fileURLToPath(new URL('../../scripts/docs.ts', import.meta.url));
  const result = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  assert.equal(result.status, 0, result.stderr);
});
