// lb as a program, with a folder and no origin at all.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli } from '../../src/cli/index.ts';
import { openClient, request, requestText } from '../support/client.ts';
import { listening, spawnLb } from '../support/process.ts';
import { Folder } from './folder.ts';

test('without any origin: lb --static-root DIR', async (t) => {
  const { root } = new Folder(t, { 'index.html': 'hello' });
  const ports = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
  const { port, admin, child } = await listening(spawnLb(t, ['--static-root', root, ...ports]));
  const { status, text } = await request(t, port, '/');
  assert.deepEqual([status, text], [200, 'hello']);
  let stdout = '';
  const output = { stdout: { write: (part: string) => (stdout += part) }, stderr: { write: () => true } };
  await runCli(['explain', 'http://a.test/', '--admin', `127.0.0.1:${admin.port}`], { env: {}, cwd: '/', ...output });
  assert.ok(stdout.includes(`the folder ${root}`), stdout);
  child.signal('SIGTERM');
  assert.equal(await child.exit(), 0);
});

test('a relative name in lb.json is beside that file', async (t) => {
  const { base } = new Folder(t, { 'index.html': 'hello' });
  mkdirSync(join(base, 'root', 'public'));
  writeFileSync(join(base, 'root', 'public', 'index.html'), 'public');
  const file = join(base, 'root', 'lb.json');
  writeFileSync(file, '{"static_root": "./public", "listen": "127.0.0.1:0", "admin": "127.0.0.1:0"}');
  const { port } = await listening(spawnLb(t, ['-c', file]));
  assert.equal((await request(t, port, '/')).text, 'public');
});

test('a huge file flows through flat memory, at the pace of its client', async (t) => {
  const { root } = new Folder(t);
  const block = randomBytes(1 << 20);
  const file = join(root, 'huge.bin');
  for (let i = 0; i < 96; i++) writeFileSync(file, block, { flag: 'a' });
  const ports = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--cache-memory', '16MB', '--workers', '1'];
  const { port, child } = await listening(spawnLb(t, ['--static-root', root, ...ports], { LB_LOG_ACCESS: 'off' }));
  await request(t, port, '/none');
  const before = child.rss();
  let most = 0;
  const client = await openClient(t, port);
  client.send(requestText('GET', '/huge.bin'));
  const head = await client.head();
  assert.ok(head);
  const hash = createHash('sha256');
  let received = 0;
  await client.body(head, 'GET', async (chunk) => {
    hash.update(chunk);
    received += chunk.length;
    if (received % (16 << 20) < chunk.length) {
      most = Math.max(most, child.rss());
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  });
  const expected = createHash('sha256');
  for (let i = 0; i < 96; i++) expected.update(block);
  assert.equal(hash.digest('hex'), expected.digest('hex'));
  assert.ok(most - before < 80 << 20, `${Math.round((most - before) / (1 << 20))} MB more`);
});
