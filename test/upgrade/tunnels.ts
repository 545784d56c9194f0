import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import type { WebSocket } from 'ws';
import { until } from '../support/cleanup.ts';
import { startLb } from '../support/lb.ts';
import { type Heard, openWebSocket, startWebSocketOrigin } from './peers.ts';

const SITE = '{site="default"}';
const PART = 256 * 1024;
/** More than the buffers of two connections take. */
const PARTS = 160;

/** Sends numbered parts without looking at what is taken. */
function flood(socket: WebSocket): void {
  const data = randomBytes(PART);
  for (let i = 0; i < PARTS; i++) {
    const part = Buffer.from(data);
    part.writeUInt32BE(i);
    socket.send(part);
  }
}

async function allInOrder(heard: Heard): Promise<void> {
  await until(() => heard.messages.length === PARTS, `${PARTS} messages`);
  heard.messages.forEach(({ data }, i) => {
    assert.equal(data.readUInt32BE(), i);
    assert.equal(data.length, PART);
  });
}

/** Waits until what is not sent changes no more. @returns bytes of it */
async function stalled(socket: WebSocket): Promise<number> {
  let last = -1;
  let same = 0;
  await until(() => {
    same = socket.bufferedAmount === last ? same + 1 : 0;
    last = socket.bufferedAmount;
    return same === 20;
  }, 'the sender to be held back');
  return last;
}

/** What tunnels do over time, whatever carries them. */
export function tunnelCases(): void {
  describe('a tunnel', () => {
    for (const side of ['origin', 'client'] as const) {
      it(`holds the ${side} back while the other side reads nothing, and loses nothing`, async (t) => {
        const origin = await startWebSocketOrigin(t);
        origin.script = () => {};
        const lb = await startLb(t, { origins: [origin.address] });
        const { socket, heard } = await openWebSocket(t, `ws://127.0.0.1:${lb.port}/flood`);
        const there = await origin.connection('/flood');
        const [from, to, heardThere] =
          side === 'origin' ? [there.socket, socket, heard] : [socket, there.socket, there.heard];
        to.pause();
        flood(from);
        assert.ok((await stalled(from)) > (PARTS * PART) / 4, 'most of it waits with its sender');
        to.resume();
        await allInOrder(heardThere);
        from.close(4000, 'all sent');
        assert.deepEqual(await heardThere.closed, { code: 4000, reason: 'all sent' });
      });
    }

    it('brings all that was sent before a close', async (t) => {
      const origin = await startWebSocketOrigin(t);
      origin.script = ({ socket }) => {
        flood(socket);
        socket.close(4001, 'done');
      };
      const lb = await startLb(t, { origins: [origin.address] });
      const { heard } = await openWebSocket(t, `ws://127.0.0.1:${lb.port}/last`);
      await allInOrder(heard);
      assert.deepEqual(await heard.closed, { code: 4001, reason: 'done' });
    });

    it('ends when it has been idle for too long; pings keep it', async (t) => {
      const origin = await startWebSocketOrigin(t);
      const lb = await startLb(t, { origins: [origin.address], upgrades: { idle_timeout: '400ms' } });
      const idle = await openWebSocket(t, `ws://127.0.0.1:${lb.port}/idle`);
      const busy = await openWebSocket(t, `ws://127.0.0.1:${lb.port}/busy`);
      const pings = setInterval(() => busy.socket.ping(), 100);
      assert.equal((await idle.heard.closed).code, 1001);
      assert.equal((await (await origin.connection('/idle')).heard.closed).code, 1001);
      busy.socket.send('still here');
      assert.equal(await busy.heard.message(0), 'still here');
      clearInterval(pings);
      assert.equal((await busy.heard.closed).code, 1001);
    });

    it('lasts while lb drains, and is told of the end', async (t) => {
      const origin = await startWebSocketOrigin(t);
      const lb = await startLb(t, { origins: [origin.address] });
      const { socket, heard } = await openWebSocket(t, `ws://127.0.0.1:${lb.port}/drain`);
      const there = await origin.connection('/drain');
      const stopped = lb.server.stop(600);
      socket.send('while draining');
      assert.equal(await heard.message(0), 'while draining');
      assert.equal((await heard.closed).code, 1001);
      assert.equal((await there.heard.closed).code, 1001);
      await stopped;
    });

    it('is counted, and logged when it is over', async (t) => {
      const origin = await startWebSocketOrigin(t);
      const lb = await startLb(t, { origins: [origin.address], log: { access: true } });
      const { socket, heard } = await openWebSocket(t, `ws://127.0.0.1:${lb.port}/counted?secret=1`);
      socket.send('x'.repeat(1000));
      await heard.message(0);
      const during = await lb.admin.metrics();
      assert.equal(during.get(`lb_tunnels${SITE}`), 1);
      assert.equal(lb.lines.length, 0);
      socket.close();
      await heard.closed;
      await until(() => lb.lines.length === 1, 'a line of the access log');
      const [line] = lb.lines;
      assert.deepEqual([line.status, line.path, line.method], [101, '/counted', 'GET']);
      assert.ok((line.bytes as number) >= 1000);
      const after = await lb.admin.metrics();
      assert.equal(after.get(`lb_tunnels${SITE}`), 0);
      assert.equal(after.get(`lb_tunnels_opened_total${SITE}`), 1);
      for (const direction of ['from_client', 'to_client']) {
        const bytes = after.get(`lb_tunnel_bytes_total{site="default",direction="${direction}"}`) ?? 0;
        assert.ok(bytes > 1000 && bytes < 1100, `${bytes} bytes ${direction}`);
      }
      assert.equal(after.get('lb_http_requests_total{site="default",method="GET",code="1xx"}'), 1);
    });

    it('goes by settings that a reload brings', async (t) => {
      const origin = await startWebSocketOrigin(t);
      const settings = { origins: [origin.address], upgrades: { max_message: '64KB' } };
      const lb = await startLb(t, settings);
      const before = await openWebSocket(t, `ws://127.0.0.1:${lb.port}/before`);
      await lb.reload({ ...settings, upgrades: { max_message: '4MB' } });
      const after = await openWebSocket(t, `ws://127.0.0.1:${lb.port}/after`);
      after.socket.send(Buffer.alloc(4 << 20));
      await after.heard.message(0);
      before.socket.send('still by the old');
      assert.equal(await before.heard.message(0), 'still by the old');
      await lb.reload({ ...settings, upgrades: { enabled: false } });
      const off = openWebSocket(t, `ws://127.0.0.1:${lb.port}/off`);
      await assert.rejects(off);
      before.socket.send('lives on');
      assert.equal(await before.heard.message(1), 'lives on');
    });
  });
}
