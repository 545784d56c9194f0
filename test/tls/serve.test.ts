// TLS of a whole lb: certificates from files, reloads, sites, other programs as clients.
import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { Folder } from '../config/cli.ts';
import { type Cleanup, until, within } from '../support/cleanup.ts';
import { startLb } from '../support/lb.ts';
import { startOrigin } from '../support/origin.ts';
import { spawnLb } from '../support/process.ts';
import { ask, handshake, nameOf } from './client.ts';
import { rsa } from './rsa.ts';
import { certificateFolder, securePort } from './site.ts';

const run = promisify(execFile);

async function scene(t: Cleanup, more: object = {}) {
  const folder = await certificateFolder(t);
  await folder.put('first', ['a.test', '*.a.test']);
  const origin = await startOrigin(t, ({ target }, answer) =>
    answer.send(200, [['Cache-Control', 'max-age=60']], `for ${target}`),
  );
  const settings = () => ({
    origins: [origin.address],
    shutdown_timeout: '100ms',
    tls: { listen: '127.0.0.1:0', folder: folder.path },
    ...more,
  });
  const lb = await startLb(t, settings());
  return { folder, origin, lb, settings, port: securePort(lb) };
}

/** Waits until every thread has a certificate in force for a name: threads hear of a reload each in its own time. */
async function served(t: Cleanup, port: number, servername: string, expected: string): Promise<void> {
  const isServed = async () => {
    for (let i = 0; i < 8; i++) {
      const socket = await handshake(t, port, { servername });
      const name = nameOf(socket);
      socket.destroy();
      if (name !== expected) return false;
    }
    return true;
  };
  await until(isServed, `the certificate of ${expected}`);
}

test('requests over TLS are cached apart from those without, and told to the origin as https', async (t) => {
  const { origin, lb, port } = await scene(t);
  const socket = await handshake(t, port, { servername: 'a.test' });
  match(await ask(socket, '/x', 'a.test'), /fwd=uri-miss/);
  match(await ask(socket, '/x', 'a.test'), /lb; hit/);
  equal(origin.requests[0].get('x-forwarded-proto'), 'https');
  const response = await fetch(`http://127.0.0.1:${lb.port}/x`);
  match(response.headers.get('cache-status') ?? '', /fwd=uri-miss/);
});

test('a request for another site than the TLS name is refused, one for another host of the same site is not', async (t) => {
  const folder = await certificateFolder(t);
  await folder.put('first', ['a.test', 'www.a.test', 'b.test']);
  const origin = await startOrigin(t, (_, answer) => answer.send(200, [], 'hello'));
  const site = { origins: [origin.address] };
  const lb = await startLb(t, {
    shutdown_timeout: '100ms',
    tls: { listen: '127.0.0.1:0', folder: folder.path },
    sites: { 'a.test': { ...site, hosts: ['www.a.test'] }, 'b.test': site },
  });
  const port = securePort(lb);
  for (const [name, host, status] of [
    ['a.test', 'a.test', 200],
    ['a.test', 'www.a.test', 200],
    ['a.test', 'WWW.A.test:443', 200],
    ['a.test', 'b.test', 421],
    ['b.test', 'a.test', 421],
    ['', 'b.test', 200],
    ['unknown.test', 'a.test', 421],
  ] as const) {
    const socket = await handshake(t, port, { servername: name });
    match(await ask(socket, '/', host), new RegExp(`^HTTP/1.1 ${status} `), `${name} ${host}`);
    const session = connectHttp2(`https://127.0.0.1:${port}`, { servername: name, rejectUnauthorized: false });
    t.after(() => session.destroy());
    const stream = session.request({ ':authority': host });
    const headers = await within(
      new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve)),
      'a head',
    );
    equal(headers[':status'], status, `${name} ${host}`);
    session.destroy();
  }
});

test('a reload takes other certificates over; a wrong one is refused and the former stays', async (t) => {
  const { folder, lb, port, settings } = await scene(t, { workers: 2 });
  const before = await handshake(t, port, { servername: 'a.test' });
  await ask(before, '/1', 'a.test');
  await folder.put('first', ['new.test', 'a.test']);
  await folder.put('second', ['b.test']);
  deepEqual(await lb.reload(settings()), { ok: true, generation: 2, changed: ['certificates'], needsRestart: [] });
  deepEqual(await lb.reload(settings()), { ok: true, generation: 3, changed: [], needsRestart: [] });
  await served(t, port, 'a.test', 'new.test');
  await served(t, port, 'b.test', 'b.test');
  match(await ask(before, '/2', 'a.test'), /^HTTP\/1.1 200 /);
  writeFileSync(join(folder.path, 'second.key'), 'nonsense');
  const result = await lb.reload(settings());
  ok(!result.ok && /second\.key holds no private key/.test(result.error));
  equal(nameOf(await handshake(t, port, { servername: 'b.test' })), 'b.test');
  const weak = rsa('weak.test', 1024);
  writeFileSync(join(folder.path, 'aaa.pem'), weak.cert + weak.key);
  match(JSON.stringify(await lb.reload(settings())), /aaa\.pem cannot be used: ee key too small/);
  equal(nameOf(await handshake(t, port, { servername: 'b.test' })), 'b.test');
  rmSync(join(folder.path, 'aaa.pem'));
  rmSync(join(folder.path, 'second.crt'));
  ok((await lb.reload(settings())).ok);
  await served(t, port, 'b.test', 'new.test');
});

test('no request is lost while certificates change', async (t) => {
  const { folder, lb, port, settings } = await scene(t, { workers: 2 });
  const session = connectHttp2(`https://127.0.0.1:${port}`, { servername: 'a.test', rejectUnauthorized: false });
  t.after(() => session.destroy());
  let isOver = false;
  let answered = 0;
  const client = async () => {
    while (!isOver) {
      const stream = session.request({ ':authority': 'a.test', ':path': '/load' });
      stream.resume();
      const headers = await new Promise<Record<string, unknown>>((resolve, reject) =>
        stream.once('response', resolve).once('error', reject),
      );
      equal(headers[':status'], 200);
      answered++;
      const socket = await handshake(t, port, { servername: 'a.test' });
      match(await ask(socket, '/load', 'a.test'), /^HTTP\/1.1 200 /);
      socket.destroy();
    }
  };
  const clients = Promise.all([client(), client()]);
  for (let i = 0; i < 5; i++) {
    await folder.put('first', ['a.test', `n${i}.test`]);
    ok((await lb.reload(settings())).ok);
    const before = answered;
    while (answered < before + 4) await new Promise((resolve) => setImmediate(resolve));
  }
  isOver = true;
  await clients;
});

test('sessions are resumed whichever thread gets the connection, and after a reload', async (t) => {
  const { lb, port, settings } = await scene(t, { workers: 3 });
  const socket = connect({ port, host: '127.0.0.1', servername: 'a.test', rejectUnauthorized: false });
  t.after(() => void socket.destroy());
  const ticket = new Promise<Buffer>((resolve) => socket.once('session', resolve));
  await ask(socket, '/', 'a.test');
  const session = await within(ticket, 'a session ticket');
  for (let i = 0; i < 12; i++) {
    if (i === 6) ok((await lb.reload(settings())).ok);
    const resumed = await handshake(t, port, { servername: 'a.test', session });
    ok(resumed.isSessionReused());
    resumed.destroy();
  }
});

test('uWebSockets.js ends TLS where HTTP/2 is off and there is one certificate', async (t) => {
  const folder = await certificateFolder(t);
  await folder.put('one', ['a.test']);
  const origin = await startOrigin(t, (_, answer) => answer.send(200, [['Cache-Control', 'max-age=60']], 'hello'));
  const files = { cert: join(folder.path, 'one.crt'), key: join(folder.path, 'one.key') };
  const settings = {
    origins: [origin.address],
    shutdown_timeout: '100ms',
    workers: 2,
    tls: { listen: '127.0.0.1:0', http2: false, ...files },
  };
  const lb = await startLb(t, settings);
  const port = securePort(lb);
  const before = await handshake(t, port, { servername: 'a.test', ALPNProtocols: ['h2', 'http/1.1'] });
  notEqual(before.alpnProtocol, 'h2');
  match(await ask(before, '/', 'a.test'), /fwd=uri-miss/);
  match(await ask(before, '/', 'a.test'), /lb; hit/);
  equal(origin.requests[0].get('x-forwarded-proto'), 'https');
  await folder.put('one', ['b.test']);
  ok((await lb.reload(settings)).ok);
  match(await ask(before, '/', 'a.test'), /lb; hit/);
  await served(t, port, 'a.test', 'b.test');
});

test('with watch new certificates are taken over by themselves', async (t) => {
  const { folder, port } = await scene(t, { watch: true });
  await folder.put('new', ['new.test']);
  await served(t, port, 'new.test', 'new.test');
  await folder.put('first', ['other.test']);
  await served(t, port, 'unknown.test', 'other.test');
});

test('curl and openssl get what they ask for', async (t) => {
  const { folder, port } = await scene(t);
  const authority = join(folder.path, '.authority');
  writeFileSync(authority, folder.authority.cert);
  const curl = ['-sS', '--max-time', '10', '--cacert', authority, '--resolve', `a.test:${port}:127.0.0.1`];
  const format = ['-o', '/dev/null', '-w', '%{http_code} %{http_version}', `https://a.test:${port}/curl`];
  equal((await run('curl', [...curl, '--http2', ...format])).stdout, '200 2');
  equal((await run('curl', [...curl, '--http1.1', ...format])).stdout, '200 1.1');
  const openssl = [
    's_client',
    '-connect',
    `127.0.0.1:${port}`,
    '-servername',
    'x.a.test',
    '-alpn',
    'h2',
    '-CAfile',
    authority,
  ];
  const child = run('openssl', openssl);
  child.child.stdin?.end();
  const { stdout } = await child;
  match(stdout, /ALPN protocol: h2/);
  match(stdout, /Verify return code: 0/);
});

test('a start with a certificate that cannot be used ends with one sentence', async (t) => {
  const folder = await certificateFolder(t);
  await folder.put('one', ['a.test']);
  rmSync(join(folder.path, 'one.key'));
  const settings = { origins: ['127.0.0.1:1'], tls: { listen: '127.0.0.1:0', folder: folder.path } };
  await rejects(startLb(t, settings), /the key .*one\.key cannot be read: there is no such file/);
});

test('the end of the last certificate of a folder refuses a reload, which lb reload tells of by exit code 2', async (t) => {
  const { folder, lb, port } = await scene(t);
  rmSync(join(folder.path, 'first.crt'));
  const { address } = lb.server.admin;
  const admin = `${address.host}:${address.port}`;
  using empty = new Folder();
  const { code, stderr } = await empty.lb(['reload', '--admin', admin]);
  equal(code, 2);
  match(
    stderr,
    /^tls: the folder of certificates .* holds none.*\n.*docs\/tls\.md.*\n.*1 mistake in the configuration/,
  );
  const asked = await empty.lb(['reload', '--json', '--admin', admin]);
  const answer = JSON.parse(asked.stdout) as Record<string, unknown>;
  deepEqual([asked.code, answer.status], [2, 422]);
  match(String(answer.detail), /holds none/);
  equal(nameOf(await handshake(t, port, { servername: 'a.test' })), 'a.test');
  // and none starts so
  const env = { LB_TLS_FOLDER: folder.path };
  match((await empty.lb(['check', '-b', '127.0.0.1:1'], env)).stderr, /holds none/);
  const none = spawnLb(t, ['serve', '-b', '127.0.0.1:1', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'], env);
  equal(await none.ended, 2);
  match(none.stderr, /^lb: the folder of certificates .* holds none/);
});

test('lb check finds certificates that lb serve would refuse', async (t) => {
  const { authority } = await certificateFolder(t);
  const [one, other] = [await authority.issue(), await authority.issue()];
  using folder = new Folder({ 'a.crt': one.cert, 'a.key': one.key, 'b.key': other.key });
  const check = (key: string, ...more: string[]) =>
    folder.lb(['check', '-b', '127.0.0.1:3000', '--tls-cert', 'a.crt', '--tls-key', key, ...more]);
  const good = await check('a.key');
  equal(good.code, 0);
  match(good.stderr, /note: .*a\.crt expires on/);
  const bad = await check('b.key');
  equal(bad.code, 2);
  match(bad.stderr, /the key in .*b\.key is not that of .*a\.crt/);
  const json = JSON.parse((await check('b.key', '--json')).stdout) as { ok: boolean; errors: { message: string }[] };
  ok(!json.ok && json.errors[0].message.includes('b.key'));
});
