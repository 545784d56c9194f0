// `lb demo` as a user runs it: a process, requests over sockets, its lines, its end.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { MAIN } from '../support/process.ts';

const STEP_TIMEOUT = 20_000;

interface Demo {
  child: ChildProcess;
  stdout: string;
  stderr: string;
}

const started: Demo[] = [];
after(() => {
  for (const { child } of started) child.kill('SIGKILL');
});

function start(...args: string[]): Demo {
  const env = { ...process.env, LB_ORIGINS: 'not,good', NO_COLOR: '', FORCE_COLOR: '' };
  const child = spawn(process.execPath, [MAIN, 'demo', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const demo: Demo = { child, stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    demo.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    demo.stderr += text;
  });
  started.push(demo);
  return demo;
}

/** What stdout says, as soon as it does. */
async function line(demo: Demo, pattern: RegExp): Promise<RegExpExecArray> {
  const signal = AbortSignal.timeout(STEP_TIMEOUT);
  for (;;) {
    const found = pattern.exec(demo.stdout);
    if (found) return found;
    assert.equal(demo.child.exitCode, null, demo.stderr);
    await once(demo.child.stdout!, 'data', { signal });
  }
}

async function get(url: string, init?: RequestInit) {
  const response = await fetch(url, init);
  const body = Buffer.from(await response.arrayBuffer());
  return { status: response.status, cache: response.headers.get('cache-status'), headers: response.headers, body };
}

let demo: Demo;
let lb: string;
let admin: string;
before(async () => {
  demo = start('--port', '0');
  lb = (await line(demo, /Open (http:\/\/127\.0\.0\.1:\d+)\/ /))[1];
  admin = (await line(demo, /--admin (127\.0\.0\.1:\d+)/))[1];
  await line(demo, /^METHOD +PATH/m);
});

for (const { path, type } of [
  { path: '/', type: 'text/html; charset=utf-8' },
  { path: '/style.css', type: 'text/css' },
  { path: '/app.js', type: 'text/javascript' },
  { path: '/hills.png', type: 'image/png' },
  { path: '/logo.svg', type: 'image/svg+xml' },
  { path: '/news', type: 'text/html; charset=utf-8' },
  { path: '/slow', type: 'text/html; charset=utf-8' },
]) {
  test(`${path}: a miss, then a hit with the same bytes, both told`, async () => {
    const first = await get(lb + path);
    assert.equal(first.status, 200);
    assert.equal(first.headers.get('content-type'), type);
    assert.equal(first.cache, 'lb; fwd=uri-miss; stored');
    const second = await get(lb + path);
    assert.equal(second.cache, 'lb; hit');
    assert.match(second.headers.get('age') ?? '', /^\d+$/);
    assert.deepEqual(second.body, first.body);
    const shown = `GET +${path.replace('.', '\\.')} +200 +`;
    // in either order: two threads told them, perhaps within one millisecond
    await line(demo, new RegExp(`^${shown}MISS`, 'm'));
    await line(demo, new RegExp(`^${shown}HIT`, 'm'));
  });
}

test('the counter of the API stands still until a purge', async () => {
  const path = '/api/products/7';
  const calls = async () =>
    (JSON.parse((await get(lb + path)).body.toString()) as { origin_calls: number }).origin_calls;
  assert.deepEqual([await calls(), await calls(), await calls()], [1, 1, 1]);
  assert.equal((await get(`http://${admin}/cache/api/*`, { method: 'DELETE' })).status, 200);
  assert.deepEqual([await calls(), await calls()], [2, 2]);
});

test('the account is never stored, an unknown page is 404', async () => {
  const bodies = [await get(`${lb}/account`), await get(`${lb}/account`)].map(({ body }) => body.toString());
  assert.match(bodies[0], /asked once/);
  assert.match(bodies[1], /asked 2 times/);
  assert.equal((await get(`${lb}//`)).status, 404);
});

test('SIGTERM ends it with 0 and the sum', { timeout: STEP_TIMEOUT }, async () => {
  demo.child.kill('SIGTERM');
  assert.deepEqual(await once(demo.child, 'exit'), [0, null]);
  assert.equal(demo.stderr, '');
  // of the 22 requests above, by path: 7 hits, 3 of the API, none of the account
  assert.match(demo.stdout, /\nHits: 10 of 22 \(45%\)\. Requests that reached the origin: 12\.\n$/);
  assert.ok(!demo.stdout.includes('\u001b'), 'no colour into a pipe');
});

test('SIGINT ends it with 0 as well', { timeout: STEP_TIMEOUT }, async () => {
  const other = start('--port', '0');
  await line(other, /^METHOD +PATH/m);
  other.child.kill('SIGINT');
  assert.deepEqual(await once(other.child, 'exit'), [0, null]);
});

test('a busy port that was asked for is refused in one line', { timeout: STEP_TIMEOUT }, async () => {
  const busy = createServer().listen(0, '127.0.0.1');
  await once(busy, 'listening');
  const { port } = busy.address() as AddressInfo;
  try {
    const refused = start('--port', String(port));
    assert.deepEqual(await once(refused.child, 'close'), [1, null]);
    assert.match(refused.stderr, new RegExp(`^lb: port ${port} is in use by another program; choose .*--port.*\\n$`));
  } finally {
    busy.close();
  }
});
