// lb status, top, stats, logs, health and reload against a running lb.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAdmin } from '../../src/admin/server.ts';
import type { AdminDeps } from '../../src/admin/types.ts';
import { counted, startScene } from '../caching/scene.ts';
import { type CliResult, Folder } from '../config/cli.ts';
import { adminDeps } from '../support/admin-deps.ts';
import { freePort } from '../support/origin.ts';

const scene = await startScene({ after }, { workers: 1 });
scene.on('/hit', counted([['Cache-Control', 'max-age=60']]));
scene.on('/down', (_request, answer) => answer.send(500, [], 'x'));
const folder = new Folder();
after(() => folder[Symbol.dispose]());
const running = `127.0.0.1:${scene.lb.admin.port}`;

function lb(args: string[], admin = running): Promise<CliResult> {
  return folder.lb(args, { LB_ADMIN: admin });
}

/** Asks lb for pages until the command is over. */
async function underLoad(command: Promise<CliResult>): Promise<CliResult> {
  let over = false;
  void command.finally(() => {
    over = true;
  });
  while (!over) for (const path of ['/hit', '/hit', '/hit', '/down', '/nowhere']) await scene.get(path);
  return command;
}

test('lb status', async () => {
  await scene.get('/hit');
  const { code, stdout, stderr } = await lb(['status']);
  assert.equal(code, 0, stderr);
  for (const line of [/^lb +test, ready, up \d+s$/m, /^listen +http:\/\/127\.0\.0\.1:\d+$/m, /^cache .*hit ratio/m]) {
    assert.match(stdout, line);
  }
  assert.match(stdout, new RegExp(`default +http://127.0.0.1:${scene.origin.port} `));
  const status = JSON.parse((await lb(['status', '--json'])).stdout) as { ready: boolean; workers: unknown[] };
  assert.deepEqual([status.ready, status.workers.length], [true, 1]);
});

test('lb top, once', async () => {
  const { code, stdout, stderr } = await underLoad(lb(['top', '-1', '--interval', '300ms']));
  assert.equal(code, 0, stderr);
  assert.match(stdout, /requests\/s {3}.*from cache/);
  assert.match(stdout, /200 .*\/s/);
  assert.match(stdout, /site\.test\/hit$/m);
  assert.match(stdout, /127\.0\.0\.1$/m);
});

test('lb top as JSON, by errors', async () => {
  const { stdout } = await underLoad(lb(['top', '-1', '--json', '--sort', 'errors', '--interval', '300ms']));
  const report = JSON.parse(stdout) as {
    sort: string;
    requests: number;
    errors: number;
    urls: { key: string; errors: number }[];
    statuses: { status: number }[];
    origins: { url: string }[];
  };
  assert.equal(report.sort, 'errors');
  assert.ok(report.requests > 0 && report.errors > 0);
  assert.deepEqual(
    report.urls.map(({ key }) => key),
    ['site.test/down'],
  );
  assert.deepEqual(new Set(report.statuses.map(({ status }) => status)), new Set([200, 404, 500]));
  assert.equal(report.origins[0].url, `http://127.0.0.1:${scene.origin.port}`);
});

test('lb stats, once', async () => {
  const { stdout } = await underLoad(lb(['stats', '-1', '--interval', '200ms', '--filter', 'cache_hits']));
  const [titles, row, ...others] = stdout.trim().split('\n');
  assert.match(titles, /^name +value +now\/s +average\/s$/);
  assert.match(row, /^site\.default\.cache_hits_total +\d+ +\d/);
  assert.deepEqual(others, []);
  const json = await underLoad(
    lb([
      'stats',
      '-1',
      '--json',
      '--interval',
      '200ms',
      '--filter',
      '*.requests_total.GET.2xx',
      '--filter',
      '*http_requests_total.GET.2xx',
    ]),
  );
  const { stats } = JSON.parse(json.stdout) as {
    stats: { name: string; now: number; average: number; value: number }[];
  };
  assert.equal(stats[0].name, 'site.default.http_requests_total.GET.2xx');
  assert.ok(stats[0].now > 0 && stats[0].average > 0 && stats[0].value > 0);
});

test('lb logs with a filter, for people and as JSON Lines', async () => {
  const filter = ['--filter', 'status >= 500 && cache == "MISS"'];
  const text = await underLoad(lb(['logs', '--tail', ...filter, '-n', '2']));
  assert.equal(text.code, 0, text.stderr);
  const lines = text.stdout.trim().split('\n');
  assert.equal(lines.length, 2);
  for (const line of lines)
    assert.match(line, /^\d\d:\d\d:\d\d {2}500 {2}MISS .* GET site\.test\/down {2}127\.0\.0\.1$/);
  const json = await underLoad(lb(['logs', '--json', '--lines', '1', '--filter', 'cache == "HIT"']));
  assert.equal((JSON.parse(json.stdout) as { path: string }).path, '/hit');
});

test('a wrong filter is shown with its place, before anything is asked', async () => {
  const { code, stderr } = await lb(['logs', '--filter', 'status >= 500 && cach == "HIT"'], '127.0.0.1:1');
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^lb: --filter, column 18: unknown field "cach"; did you mean cache\?\n {2}status.*\n {19}\^{4}\n$/,
  );
});

test('lb health', async () => {
  const ready = await lb(['health']);
  assert.deepEqual([ready.code, ready.stdout], [0, 'healthy\n']);
  assert.equal((await folder.lb(['health', '--admin', running, '--live', '--json'])).stdout, '{"live":true}\n');
  assert.equal((await folder.lb(['--admin', running, 'health'])).code, 0);
  const away = await lb(['health'], `127.0.0.1:${await freePort()}`);
  assert.equal(away.code, 1);
  assert.match(away.stderr, /refuses connections: lb is not running/);
  const waiting = await admin({ ready: () => ['draining'] });
  const draining = await lb(['health'], waiting);
  assert.deepEqual([draining.code, draining.stdout], [1, 'not healthy: draining\n']);
  assert.equal((await lb(['health', '--nonsense'])).code, 2);
  assert.match((await lb(['health', '--help'])).stdout, /^Examples:/);
});

async function admin(given: Partial<AdminDeps>): Promise<string> {
  const server = await startAdmin(adminDeps(given));
  after(() => server.close());
  return `127.0.0.1:${server.address.port}`;
}

test('lb reload says what has changed', async () => {
  const address = await admin({
    reload: async () => ({ ok: true, generation: 4, changed: ['default: origins'], needsRestart: ['workers'] }),
  });
  const { code, stdout, stderr } = await lb(['reload'], address);
  assert.equal(code, 0);
  assert.equal(stdout, 'reloaded: configuration 4 is in force\n  default: origins\n');
  assert.match(stderr, /next start on: workers/);
  assert.deepEqual(JSON.parse((await lb(['reload', '--json'], address)).stdout), {
    ok: true,
    generation: 4,
    changed: ['default: origins'],
    needs_restart: ['workers'],
  });
});

test('lb reload of a wrong configuration: its mistakes, and exit code 2', async () => {
  const mistake = {
    source: 'lb.json',
    line: 3,
    column: 5,
    text: '',
    width: 1,
    message: 'unknown key "orgins"',
    fix: 'did you mean "origins"?',
  };
  const wrong = await admin({ reload: async () => ({ ok: false, error: 'it has mistakes', mistakes: [mistake] }) });
  const { code, stdout, stderr } = await lb(['reload'], wrong);
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(
    stderr,
    /^lb\.json:3:5: unknown key "orgins"\n {2}did you mean "origins"\?\nlb: not reloaded.*1 mistake/,
  );
  const failing = await admin({ reload: async () => ({ ok: false, error: 'port 80 is in use', mistakes: [] }) });
  const failed = await lb(['reload'], failing);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /port 80 is in use/);
});

test('exit codes say whether lb is away, asks for a token, or is something else', async () => {
  const away = `127.0.0.1:${await freePort()}`;
  const closed = await admin({ config: { host: '127.0.0.1', port: 0, token: 'secret' } });
  for (const args of [['status'], ['top', '-1'], ['stats', '-1'], ['logs'], ['reload']]) {
    assert.equal((await lb(args, away)).code, 4, `${args[0]} away`);
    assert.equal((await lb(args, closed)).code, 3, `${args[0]} without the token`);
  }
  assert.equal((await lb(['top', '--sort', 'size'])).code, 2);
  assert.equal((await lb(['top', '-1', '--interval', '1ms'])).code, 2);
  assert.equal((await lb(['logs', '-n', '0'])).code, 2);
  assert.equal((await lb(['logs', '--sample', '7'])).code, 2);
});

test('every command has help that begins with examples, and is completed', async () => {
  for (const command of ['status', 'top', 'stats', 'logs', 'health', 'reload']) {
    const { code, stdout } = await lb([command, '--help']);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^Examples:\n +lb .*${command}`), command);
  }
  const { stdout } = await lb(['completion', 'bash']);
  assert.match(stdout, /"lb logs"\) words=".*--filter.*" ;;/);
});

test('what clients send does not reach the terminal', async () => {
  const evil = await underClients();
  assert.ok(!evil.includes('\x1b'));
});

async function underClients(): Promise<string> {
  const command = lb(['logs', '-n', '1', '--filter', 'path =~ "evil"']);
  let over = false;
  void command.finally(() => {
    over = true;
  });
  while (!over) await scene.get('/evil%1b[2J', [['User-Agent', 'a\u009b2J']]);
  return (await command).stdout;
}
