// WebSockets over HTTP/2 (RFC 8441), and events.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { after, before, describe, it } from 'node:test';
import { clientFrame, closeFrame, OPCODE } from '../../src/transport/websocket-frames.ts';
import { type Cleanup, until, within } from '../support/cleanup.ts';
import { type Lb, startLb } from '../support/lb.ts';
import { startOrigin } from '../support/origin.ts';
import { startWebSocketOrigin, type WebSocketOrigin } from './peers.ts';

describe('over HTTP/2', () => {
  let origin: WebSocketOrigin;
  let lb: Lb;
  let session: ClientHttp2Session;
  const closers: (() => void | Promise<void>)[] = [];
  const file: Cleanup = { after: (run) => void closers.push(run) };

  before(async () => {
    origin = await startWebSocketOrigin(file);
    lb = await startLb(file, { origins: [origin.address], h2c: true, upgrades: { connections: 3 } });
    session = connect(`http://127.0.0.1:${lb.port}`);
    file.after(() => session.destroy());
    await within(once(session, 'remoteSettings'), 'settings');
  });
  after(async () => {
    for (const close of closers.reverse()) await close();
  });

  const open = async (path: string, fields: Record<string, string> = {}) => {
    const stream = session.request(
      { ':method': 'CONNECT', ':protocol': 'websocket', ':path': path, 'sec-websocket-version': '13', ...fields },
      { endStream: false },
    );
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => {});
    const [head] = (await within(once(stream, 'response'), 'a head')) as [Record<string, string | number>];
    return { stream, head, bytes: () => Buffer.concat(chunks) };
  };
  const send = (stream: ClientHttp2Stream, frame: readonly Buffer[]) => {
    for (const part of frame) stream.write(part);
  };

  it('the setting is offered', () => {
    assert.equal(session.remoteSettings.enableConnectProtocol, true);
  });

  it('an extended CONNECT is a handshake with the origin, and its stream the tunnel', async () => {
    const { stream, head, bytes } = await open('/h2?q=1', { 'sec-websocket-protocol': 'chat' });
    assert.equal(head[':status'], 200);
    assert.equal(head['sec-websocket-protocol'], 'chat');
    assert.equal(head['sec-websocket-accept'], undefined);
    const there = await origin.connection('/h2?q=1');
    send(stream, clientFrame(OPCODE.text, Buffer.from('hello')));
    await until(() => bytes().equals(Buffer.from('\x81\x05hello', 'latin1')), 'the echo');
    send(stream, closeFrame(4000, Buffer.from('bye')));
    await until(() => bytes().includes('\x88\x05\x0f\xa0bye', 0, 'latin1'), 'the close frame');
    const over = once(stream, 'close');
    stream.end();
    assert.deepEqual(await there.heard.closed, { code: 4000, reason: 'bye' });
    await within(over, 'the end of the stream');
  });

  it('the origin’s end ends the stream, and a reset stream the origin’s connection', async () => {
    const first = await open('/h2/origin');
    const [over, ended] = [once(first.stream, 'close'), once(first.stream, 'end')];
    (await origin.connection('/h2/origin')).socket.terminate();
    await within(ended, "the origin's end");
    first.stream.end();
    await within(over, 'the end of the stream');
    const second = await open('/h2/client');
    const there = await origin.connection('/h2/client');
    second.stream.close(8);
    assert.equal((await there.heard.closed).code, 1006);
  });

  it('no success stands for a switch that was not made', async (t) => {
    const plain = await startOrigin(t, (_, answer) => answer.send(200, [['Cache-Control', 'no-store']], 'plain'));
    const other = await startLb(t, { origins: [plain.address], h2c: true });
    const off = await startLb(t, { origins: [origin.address], h2c: true, upgrades: { enabled: false } });
    for (const [port, path, status] of [
      [other.port, '/', 502],
      [off.port, '/', 501],
    ] as const) {
      const client = connect(`http://127.0.0.1:${port}`);
      t.after(() => client.destroy());
      await within(once(client, 'remoteSettings'), 'settings');
      const stream = client.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': path });
      stream.on('error', () => {});
      const [head] = (await within(once(stream, 'response'), 'a head')) as [Record<string, number>];
      assert.equal(head[':status'], status);
      stream.close();
    }
  });

  it('the cap counts streams', async () => {
    await until(async () => (await lb.admin.metrics()).get('lb_tunnels{site="default"}') === 0, 'no tunnel');
    const open3 = [await open('/cap/1'), await open('/cap/2'), await open('/cap/3')];
    assert.equal((await open('/cap/4')).head[':status'], 503);
    for (const { stream } of open3) stream.close();
  });

  it('another protocol is passed on as it is named', async () => {
    const stream = session.request({ ':method': 'CONNECT', ':protocol': 'foo', ':path': '/foo' }, { endStream: false });
    stream.on('error', () => {});
    const [head] = (await within(once(stream, 'response'), 'a head')) as [Record<string, number>];
    assert.notEqual(head[':status'], 200);
    stream.close();
  });

  it('a navigation that waits gets early hints', async (t) => {
    const link = '</a.css>; rel=preload';
    const fields = [
      ['Content-Type', 'text/html'],
      ['Link', link],
      ['Cache-Control', 'no-cache'],
    ] as const;
    const page = await startOrigin(t, (_, answer) => answer.send(200, fields, '<p>'));
    const hinting = await startLb(t, { origins: [page.address], h2c: true, early_hints: true });
    const client = connect(`http://127.0.0.1:${hinting.port}`);
    t.after(() => client.destroy());
    const ask = async () => {
      const stream = client.request({ ':path': '/page' });
      let early: Record<string, unknown> | undefined;
      stream.on('headers', (head: Record<string, unknown>) => {
        early = head;
      });
      stream.resume();
      await within(once(stream, 'close'), 'an answer');
      return early;
    };
    assert.equal(await ask(), undefined);
    const early = await ask();
    assert.deepEqual([early?.[':status'], early?.link], [103, link]);
  });

  it('events come one by one', async (t) => {
    const events = await startOrigin(t, async (_, answer) => {
      await answer.head(200, [
        ['Content-Type', 'text/event-stream'],
        ['Transfer-Encoding', 'chunked'],
      ]);
      next = (text) => answer.chunk(text);
      await answer.gone;
      gone = true;
    });
    let next: (text: string) => Promise<void> = async () => {};
    let gone = false;
    const streaming = await startLb(t, { origins: [events.address], h2c: true });
    const client = connect(`http://127.0.0.1:${streaming.port}`);
    t.after(() => client.destroy());
    const stream = client.request({ ':path': '/events' });
    let text = '';
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await within(once(stream, 'response'), 'a head');
    for (let i = 1; i <= 4; i++) {
      await next(`data: ${i}\n\n`);
      await until(() => text.endsWith(`data: ${i}\n\n`), `event ${i}`);
    }
    stream.close(8);
    await until(() => gone, 'the end at the origin');
  });
});
