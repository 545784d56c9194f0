// Any protocol that a client and an origin agree on, on listeners that pass bytes on as they come.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type Cleanup, until, within } from '../support/cleanup.ts';
import { type Client, openClient, requestText } from '../support/client.ts';
import { type Lb, startLb } from '../support/lb.ts';
import { openWebSocket, startWebSocketOrigin } from './peers.ts';

process.env.LB_TEST_NO_UWS = '1';

const SWITCH = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'foo/1, bar'],
] as const;

describe('a raw tunnel', () => {
  let server: Server;
  let lb: Lb;
  let tunnel: ((socket: Socket) => void) | undefined;
  const closers: (() => void | Promise<void>)[] = [];
  const file: Cleanup = { after: (run) => void closers.push(run) };

  before(async () => {
    server = createServer((_, response) => response.end('plain'));
    const sockets = new Set<Socket>();
    server.on('upgrade', (_, socket: Socket) => {
      sockets.add(socket);
      socket.allowHalfOpen = true;
      socket.on('error', () => {});
      socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: foo/1\r\nX-Own: y\r\n\r\nfirst ');
      tunnel?.(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    file.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const origin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    lb = await startLb(file, { origins: [origin], upgrades: { idle_timeout: '700ms' } });
  });
  after(async () => {
    for (const close of closers.reverse()) await close();
  });

  const open = async (t: Cleanup, early = '', method = 'GET'): Promise<Client> => {
    const client = await openClient(t, lb.port);
    client.send(requestText(method, '/raw', SWITCH) + early);
    await until(async () => client.reader.left.includes('first ') || !(await client.reader.more()), 'the switch');
    assert.match(client.reader.left.toString('latin1'), /^HTTP\/1\.1 101 .*\r\nUpgrade: foo\/1\r\n.*x-own: y/is);
    return client;
  };

  it('carries bytes that came with the request and with the answer', async (t) => {
    tunnel = (socket) => socket.pipe(socket);
    const client = await open(t, 'early');
    client.send(' late');
    await until(async () => client.reader.left.includes('first early late') || !(await client.reader.more()), 'all');
    client.close();
  });

  it('goes by other methods too', async (t) => {
    tunnel = (socket) => socket.pipe(socket);
    const client = await open(t, '', 'POST');
    client.close();
  });

  it('is half closed by the client: the origin may still answer', async (t) => {
    tunnel = (socket) => {
      let got = '';
      socket.on('data', (chunk: Buffer) => {
        got += chunk.toString();
      });
      socket.on('end', () => socket.end(`you said ${got}`));
    };
    const client = await open(t);
    client.send('all I have');
    client.socket.end();
    assert.match(await client.end(), /you said all I have$/);
  });

  it('is half closed by the origin: the client may still send', async (t) => {
    let got = '';
    tunnel = (socket) => {
      socket.on('data', (chunk: Buffer) => {
        got += chunk.toString();
      });
      socket.end('no more');
    };
    const client = await openClient(t, lb.port);
    client.socket.allowHalfOpen = true;
    client.send(requestText('GET', '/raw', SWITCH));
    assert.match(await client.end(), /first no more$/);
    client.send('still here');
    await until(() => got === 'still here', 'the bytes at the origin');
    client.close();
  });

  it('ends when it is idle', async (t) => {
    let ended: Promise<unknown> | undefined;
    tunnel = (socket) => {
      ended = once(socket, 'end');
      socket.resume();
    };
    const client = await open(t);
    await client.end();
    await within(ended ?? Promise.reject(new Error('no tunnel')), 'the end at the origin');
  });
});

it('permessage-deflate is between client and origin', async (t) => {
  const origin = await startWebSocketOrigin(t, { perMessageDeflate: { threshold: 0 } });
  const lb = await startLb(t, { origins: [origin.address] });
  const options = { perMessageDeflate: { threshold: 0 } };
  const { socket, heard } = await openWebSocket(t, `ws://127.0.0.1:${lb.port}/deflate`, [], options);
  assert.equal(socket.extensions, 'permessage-deflate');
  const text = 'again and '.repeat(10_000);
  socket.send(text);
  assert.equal(await heard.message(0), text);
  const bytes = (await lb.admin.metrics()).get('lb_tunnel_bytes_total{site="default",direction="from_client"}') ?? 0;
  assert.ok(bytes > 0 && bytes < 5000, `${bytes} bytes`);
  socket.close();
  await heard.closed;
});
