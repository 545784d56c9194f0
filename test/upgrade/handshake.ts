import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { type Cleanup, until } from '../support/cleanup.ts';
import { type Client, openClient, request, requestText } from '../support/client.ts';
import type { Field } from '../support/message.ts';
import type { Answer, OriginRequest } from '../support/origin.ts';
import { sharedPair } from '../support/pair.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** Fields of a handshake, others in place of some: undefined for none. */
function handshake(changes: Record<string, string | undefined> = {}): Field[] {
  const fields = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': KEY,
    ...changes,
  };
  return Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined);
}

function acceptFor(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** An origin's right answer; the connection is no longer HTTP then. */
async function agree(request: OriginRequest, answer: Answer, more: readonly Field[] = []): Promise<void> {
  const accept = acceptFor(request.get('sec-websocket-key') ?? '');
  await answer.head(101, [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', accept],
    ...more,
  ]);
  await answer.gone;
}

/** The head that a client gets first, with its status; 101 too. */
async function firstHead(client: Client): Promise<string> {
  const wanted = '\r\n\r\n';
  await until(async () => client.reader.left.includes(wanted) || !(await client.reader.more()), 'a head');
  return client.reader.left.toString('latin1');
}

/** What handshakes come to, whatever carries them. @param raw whether bytes are passed on as they come */
export function handshakeCases(raw: boolean): void {
  const pair = sharedPair({
    upgrades: { connections: 4, idle_timeout: '5m' },
    timeouts: { first_byte: '300ms' },
  });
  const ask = (t: Cleanup, path: string, fields: readonly Field[], options: { method?: string; body?: string } = {}) =>
    request(t, pair.port, path, { fields, ...options });

  describe('a handshake', () => {
    it('is asked of the origin with a key of its own, and answered for the client’s', async (t) => {
      const origin = pair.script((asked, answer) =>
        agree(asked, answer, [
          ['Set-Cookie', 'a=b'],
          ['X-Own', 'y'],
        ]),
      );
      const client = await openClient(t, pair.port);
      client.send(requestText('GET', '/ok?q=1', handshake({ Cookie: 'c=d', Origin: 'http://site.test' })));
      const head = await firstHead(client);
      assert.match(head, /^HTTP\/1\.1 101 /);
      assert.ok(head.includes(`Sec-WebSocket-Accept: ${acceptFor(KEY)}`) || head.includes(acceptFor(KEY)));
      assert.match(head, /set-cookie: a=b/i);
      assert.match(head, /x-own: y/i);
      assert.match(head, /connection: upgrade/i);
      assert.match(head, /upgrade: websocket/i);
      const asked = await origin.request(0);
      assert.equal(asked.target, '/ok?q=1');
      assert.notEqual(asked.get('sec-websocket-key'), KEY);
      assert.equal(asked.get('cookie'), 'c=d');
      assert.equal(asked.get('origin'), 'http://site.test');
      assert.equal(asked.get('connection'), 'Upgrade');
      assert.equal(asked.get('upgrade'), 'websocket');
      client.close();
    });

    const refused: [string, Field[], number][] = [
      ['another version', handshake({ 'Sec-WebSocket-Version': '8' }), 426],
      ['no version', handshake({ 'Sec-WebSocket-Version': undefined }), 426],
      ['a key that is no base64', handshake({ 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZ!==' }), 400],
      ['a key of more than 16 bytes', handshake({ 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZTEy' }), 400],
      ['a second key', [...handshake(), ['Sec-WebSocket-Key', KEY]], 400],
      ['a malformed subprotocol', handshake({ 'Sec-WebSocket-Protocol': 'a b' }), 400],
    ];
    for (const [what, fields, status] of refused) {
      it(`with ${what} is answered ${status}, without asking the origin`, async (t) => {
        const origin = pair.script((asked, answer) => agree(asked, answer));
        const response = await ask(t, '/refused', fields);
        assert.equal(response.status, status);
        if (status === 426) assert.equal(response.get('sec-websocket-version'), '13');
        assert.equal(origin.requests.length, 0);
      });
    }

    const ordinary: [string, Field[], string?][] = [
      ['no Connection: upgrade', handshake({ Connection: 'keep-alive' })],
      ['no Connection', handshake({ Connection: undefined })],
      ['no Upgrade', handshake({ Upgrade: undefined })],
      ['Upgrade: h2c', handshake({ Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAoAAAAAIAAAAA' })],
      ['Upgrade: TLS', handshake({ Upgrade: 'TLS/1.2' })],
      ['POST', handshake(), 'POST'],
    ];
    for (const [what, fields, method = 'GET'] of ordinary) {
      it(`with ${what} is an ordinary request`, async (t) => {
        const origin = pair.script((_, answer) => answer.send(200, [['Cache-Control', 'no-store']], 'plain'));
        const response = await ask(t, '/ordinary', fields, { method, ...(method === 'POST' && { body: 'x' }) });
        assert.deepEqual([response.status, response.text], [200, 'plain']);
        const asked = await origin.request(0);
        assert.equal(asked.get('upgrade'), undefined);
        assert.equal(asked.get('http2-settings'), undefined);
      });
    }

    it('gets the origin’s answer where that is another one', async (t) => {
      const origin = pair.script((_, answer) =>
        answer.send(
          401,
          [
            ['WWW-Authenticate', 'Basic'],
            ['Cache-Control', 'max-age=60'],
          ],
          'who are you?',
        ),
      );
      for (let i = 0; i < 2; i++) {
        const response = await ask(t, '/401', handshake());
        assert.deepEqual([response.status, response.text], [401, 'who are you?']);
        assert.equal(response.get('www-authenticate'), 'Basic');
      }
      assert.equal(origin.requests.length, 2, 'nothing of it comes from the cache');
    });

    it('gets a large answer whole, chunked too', async (t) => {
      const body = 'x'.repeat(1_000_000);
      pair.script(async (_, answer) => {
        await answer.head(200, [['Transfer-Encoding', 'chunked']]);
        for (let at = 0; at < body.length; at += 100_000) await answer.chunk(body.slice(at, at + 100_000));
        await answer.raw('0\r\n\r\n');
      });
      const response = await ask(t, '/large', handshake());
      assert.equal(response.status, 200);
      assert.equal(response.text, body);
    });

    const failures: [string, (request: OriginRequest, answer: Answer) => Promise<void> | void, number][] = [
      [
        'a 101 without Sec-WebSocket-Accept',
        (_, a) => a.raw('HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
        502,
      ],
      [
        'a 101 with a wrong Sec-WebSocket-Accept',
        (_, a) =>
          a.raw(`HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${KEY}\r\n\r\n`),
        502,
      ],
      [
        'a 101 to another protocol',
        (r, a) =>
          a.raw(
            `HTTP/1.1 101 S\r\nUpgrade: foo\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(r.get('sec-websocket-key') ?? '')}\r\n\r\n`,
          ),
        502,
      ],
      // Node takes these for answers without a body
      ['a 101 without Upgrade', (_, a) => a.raw('HTTP/1.1 101 S\r\n\r\n'), 502],
      ['a 101 without Connection', (_, a) => a.raw('HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n'), 502],
      [
        'a 101 without Upgrade, and a second answer behind it',
        (_, a) => a.raw('HTTP/1.1 101 S\r\n\r\nHTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nhi'),
        502,
      ],
      ['a subprotocol that was not offered', (r, a) => agree(r, a, [['Sec-WebSocket-Protocol', 'mqtt']]), 502],
      [
        'an extension that was not offered',
        (r, a) => agree(r, a, [['Sec-WebSocket-Extensions', 'permessage-deflate']]),
        502,
      ],
      ['a broken connection', (_, a) => a.reset(), 502],
      ['no HTTP', (_, a) => a.raw('garbage\r\n\r\n'), 502],
      [
        'a part of a body',
        (_, a) => {
          void a.head(200, [['Content-Length', '10']]);
          a.close();
        },
        0,
      ],
      ['nothing', () => new Promise(() => {}), 504],
    ];
    for (const [what, script, status] of failures) {
      it(`to which the origin gives ${what} ${status === 0 ? 'is broken' : `gets ${status}`}`, async (t) => {
        pair.script(async (asked, answer) => {
          if (asked.target === '/failure') await script(asked, answer);
        });
        const client = await openClient(t, pair.port);
        client.send(requestText('GET', '/failure', handshake()));
        if (status === 0) {
          const response = await client.head();
          // where nothing of it had left, that is said
          if (response !== undefined && response.status !== 502)
            assert.equal((await client.body(response)).complete, false);
        } else assert.equal((await client.response()).status, status);
        client.close();
        await until(async () => (await pair.lb.admin.metrics()).get('lb_tunnels{site="default"}') === 0, 'no tunnel');
      });
    }

    it('is refused by 503 over the cap, and taken again below it', async (t) => {
      pair.script((asked, answer) => agree(asked, answer));
      const clients: Client[] = [];
      for (let i = 0; i < 4; i++) {
        const client = await openClient(t, pair.port);
        client.send(requestText('GET', '/cap', handshake()));
        assert.match(await firstHead(client), /^HTTP\/1\.1 101 /);
        clients.push(client);
      }
      const response = await ask(t, '/cap', handshake());
      assert.equal(response.status, 503);
      assert.match(response.get('proxy-status') ?? '', /connection_limit_reached/);
      for (const client of clients) client.close();
      await until(async () => (await pair.lb.admin.metrics()).get('lb_tunnels{site="default"}') === 0, 'no tunnel');
      const client = await openClient(t, pair.port);
      client.send(requestText('GET', '/cap', handshake()));
      assert.match(await firstHead(client), /^HTTP\/1\.1 101 /);
      client.close();
    });

    it('holds bytes that follow it until the switch', async (t) => {
      const received = async () =>
        (await pair.lb.admin.metrics()).get('lb_tunnel_bytes_total{site="default",direction="from_client"}') ?? 0;
      const before = await received();
      // an empty ping, masked
      const ping = Buffer.from([0x89, 0x80, 1, 2, 3, 4]);
      let agreed: () => void = () => {};
      const origin = pair.script(async (asked, answer) => {
        await new Promise<void>((resolve) => {
          agreed = resolve;
        });
        await agree(asked, answer);
      });
      const client = await openClient(t, pair.port);
      client.send(requestText('GET', '/held', handshake()));
      await origin.request(0);
      client.send(ping);
      agreed();
      assert.match(await firstHead(client), /^HTTP\/1\.1 101 /);
      await until(async () => (await received()) === before + ping.length, 'the frame');
      assert.deepEqual(origin.log, ['GET /held']);
      client.close();
    });

    it('never makes a second request of what is sent with it', async (t) => {
      const origin = pair.script((asked, answer) => agree(asked, answer));
      const client = await openClient(t, pair.port);
      client.send(requestText('GET', '/one', handshake()) + requestText('GET', '/smuggled'));
      if (raw) {
        assert.match(await firstHead(client), /^HTTP\/1\.1 101 /);
        client.close();
      } else await client.end();
      assert.ok(!origin.log.includes('GET /smuggled') || raw);
    });
  });
}
