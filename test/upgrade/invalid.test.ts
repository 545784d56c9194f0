// Frames that no WebSocket may carry, and how each side is told.
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { WebSocket } from 'ws';
import { type Cleanup, until } from '../support/cleanup.ts';
import { openClient, requestText } from '../support/client.ts';
import { type Lb, startLb } from '../support/lb.ts';
import { startOrigin } from '../support/origin.ts';
import { openWebSocket, startWebSocketOrigin, type WebSocketOrigin } from './peers.ts';

/** The connection under a WebSocket of the `ws` package. */
function under(socket: WebSocket): Socket {
  return (socket as unknown as { _socket: Socket })._socket;
}

const OPEN_TUNNELS = 'lb_tunnels{site="default"}';

describe('invalid frames', () => {
  let origin: WebSocketOrigin;
  let lb: Lb;
  const closers: (() => void | Promise<void>)[] = [];
  const file: Cleanup = { after: (run) => void closers.push(run) };

  before(async () => {
    origin = await startWebSocketOrigin(file);
    origin.script = () => {};
    lb = await startLb(file, { origins: [origin.address], upgrades: { max_message: '64KB' } });
  });
  after(async () => {
    for (const close of closers) await close();
  });

  const open = async (t: Cleanup, path: string) => {
    const client = await openWebSocket(t, `ws://127.0.0.1:${lb.port}${path}`);
    return { ...client, there: await origin.connection(path) };
  };

  const ofOrigin: [string, number[], number][] = [
    ['a reserved opcode', [0x83, 0], 1002],
    ['a reserved bit', [0xc1, 0], 1002],
    ['a mask', [0x81, 0x80, 0, 0, 0, 0], 1002],
    ['a continuation of nothing', [0x80, 0], 1002],
    ['a new message amid fragments', [0x01, 1, 97, 0x81, 1, 98], 1002],
    ['a fragmented ping', [0x09, 0], 1002],
    ['a ping of 126 bytes', [0x89, 126, 0, 126], 1002],
    ['a close frame of one byte', [0x88, 1, 3], 1002],
    ['close code 1005', [0x88, 2, 3, 237], 1002],
    ['close code 999', [0x88, 2, 3, 231], 1002],
    ['text that is no UTF-8', [0x81, 2, 0xc3, 0x28], 1007],
    ['text that ends within a character', [0x81, 1, 0xe2], 1007],
    ['a reason that is no UTF-8', [0x88, 4, 3, 232, 0xc3, 0x28], 1007],
    ['a message of 2 GB', [0x82, 127, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff], 1009],
  ];
  for (const [what, bytes, code] of ofOrigin) {
    it(`an origin that sends ${what} is told ${code}`, async (t) => {
      const { heard, there } = await open(t, `/origin/${what.replaceAll(' ', '-')}`);
      under(there.socket).write(Buffer.from(bytes));
      assert.equal((await there.heard.closed).code, code);
      assert.equal((await heard.closed).code, code === 1009 ? 1009 : 1014);
    });
  }

  const ofClient: [string, number[]][] = [
    ['a reserved opcode', [0x83, 0x80, 0, 0, 0, 0]],
    ['a reserved bit', [0xc1, 0x80, 0, 0, 0, 0]],
    ['a fragmented ping', [0x09, 0x80, 0, 0, 0, 0]],
    ['text that is no UTF-8', [0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]],
    ['a message of 2 GB', [0x82, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]],
  ];
  for (const [what, bytes] of ofClient) {
    it(`a client that sends ${what} breaks both sides, and nothing of it is passed on`, async (t) => {
      const { socket, there } = await open(t, `/client/${what.replaceAll(' ', '-')}`);
      under(socket).write(Buffer.from(bytes));
      assert.equal((await there.heard.closed).code, 1006);
      assert.equal(there.heard.messages.length, 0);
    });
  }

  it('text is passed on whatever characters it holds, in fragments that part them', async (t) => {
    const { heard, there } = await open(t, '/utf8');
    const text = '\u0000 κόσμε \u{10ffff} \ufffe 🙂';
    const bytes = Buffer.from(text);
    for (const [i, byte] of bytes.entries()) {
      there.socket.send(Buffer.from([byte]), { binary: false, fin: i === bytes.length - 1 });
      if (i % 7 === 0) there.socket.ping();
    }
    assert.equal(await heard.message(0), text);
  });
});

it('nothing is left of a client that goes before the origin has answered', async (t) => {
  let asked = 0;
  const silent = await startOrigin(t, (_, answer) => {
    asked++;
    return answer.gone;
  });
  const lb = await startLb(t, { origins: [silent.address], timeouts: { first_byte: '500ms' } });
  for (let i = 0; i < 5; i++) {
    const client = await openClient(t, lb.port);
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    client.send(
      requestText('GET', '/gone', [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
        ['Sec-WebSocket-Version', '13'],
        ['Sec-WebSocket-Key', key],
      ]),
    );
    await until(() => asked === i + 1, 'the handshake at the origin');
    if (i % 2 === 0) client.close();
    else client.socket.resetAndDestroy();
  }
  await until(async () => (await lb.admin.metrics()).get(OPEN_TUNNELS) === 0, 'no tunnel');
  await until(() => silent.sockets.size === 0, 'no connection to the origin');
});
