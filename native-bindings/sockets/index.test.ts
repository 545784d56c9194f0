import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { compiledAddon } from '../compile.ts';
import { loadSockets, type Sockets } from './index.ts';

const scratch = mkdtempSync(join(tmpdir(), 'lb-sockets-test-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const loaded = await loadSockets();
const skip = 'unavailable' in loaded ? loaded.unavailable : false;
const sockets = 'sockets' in loaded ? loaded.sockets : (undefined as unknown as Sockets);

async function listen(port: number, taken: number[], name: number): Promise<Server> {
  const server = createServer((socket) => {
    taken.push(name);
    socket.end();
  });
  server.listen({ host: '127.0.0.1', port, reusePort: true });
  await once(server, 'listening');
  return server;
}

async function visit(port: number, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const socket = connect(port, '127.0.0.1').resume();
    await once(socket, 'close');
  }
}

test('it compiles once, and starts at the same moment do not disturb each other', { skip }, async () => {
  const folder = join(scratch, 'parallel');
  const paths = await Promise.all(Array.from({ length: 3 }, () => compiledAddon('sockets', [folder])));
  assert.equal(new Set(paths).size, 1);
  assert.equal(readdirSync(folder).length, 1, 'no draft is left behind');
  // with no compiler at all the compiled one is found
  assert.equal(await compiledAddon('sockets', [folder], 'no-such-compiler'), paths[0]);
});

test('why there is no addon is said', async () => {
  await assert.rejects(
    compiledAddon('sockets', [join(scratch, 'none')], 'no-such-compiler'),
    /no C compiler \(no-such-compiler\)/,
  );
  await assert.rejects(compiledAddon('sockets', [join(scratch, 'false')], 'false'), /Command failed/);
  const open = join(scratch, 'open');
  await compiledAddon('sockets', [open], 'false').catch(() => {});
  chmodSync(open, 0o777);
  await assert.rejects(compiledAddon('sockets', [open]), /can be written to by other users/);
});

test('listening sockets are found with their queues', { skip }, async (t) => {
  const server = await listen(0, [], 0);
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const [found, ...others] = sockets.listening().filter((socket) => socket.port === port);
  assert.deepEqual({ ...found, fd: 0 }, { fd: 0, host: '127.0.0.1', port, waiting: 0, shared: true });
  assert.equal(others.length, 0);

  const six = createServer().listen({ host: '::1', port: 0 });
  t.after(() => six.close());
  const up = await Promise.race([once(six, 'listening').then(() => true), once(six, 'error').then(() => false)]);
  if (!up) return;
  const wanted = (six.address() as AddressInfo).port;
  const v6 = sockets.listening().find((socket) => socket.port === wanted);
  assert.deepEqual([v6?.host, v6?.shared], ['::1', false]);
});

test('connections go where they are steered to, and closing the others disturbs nobody', { skip }, async (t) => {
  const taken: number[] = [];
  const servers = [await listen(0, taken, 0)];
  const { port } = servers[0].address() as AddressInfo;
  for (const name of [1, 2, 3]) servers.push(await listen(port, taken, name));
  t.after(() => servers.map((server) => server.close()));
  const fdOf = () => sockets.listening().filter((socket) => socket.port === port)[0].fd;

  sockets.steer(fdOf(), 2, 1);
  await visit(port, 40);
  assert.deepEqual([...new Set(taken)], [2]);
  sockets.steer(fdOf(), 2, 2);
  await visit(port, 60);
  assert.deepEqual(
    [...new Set(taken.splice(0))].sort((a, b) => a - b),
    [2, 3],
  );

  sockets.steer(fdOf(), 2, 1);
  for (const server of servers.slice(0, 2)) {
    server.close();
    await visit(port, 20);
  }
  assert.deepEqual(
    taken.filter((name) => name < 2),
    [],
  );
  assert.equal(taken.length, 40);
  sockets.unsteer(fdOf());
  await visit(port, 60);
  assert.deepEqual(
    [...new Set(taken)].sort((a, b) => a - b),
    [2, 3],
    'shared out again',
  );
});

test('what the system refuses has its code', { skip }, () => {
  const code = (run: () => void) => {
    try {
      run();
      return undefined;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
  };
  assert.equal(
    code(() => sockets.send(join(scratch, 'nobody'), 'READY=1')),
    'ENOENT',
  );
  assert.equal(
    code(() => sockets.steer(9999, 0, 1)),
    'EBADF',
  );
  assert.throws(() => sockets.send('x'.repeat(200), ''), RangeError);
  assert.throws(() => sockets.steer('1' as unknown as number, 0, 1), TypeError);
});

test('orphans are reaped, and own children are left to Node', { skip }, async () => {
  const child = spawn('sh', ['-c', 'exit 3'], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  assert.equal(sockets.reapOrphans(new Set([child.pid ?? 0])), 0);
  assert.deepEqual(await ended, [3, null]);
  assert.ok(existsSync('/proc/self'));
});
