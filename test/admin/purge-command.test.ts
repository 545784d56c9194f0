// `lb purge` against an admin listener over a real socket.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startAdmin } from '../../src/admin/server.ts';
import { type PurgeRequest, UnknownSiteError } from '../../src/admin/types.ts';
import { CliError } from '../../src/cli/exit.ts';
import { runCli } from '../../src/cli/index.ts';
import type { Io } from '../../src/cli/io.ts';
import { purgeCommand } from '../../src/cli/purge.ts';
import { adminDeps } from '../support/admin-deps.ts';

const closers: (() => Promise<void>)[] = [];
after(() => Promise.all(closers.map((close) => close())));

async function admin(token?: string) {
  const purges: PurgeRequest[] = [];
  const server = await startAdmin(
    adminDeps({
      config: { host: '127.0.0.1', port: 0, token },
      purge: (requests) => {
        if (requests.some(({ host }) => host === 'unknown.example'))
          throw new UnknownSiteError('no site has this host');
        purges.push(...requests.map(({ item: _item, ...purge }) => purge));
        return requests.map(({ scope }) => ({
          id: 'p',
          site: null,
          time: '',
          objects: scope === 'url' ? 1 : undefined,
        }));
      },
    }),
  );
  closers.push(() => server.close());
  return { purges, address: `127.0.0.1:${server.address.port}` };
}

async function run(args: readonly string[], env: Io['env'] = {}) {
  let stdout = '';
  const io: Io = {
    env,
    cwd: '/',
    stdout: {
      write: (text) => {
        stdout += text;
      },
    },
    stderr: { write: () => {} },
  };
  try {
    await purgeCommand(io).exitOverride().parseAsync(args, { from: 'user' });
    return { stdout, code: 0, error: '' };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { stdout, code: error.code, error: error.message };
  }
}

test('several paths, one line each', async () => {
  const { address, purges } = await admin();
  const { stdout, code } = await run(['/a?x=1', '/images/*', '--admin', address]);
  assert.equal(code, 0);
  assert.equal(stdout, 'purged /a?x=1: 1 object\npurged /images/*\n');
  assert.deepEqual(
    purges.map(({ pattern, host, soft }) => [pattern, host, soft]),
    [
      ['/a?x=1', null, false],
      ['/images/*', null, false],
    ],
  );
});

test('host, soft and JSON; the address from the environment', async () => {
  const { address, purges } = await admin();
  const { stdout } = await run(['/a', '--host', 'Shop.example', '--soft', '--json'], { LB_ADMIN: address });
  assert.deepEqual(purges, [{ scope: 'url', host: 'shop.example', pattern: '/a', soft: true }]);
  const { time, ...answer } = JSON.parse(stdout);
  assert.equal(typeof time, 'string');
  const expected = { id: 'p', scope: 'url', host: 'shop.example', site: null, pattern: '/a', soft: true, objects: 1 };
  assert.deepEqual(answer, expected);
});

test('a URL names host and path; nothing is normalized; a host parameter of the target stays', async () => {
  const { address, purges } = await admin();
  const urls = ['https://shop.example:8443/x/../y?host=z', 'http://shop.example', '/%2A', '/ü?a b'];
  assert.equal((await run([...urls, '--admin', address])).code, 0);
  assert.deepEqual(
    purges.map(({ host, pattern }) => [host, pattern]),
    [
      ['shop.example', '/x/../y?host=z'],
      ['shop.example', '/'],
      [null, '/%2A'],
      [null, '/%C3%BC?a%20b'],
    ],
  );
});

test('all, without asking when nobody sits at a terminal', async () => {
  const { address, purges } = await admin();
  assert.equal((await run(['--all', '--host', 'a.example', '--admin', address])).stdout, 'purged /* of a.example\n');
  assert.deepEqual(purges, [{ scope: 'all', host: 'a.example', pattern: '/*', soft: false }]);
  assert.match(purgeCommand().helpInformation().replaceAll(/\s+/g, ' '), /without a terminal lb never asks/);
});

test('the token, and exit code 3 without it', async () => {
  const { address } = await admin('t0ken');
  const args = ['/a', '--admin', address];
  assert.equal((await run(args, { LB_ADMIN_TOKEN: 't0ken' })).code, 0);
  assert.deepEqual(await run(args), {
    stdout: '',
    code: 3,
    error: 'lb asks for the admin token: set LB_ADMIN_TOKEN',
  });
  const wrong = await run(args, { LB_ADMIN_TOKEN: 'other' });
  assert.deepEqual([wrong.code, wrong.error], [3, 'the admin token is wrong: check LB_ADMIN_TOKEN']);
});

test('tags, a site, a host', async () => {
  const { address, purges } = await admin();
  const { stdout } = await run(['--tag', 'news', '--tag', 'é', '--host', 'a.example', '--soft', '--admin', address]);
  assert.equal(stdout, 'marked stale tag news of a.example\nmarked stale tag é of a.example\n');
  const tag = { scope: 'tag', host: 'a.example', pattern: '/*', soft: true };
  assert.deepEqual(purges.splice(0), [
    { ...tag, tag: 'news' },
    { ...tag, tag: 'é' },
  ]);
  assert.equal((await run(['--site', 'shop', '--admin', address])).stdout, 'purged /* of site shop\n');
  assert.equal((await run(['--host', 'b.example', '--admin', address])).stdout, 'purged /* of b.example\n');
  await run(['/a', '--tag', 'x', '--site', 'shop', '--admin', address]);
  const all = { scope: 'all', host: null, pattern: '/*', soft: false };
  assert.deepEqual(purges, [
    { ...all, site: 'shop' },
    { ...all, host: 'b.example' },
    { ...all, scope: 'url', pattern: '/a', site: 'shop' },
    { ...all, scope: 'tag', tag: 'x', site: 'shop' },
  ]);
});

test('a list', async () => {
  const { address, purges } = await admin();
  const list = '# changed today\n/a\n\n  /b?x=1 \r\nhttps://shop.example/c/*\ntag:news\ntag: sport\n';
  const { code, stdout } = await lb(['purge', '/first', '--file', 'list', '--admin', address], { list });
  assert.equal(code, 0);
  assert.equal(stdout.split('\n').length, 7);
  assert.deepEqual(
    purges.map(({ scope, host, pattern, tag }) => [scope, host, tag ?? pattern]),
    [
      ['url', null, '/first'],
      ['url', null, '/a'],
      ['url', null, '/b?x=1'],
      ['pattern', 'shop.example', '/c/*'],
      ['tag', null, 'news'],
      ['tag', null, 'sport'],
    ],
  );
  for (const [text, message] of [
    ['/a\nb', /lb: list:2: "b" is not a path: begin with \//],
    ['# nothing\n', /list lists nothing to purge/],
  ] as const) {
    const { code, stderr } = await lb(['purge', '--file', 'list', '--admin', address], { list: text });
    assert.equal(code, 2);
    assert.match(stderr, message);
  }
  const none = await lb(['purge', '--file', 'none', '--admin', address], {});
  assert.equal(none.code, 2);
  assert.match(none.stderr, /^lb: --file: ENOENT/);
});

const USAGE: [args: string[], message: RegExp][] = [
  [[], /say what to purge/],
  [['/a', '--all'], /not both/],
  [['--tag', 'a', '--all'], /not both/],
  [['--soft'], /say what to purge/],
  [['images/*'], /is not a path: begin with \/, such as "\/images\/\*"/],
  [['/a#b'], /has a fragment/],
  [['http://a/x', '--host', 'b'], /names a host and so does --host/],
  [['/a', '--admin', 'localhost:port'], /^--admin: /],
];

for (const [args, message] of USAGE) {
  test(`lb purge ${args.join(' ')} is wrong use`, async () => {
    const { code, error } = await run(args);
    assert.equal(code, 2);
    assert.match(error, message);
  });
}

test('an unknown host is told; after a purge that worked the code is that of a part', async () => {
  const { address } = await admin();
  const alone = await run(['/a', '--host', 'unknown.example', '--admin', address]);
  assert.deepEqual([alone.code, alone.error], [1, '/a: no site has this host']);
  const second = await run(['/a', 'http://unknown.example/b', '--admin', address]);
  assert.deepEqual([second.code, second.error], [1, '2 purges: no site has this host']);
  const paths = Array.from({ length: 1000 }, (_, i) => `/${i}`);
  const batches = await run([...paths, 'http://unknown.example/b', '--admin', address]);
  assert.equal(batches.code, 5);
  assert.match(batches.error, /1000 of 1001 purged/);
});

test('nothing there, or something else, is told in one line', async () => {
  const other = createServer((_request, response) => response.end('<html>'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const address = `127.0.0.1:${port}`;
  assert.match((await run(['/a', '--admin', address])).error, /is not the admin API of lb/);
  await new Promise((resolve) => other.close(resolve));
  const { code, error } = await run(['/a', '--admin', address]);
  assert.equal(code, 4);
  assert.match(error, /cannot reach the admin address 127\.0\.0\.1:\d+: nothing listens there; is lb running\?/);
  assert.ok(!error.includes('\n'));
});

/** `lb ...args` in a folder with these files. */
async function lb(args: readonly string[], files: Record<string, string>, env: Io['env'] = {}) {
  const cwd = mkdtempSync(join(tmpdir(), 'lb-purge-'));
  let stdout = '';
  let stderr = '';
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
    const outputs = {
      stdout: { write: (text: string) => (stdout += text) },
      stderr: { write: (text: string) => (stderr += text) },
    };
    const code = await runCli(args, { env, cwd, ...outputs });
    return { code, stdout, stderr };
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

const DONE = { code: 0, stdout: 'purged /a: 1 object\n', stderr: '' };

test('address and token from lb.json, whatever else is wrong in it', async () => {
  const { address } = await admin('t0ken');
  const file = `{"admin": "${address}", "admin_token": "t0ken", "orgins": [], "workers": 0}`;
  const wrong = '{"admin": "127.0.0.1:1", "admin_token": "other"}';
  assert.deepEqual(await lb(['purge', '/a'], { 'lb.json': file }), DONE);
  assert.deepEqual(await lb(['purge', '/a', '-c', 'x.json'], { 'lb.json': wrong, 'x.json': file }), DONE);
  assert.deepEqual(await lb(['-c', 'x.json', 'purge', '/a'], { 'lb.json': wrong, 'x.json': file }), DONE);
  assert.deepEqual(await lb(['purge', '/a'], { 'lb.json': wrong, 'x.json': file }, { LB_CONFIG: 'x.json' }), DONE);
});

test('flag and variables go over lb.json, each for itself', async () => {
  const { address } = await admin('t0ken');
  const file = { 'lb.json': '{"admin": "127.0.0.1:1", "admin_token": "t0ken"}', token: 't0ken\n' };
  assert.deepEqual(await lb(['purge', '/a', '--admin', address], file), DONE);
  assert.deepEqual(await lb(['--admin', address, 'purge', '/a'], file), DONE);
  assert.deepEqual(await lb(['purge', '/a'], file, { LB_ADMIN: address }), DONE);
  const other = { 'lb.json': `{"admin": "${address}", "admin_token": "other"}` };
  assert.deepEqual(await lb(['purge', '/a'], other, { LB_ADMIN_TOKEN: 't0ken' }), DONE);
});

test('a file that cannot be read does not stop a purge, and is told where its address was wanted', async () => {
  const { address } = await admin();
  const broken = { 'lb.json': '{"admin": ' };
  assert.deepEqual(await lb(['purge', '/a'], broken, { LB_ADMIN: address }), DONE);
  assert.deepEqual(await lb(['purge', '/a', '--admin', address, '-c', 'none.json'], {}), DONE);
  const { stderr } = await lb(['purge', '/no-such-page'], { 'lb.json': '{"admin": true}' });
  assert.match(stderr, /^note: lb.json has mistakes \(lb check shows them\): admin settings in it may not count\n/);
});

test('other settings before purge are refused', async () => {
  const { code, stderr } = await lb(['--listen', ':1', 'purge', '/a'], {});
  assert.deepEqual([code, stderr], [2, 'lb: --listen has no effect on purge: leave it out\n']);
});
