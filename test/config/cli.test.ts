import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command } from 'commander';
import { completionScript } from '../../src/cli/completion.ts';
import { buildProgram } from '../../src/cli/program.ts';
import type { Provenance } from '../../src/config/picker.ts';
import { SETTINGS } from '../../src/config/settings.ts';
import { Folder } from './cli.ts';

/** What `lb config print --json` printed. */
function settingsIn(stdout: string): Provenance[] {
  return (JSON.parse(stdout) as { settings: Provenance[] }).settings;
}

test('nothing to serve: help on stderr and exit code 2', async () => {
  using folder = new Folder();
  const { code, stdout, stderr } = await folder.lb([]);
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /^Examples:/);
  assert.match(stderr, /\nlb: nothing to serve: .*-b HOST:PORT.*\n$/);
});

test('a variable of lb, or nearly one, leads to the mistakes instead of to the help', async () => {
  using folder = new Folder();
  const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ LB_ORIGIN: 'a:80' }, /^LB_ORIGIN: error: unknown variable LB_ORIGIN\n.*did you mean LB_ORIGINS\?/s],
    [{ LB_LISTEN: ':81', LB_CONFIG: '' }, /^lb: error: no origin to fetch from/],
  ];
  for (const [env, expected] of cases) {
    const { code, stderr } = await folder.lb([], env);
    assert.equal(code, 2);
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /Examples:/);
  }
  const unrelated: Record<string, string>[] = [{ LB_LISTEN: '' }, { LB_PORT: 'tcp://10.0.0.1:80' }];
  for (const env of unrelated) {
    assert.match((await folder.lb([], env)).stderr, /^Examples:/);
  }
});

test('origins elsewhere may have the port of lb', async () => {
  using folder = new Folder();
  const cases = [
    ['-b', '10.0.0.1:8080'],
    ['-b', '[::1]:8080'],
    ['-b', '127.0.0.1:8080', '--listen', '127.0.0.2:8080'],
    ['-b', '127.0.0.1:8080', '--listen', ':8081'],
  ];
  for (const argv of cases) assert.equal((await folder.lb(['check', ...argv])).code, 0, argv.join(' '));
});

test('--help is data, opens with examples, and has every flag of the table', async () => {
  using folder = new Folder();
  const { code, stdout, stderr } = await folder.lb(['--help']);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^Examples:\n {2}lb /);
  for (const { flag, short, shortcuts = [] } of SETTINGS) {
    for (const name of [flag, short, ...shortcuts.map((shortcut) => shortcut.flag)]) {
      if (name) assert.match(stdout, new RegExp(`(?:^|\\s)${name}[, ]`), name);
    }
  }
});

test('the help of every command opens with examples', async () => {
  using folder = new Folder();
  const commands = [
    ['serve'],
    ['demo'],
    ['init'],
    ['check'],
    ['config'],
    ['config', 'print'],
    ['config', 'schema'],
    ['completion'],
    ['version'],
    ['purge'],
  ];
  for (const words of commands) {
    const { code, stdout } = await folder.lb([...words, '--help']);
    assert.equal(code, 0, words.join(' '));
    assert.match(stdout, /^Examples:\n {2}lb /, words.join(' '));
  }
});

test('unknown commands and flags get a suggestion and exit code 2', async () => {
  using folder = new Folder();
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['chek'], /^lb: unknown command 'chek'; did you mean check\?\n$/],
    [['servee', '--listen', ':1'], /did you mean serve\?/],
    [['xyzzy'], /^lb: unknown command 'xyzzy'; lb --help lists them\n$/],
    [['example.com:443'], /to serve an origin write lb -b example.com:443/],
    [['--lisen', ':1'], /^lb: unknown option '--lisen'; did you mean --listen\?\n$/],
    [['-b', 'a:80', '--cache-memroy=1GB'], /did you mean --cache-memory\?/],
    [['serve', '--lisen', ':1'], /^lb: unknown option '--lisen'; did you mean --listen\?\n$/],
    [['config', 'prnt'], /did you mean print\?/],
    [['check', '--listen'], /^lb: option '--listen <ADDR:PORT>' argument missing\n$/],
    [['completion', 'csh'], /Allowed choices are bash, zsh, fish/],
    [['-b', 'a:80', 'version'], /^lb: -b has no effect on version: leave it out\n$/],
    [['check', 'a.json', 'b.json'], /too many arguments/],
  ];
  for (const [argv, expected] of cases) {
    const { code, stdout, stderr } = await folder.lb(argv);
    assert.deepEqual([code, stdout], [2, ''], argv.join(' '));
    assert.match(stderr, expected);
  }
});

test('version', async () => {
  using folder = new Folder();
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  for (const argv of [['--version'], ['-V'], ['version']]) {
    assert.deepEqual(await folder.lb(argv), { code: 0, stdout: `lb ${version}\n`, stderr: '' });
  }
  const { stdout } = await folder.lb(['version', '--json']);
  assert.deepEqual(JSON.parse(stdout), {
    lb: version,
    node: process.version.slice(1),
    platform: process.platform,
    arch: process.arch,
  });
});

test('check says what is fine, and what is wrong with rules of the firewall', async () => {
  using folder = new Folder({
    'a.json': '{"origins": ["a:80"], "addons": {"waf": {"path": "."}}, "cache": {"api": {"match": "/a"}}}',
    'b.json': '{"origins": ["a:80"], "addons": {"waf": {"path": ".", "rules": "own.rules"}}}',
    'c.json': '{"origins": ["a:80"], "addons": {"waf": {"path": "nowhere"}}}',
    'REQUEST-901-INITIALIZATION.conf': 'SecAction "id:1,phase:1,pass,nolog"\n',
    'own.rules': '\nSecRule ARGS "@contain x" "id:2,phase:2,deny"\n',
  });
  const { code, stdout, stderr } = await folder.lb(['check', 'a.json']);
  assert.equal(stderr, '');
  assert.deepEqual([code, stdout], [0, 'a.json: ok (1 site, 1 cache rule)\n']);
  const wrong = await folder.lb(['check', 'b.json']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /own\.rules:2: .*contain/);
  const missing = await folder.lb(['check', 'c.json', '--json']);
  assert.match(missing.stdout, /there is no rule set in .*nowhere/);
  const json = await folder.lb(['check', 'a.json', '--json']);
  assert.deepEqual([json.code, (JSON.parse(json.stdout) as { ok: boolean }).ok], [0, true]);
});

test('flags before the command count like those after it', async () => {
  using folder = new Folder({ 'a.json': '{"origins": ["a:80"]}' });
  assert.equal((await folder.lb(['-c', 'a.json', 'check'])).code, 0);
  assert.equal((await folder.lb(['check', '-c', 'a.json'])).code, 0);
  assert.equal((await folder.lb(['-b', 'a:80', 'check', '--listen', 'x'])).code, 2);
});

test('init writes what check accepts, and a schema beside it', async () => {
  using folder = new Folder();
  const { code, stdout, stderr } = await folder.lb(['init', '-b', 'example.com:443']);
  assert.deepEqual([code, stdout], [0, '']);
  assert.match(stderr, /Wrote lb\.json/);
  assert.match(readFileSync(join(folder.path, 'lb.schema.json'), 'utf8'), /"origins": \{/);
  assert.equal((await folder.lb(['check'])).code, 0);
  const printed = await folder.lb(['config', 'print', '--json']);
  assert.deepEqual(
    settingsIn(printed.stdout).find(({ path }) => path === 'origins'),
    { path: 'origins', value: ['https://example.com:443'], from: 'lb.json:6:14' },
  );
});

test('init overwrites nothing without --force', async () => {
  using folder = new Folder({ 'lb.json': 'mine' });
  const { code, stderr } = await folder.lb(['init']);
  assert.deepEqual([code, stderr], [1, 'lb: lb.json exists already: --force overwrites it\n']);
  assert.equal(readFileSync(join(folder.path, 'lb.json'), 'utf8'), 'mine');
  assert.ok(!existsSync(join(folder.path, 'lb.schema.json')));
  assert.equal((await folder.lb(['init', '--force'])).code, 0);
  assert.equal((await folder.lb(['check'])).code, 0);
});

test('init says in one line why it cannot write', async () => {
  using folder = new Folder();
  mkdirSync(join(folder.path, 'sub'));
  assert.equal(
    (await folder.lb(['init', 'nowhere/lb.json'])).stderr,
    'lb: cannot write nowhere/lb.json: there is no such folder\n',
  );
  assert.equal((await folder.lb(['init', 'sub', '--force'])).stderr, 'lb: cannot write sub: it is a folder\n');
  const wrong = await folder.lb(['init', '-b', 'example.com']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /^lb: --origin example.com: .*has no port; write HOST:PORT, such as example.com:443\n$/);
});

test('init --dry-run writes nothing', async () => {
  using folder = new Folder();
  const { code, stdout } = await folder.lb(['init', '--dry-run']);
  assert.equal(code, 0);
  assert.match(stdout, /"\$schema"/);
  assert.ok(!existsSync(join(folder.path, 'lb.json')));
});

test('config print tells where each value comes from, and no secret', async () => {
  using folder = new Folder({ 'lb.json': '{\n  "origins": ["a:80"],\n  "cache": {"memory": "64MB"}\n}' });
  const env = { LB_ADMIN_TOKEN: 'hunter2-hunter2-hunter2', LB_WORKERS: '2' };
  const set = await folder.lb(['config', 'print', '--listen', ':81'], env);
  assert.deepEqual(
    set.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/)),
    [
      ['listen', '"0.0.0.0:81"', '--listen'],
      ['admin_token', '"***"', 'LB_ADMIN_TOKEN'],
      ['workers', '2', 'LB_WORKERS'],
      ['cache.memory', '"64MB"', 'lb.json:3:23'],
      ['origins', '["http://a:80"]', 'lb.json:2:14'],
    ],
  );
  const all = await folder.lb(['config', 'print', '--resolved', '--json'], env);
  const settings = settingsIn(all.stdout);
  assert.ok(settings.some(({ path, from }) => path === 'timeouts.connect' && from === 'default'));
  assert.doesNotMatch(set.stdout + all.stdout, /hunter2/);
});

test('what config print says can be put into lb.json', async () => {
  using folder = new Folder({
    'lb.json': `{
      "origins": ["unix:/run/a.sock", {"host": "b", "weight": 2, "backup": true, "proxy_protocol": "v1", "server_name": "c"}],
      "tls": {"cert": "lb.json", "key": "lb.json", "certificates": [{"cert": "lb.json", "key": "lb.json"}]},
      "listen": [81, 82], "health": {"statuses": [200]}, "retries": {"statuses": [502]}, "hsts": {"max_age": 60},
      "rules": [
        {"match": "/a/*", "hosts": "a.com", "redirect": {"to": "/{1}", "status": 308}},
        {"respond": {"body": "x", "headers": {"cache-control": "no-store, max-age=0"}}, "methods": "GET"},
        {"rewrite": "/b", "request_headers": {"remove": ["a"], "set": {"b": ["c", "d, e"]}}, "response_headers": {"add": {"f": "g"}}}
      ]}`,
  });
  const { stdout } = await folder.lb([
    'config',
    'print',
    '--resolved',
    '--json',
    '-b',
    'a:80,unix:/run/b.sock',
    '--cache-static',
    '*.js',
  ]);
  const file: Record<string, unknown> = {};
  for (const { path, value } of settingsIn(stdout)) {
    const parts = path.split('.');
    let object = file;
    for (const part of parts.slice(0, -1)) {
      object[part] ??= {};
      object = object[part] as Record<string, unknown>;
    }
    object[parts[parts.length - 1]] = value;
  }
  writeFileSync(join(folder.path, 'lb.json'), JSON.stringify(file));
  const again = await folder.lb(['config', 'print', '--resolved', '--json']);
  assert.equal(again.code, 0, again.stderr);
  const values = (text: string) => settingsIn(text).map(({ path, value }) => [path, value]);
  assert.deepEqual(values(again.stdout), values(stdout));
});

test('--compress needs no value', async () => {
  using folder = new Folder();
  const compression = async (...words: string[]) => {
    const { code, stdout, stderr } = await folder.lb(['config', 'print', '--resolved', '--json', ...words]);
    assert.equal(code, 0, stderr);
    return settingsIn(stdout).find(({ path }) => path === 'compression.enabled')?.value;
  };
  assert.equal(await compression('--compress', '-b', 'a:80'), true);
  assert.equal(await compression('-b', 'a:80', '--compress'), true);
  assert.equal(await compression('-b', 'a:80', '--compress', 'off'), false);
  assert.equal(await compression('-b', 'a:80', '--compress=on'), true);
});

test('colour only on a terminal, or where it is forced', async () => {
  using folder = new Folder({ 'lb.json': '{"orgins": []}' });
  assert.doesNotMatch((await folder.lb(['check'])).stderr, /\x1b/);
  assert.match((await folder.lb(['check'], { FORCE_COLOR: '1' })).stderr, /\x1b\[/);
});

function program(): Command {
  const output = { write: () => true };
  const purge = new Command('purge').description('Drop cached responses').option('--all', "everything's gone");
  return buildProgram({ env: {}, cwd: '/', stdout: output, stderr: output }, purge);
}

test('completion in bash', (t) => {
  const script = completionScript('bash', program());
  const complete = (...words: string[]) => {
    const line = `${script}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})\nCOMP_CWORD=${words.length - 1}\n_lb\necho "\${COMPREPLY[@]}"`;
    const result = spawnSync('bash', ['--norc', '-c', line], { encoding: 'utf8' });
    assert.equal(result.stderr, '');
    return result.stdout.trim();
  };
  if (spawnSync('bash', ['--version']).error) return t.skip('no bash here');
  assert.equal(complete('lb', 'chec'), 'check');
  assert.equal(complete('lb', 'config', 'p'), 'print');
  assert.equal(complete('lb', 'config', 'print', '--res'), '--resolved');
  assert.equal(complete('lb', '-b', 'a:80', '--cache-m'), '--cache-memory');
  assert.equal(complete('lb', 'purge', '--a'), '--all');
});

test('completion in zsh and fish has every command and is quoted', () => {
  for (const shell of ['zsh', 'fish'] as const) {
    const script = completionScript(shell, program());
    for (const word of ['serve', 'check', 'resolved', 'cache-memory', 'schema', 'all'])
      assert.ok(script.includes(word), word);
    const check = spawnSync(shell, ['-n'], { input: script, encoding: 'utf8' });
    if (!check.error) assert.equal(check.stderr, '');
  }
});

test('help is a command, alone and for a command', async () => {
  using folder = new Folder();
  assert.match((await folder.lb(['help'])).stdout, /^Examples:[\s\S]*Usage: lb /);
  assert.match((await folder.lb(['help', 'check'])).stdout, /Usage: lb check/);
});
