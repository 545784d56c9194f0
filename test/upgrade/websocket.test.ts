import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import type { Cleanup } from '../support/cleanup.ts';
import { type Lb, startLb } from '../support/lb.ts';
import { openWebSocket, startWebSocketOrigin, type WebSocketOrigin } from './peers.ts';

const MAX_MESSAGE = 256 * 1024;

describe('WebSocket through uWebSockets.js', () => {
  let origin: WebSocketOrigin;
  let lb: Lb;
  const closers: (() => void | Promise<void>)[] = [];
  const file: Cleanup = { after: (run) => void closers.push(run) };

  before(async () => {
    origin = await startWebSocketOrigin(file, { handleProtocols: (offered) => [...offered].at(-1) ?? false });
    lb = await startLb(file, { origins: [origin.address], upgrades: { max_message: MAX_MESSAGE } });
  });
  after(async () => {
    for (const close of closers) await close();
  });

  const open = async (t: Cleanup, path: string, protocols?: string[]) => {
    const client = await openWebSocket(t, `ws://127.0.0.1:${lb.port}${path}`, protocols);
    return { ...client, there: await origin.connection(path) };
  };

  it('keeps text and binary apart, empty messages among them', async (t) => {
    const { socket, heard, there } = await open(t, '/kinds?x=1');
    const sent: (string | Buffer)[] = ['hello', Buffer.from([0, 255, 1]), '', Buffer.alloc(0), 'grüße 🙂'];
    for (const data of sent) socket.send(data);
    await heard.message(4);
    for (const messages of [heard.messages, there.heard.messages]) {
      assert.deepEqual(
        messages.map(({ data, isBinary }) => (isBinary ? data : data.toString())),
        sent,
      );
    }
  });

  it('passes a message of every size class, whole and unchanged', async (t) => {
    const { socket, heard } = await open(t, '/sizes');
    const sizes = [1, 125, 126, 127, 65_535, 65_536, 65_537, MAX_MESSAGE - 1, MAX_MESSAGE];
    const sent = sizes.map((size) => randomBytes(size));
    for (const data of sent) socket.send(data);
    await heard.message(sizes.length - 1);
    for (const [i, { data }] of heard.messages.entries()) assert.ok(data.equals(sent[i]), `${sizes[i]} bytes`);
  });

  it('joins the fragments of either side, control frames between them', async (t) => {
    const { socket, heard, there } = await open(t, '/fragments');
    for (const end of [socket, there.socket]) {
      end.send('one ', { fin: false });
      end.ping('between');
      end.send('two ', { fin: false });
      end.send('three', { fin: true });
    }
    assert.equal(await there.heard.message(0), 'one two three');
    assert.equal(await heard.message(0), 'one two three');
    assert.deepEqual([heard.pings, there.heard.pings], [['between'], ['between']]);
  });

  it("answers the client's pings, and lets the origin's come back from the client", async (t) => {
    const { socket, heard, there } = await open(t, '/pings');
    const answered = Promise.all([once(socket, 'pong'), once(there.socket, 'pong')]);
    socket.ping('from the client');
    there.socket.ping('from the origin');
    await answered;
    assert.deepEqual([heard.pongs, heard.pings], [['from the client'], ['from the origin']]);
    assert.deepEqual([there.heard.pongs, there.heard.pings], [['from the origin'], ['from the client']]);
  });

  for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 4000, 4999]) {
    it(`keeps close code ${code} of the client`, async (t) => {
      const { socket, heard, there } = await open(t, `/close/client/${code}`);
      socket.close(code, `why ${code}`);
      const expected = { code, reason: `why ${code}` };
      assert.deepEqual(await there.heard.closed, expected);
      assert.deepEqual(await heard.closed, expected);
    });
  }

  for (const code of [1012, 1013, 1014, 3000, 3999]) {
    it(`passes a close with ${code}, which the library does not know, on without a code`, async (t) => {
      const { socket, there } = await open(t, `/close/client/${code}`);
      socket.close(code, 'why');
      assert.deepEqual(await there.heard.closed, { code: 1005, reason: '' });
    });
  }

  for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]) {
    it(`keeps close code ${code} of the origin`, async (t) => {
      const { heard, there } = await open(t, `/close/origin/${code}`);
      const reason = `${'x'.repeat(115)} ${code}`;
      there.socket.close(code, reason);
      assert.deepEqual(await heard.closed, { code, reason });
      assert.deepEqual(await there.heard.closed, { code, reason });
    });
  }

  it('keeps a close without a code', async (t) => {
    const first = await open(t, '/close/client/none');
    first.socket.close();
    assert.equal((await first.there.heard.closed).code, 1005);
    const second = await open(t, '/close/origin/none');
    second.there.socket.close();
    assert.equal((await second.heard.closed).code, 1005);
  });

  it('breaks one side when the other breaks', async (t) => {
    const first = await open(t, '/break/client');
    first.socket.terminate();
    assert.equal((await first.there.heard.closed).code, 1006);
    const second = await open(t, '/break/origin');
    second.there.socket.terminate();
    assert.equal((await second.heard.closed).code, 1006);
  });

  it('ends both sides by 1009 for a message over the limit', async (t) => {
    const first = await open(t, '/big/client');
    first.socket.send(Buffer.alloc(MAX_MESSAGE + 1));
    assert.equal((await first.heard.closed).code, 1009);
    assert.equal((await first.there.heard.closed).code, 1009);
    const second = await open(t, '/big/origin');
    second.there.socket.send(Buffer.alloc(MAX_MESSAGE + 1));
    assert.equal((await second.heard.closed).code, 1009);
    assert.equal((await second.there.heard.closed).code, 1009);
    const third = await open(t, '/big/fragments');
    for (let i = 0; i < 5; i++) third.there.socket.send(Buffer.alloc(MAX_MESSAGE / 4), { fin: false });
    assert.equal((await third.heard.closed).code, 1009);
  });

  it('passes subprotocols, cookies and queries, and offers no extension', async (t) => {
    const { socket, there } = await open(t, '/fields?q=1', ['one', 'two']);
    assert.equal(socket.protocol, 'two');
    const { headers } = there.request;
    assert.equal(headers['sec-websocket-protocol'], 'one,two');
    assert.equal(headers['sec-websocket-extensions'], undefined);
    assert.equal(headers['x-forwarded-for'], '127.0.0.1');
    assert.match(headers.via ?? '', /lb$/);
  });
});
