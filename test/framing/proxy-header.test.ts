// PROXY headers in front of connections, over raw sockets.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type Client, openClient, requestText } from '../support/client.ts';
import { startLb } from '../support/lb.ts';
import { sharedPair } from '../support/pair.ts';

const pair = sharedPair({ proxy_protocol: ['127.0.0.1'] });

const LINE = 'PROXY TCP4 192.0.2.1 198.51.100.2 8080 443\r\n';
const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const ADDRESSES = '\xc0\x00\x02\x07\xc6\x33\x64\x02\x1f\x90\x01\xbb';
const BINARY = `${SIGNATURE}\x21\x11\x00\x0c${ADDRESSES}`;
const WITH_TLV = `${SIGNATURE}\x21\x11\x00\x11${ADDRESSES}\x04\x00\x02zz`;
const LOCAL = `${SIGNATURE}\x20\x00\x00\x00`;

async function send(t: TestContext, pieces: readonly string[], port = pair.port): Promise<Client> {
  const client = await openClient(t, port);
  for (const piece of pieces) {
    client.send(piece);
    await setTimeout(0);
  }
  return client;
}

const GOOD: [string, string, string][] = [
  ['version 1', LINE, '192.0.2.1'],
  ['version 1, UNKNOWN', 'PROXY UNKNOWN\r\n', '127.0.0.1'],
  ['version 1, IPv6', 'PROXY TCP6 2001:db8::7 ::1 1 2\r\n', '2001:db8::7'],
  ['version 2', BINARY, '192.0.2.7'],
  ['version 2 with a TLV', WITH_TLV, '192.0.2.7'],
  ['version 2, LOCAL', LOCAL, '127.0.0.1'],
];

for (const [name, header, address] of GOOD) {
  for (const cut of [false, true]) {
    test(`the client is who the header names: ${name}${cut ? ', byte by byte' : ''}`, async (t) => {
      const origin = pair.script((_, answer) => answer.send(200, [], 'x'));
      const asked = requestText('GET', '/');
      const client = await send(t, cut ? [...header.split(''), asked] : [header + asked]);
      assert.equal((await client.response()).status, 200);
      client.send(asked);
      assert.equal((await client.response()).status, 200);
      assert.equal(origin.requests[0].get('x-forwarded-for'), address);
    });
  }
}

const BAD: [string, string][] = [
  ['no header', ''],
  ['a malformed line', 'PROXY TCP4 192.0.2.1\r\n'],
  ['a line without end', `PROXY TCP4 ${'1'.repeat(200)}`],
  ['a header too large', `${SIGNATURE}\x21\x11\xff\xff${ADDRESSES}`],
  ['addresses too short', `${SIGNATURE}\x21\x11\x00\x0b${ADDRESSES.slice(1)}`],
  ['version 3', `${SIGNATURE}\x31\x11\x00\x0c${ADDRESSES}`],
  ['two headers', LINE + LINE],
];

for (const [name, header] of BAD) {
  test(`the connection is closed: ${name}`, async (t) => {
    const origin = pair.script((_, answer) => answer.send(200, [], 'x'));
    const client = await send(t, [header + requestText('GET', '/')]);
    const said = await client.end();
    assert.ok(said === '' || said.startsWith('HTTP/1.1 400 '), said);
    assert.deepEqual(origin.log, []);
  });
}

test('a header from anywhere else is a malformed request', async (t) => {
  const origin = pair.script((_, answer) => answer.send(200, [], 'x'));
  const lb = await startLb(t, { origins: [pair.origin.address], proxy_protocol: ['192.0.2.0/24'] });
  for (const header of [LINE, BINARY]) {
    const client = await send(t, [header + requestText('GET', '/')], lb.port);
    assert.ok((await client.end()).startsWith('HTTP/1.1 400 '));
  }
  assert.deepEqual(origin.log, []);
  const plain = await send(t, [requestText('GET', '/')], lb.port);
  assert.equal((await plain.response()).status, 200);
});
