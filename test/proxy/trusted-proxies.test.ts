// X-Forwarded-For and -Proto, of proxies that are trusted and of those that are not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openClient, request, requestText } from '../support/client.ts';
import { startLb } from '../support/lb.ts';
import { sharedPair } from '../support/pair.ts';

const pair = sharedPair({ trusted_proxies: ['127.0.0.1', '10.0.0.0/8', '2001:db8::/32'], log: { access: true } });

const FIELDS: [string, string][] = [
  ['X-Forwarded-For', '203.0.113.7, 198.51.100.1'],
  ['X-Forwarded-For', '[2001:db8::1]:1234, 10.1.2.3'],
  ['X-Forwarded-Proto', 'https'],
];

test('a trusted proxy tells the client and the scheme, and is added to the list', async (t) => {
  const origin = pair.script((_, answer) => answer.send(200, [], 'x'));
  await request(t, pair.port, '/told', { fields: FIELDS });
  const [asked] = origin.requests;
  assert.equal(asked.get('x-forwarded-for'), '203.0.113.7, 198.51.100.1, [2001:db8::1]:1234, 10.1.2.3, 127.0.0.1');
  assert.equal(asked.get('x-forwarded-proto'), 'https');
});

test('the access log has the client that the proxy told of, on hits too', async (t) => {
  pair.script((_, answer) => answer.send(200, [['Cache-Control', 'max-age=60']], 'x'));
  const client = await openClient(t, pair.port);
  for (const _ of [1, 2]) {
    client.send(requestText('GET', '/logged', FIELDS));
    await client.response();
  }
  const seen = () => pair.lb.lines.filter(({ path }) => path === '/logged').map(({ client_ip }) => client_ip);
  while (seen().length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(seen(), ['198.51.100.1', '198.51.100.1']);
});

test('schemes do not share what is stored', async (t) => {
  const origin = pair.script((_, answer) => answer.send(200, [['Cache-Control', 'max-age=60']], 'x'));
  for (const proto of ['http', 'https', 'http', 'https']) {
    await request(t, pair.port, '/schemes', { fields: [['X-Forwarded-Proto', proto]] });
  }
  assert.deepEqual(
    origin.requests.map((asked) => asked.get('x-forwarded-proto')),
    ['http', 'https'],
  );
});

test("of several lines the last counts, which is the proxy's own", async (t) => {
  const origin = pair.script((_, answer) => answer.send(200, [], 'x'));
  for (const [sent, own] of [
    ['https', 'http'],
    ['http', 'https'],
  ]) {
    const fields: [string, string][] = [
      ['X-Forwarded-Proto', sent],
      ['X-Forwarded-Proto', own],
    ];
    await request(t, pair.port, `/lines?${own}`, { fields });
    assert.equal(origin.requests.at(-1)?.get('x-forwarded-proto'), own);
  }
});

test('anyone else tells nothing', async (t) => {
  const origin = pair.script((_, answer) => answer.send(200, [], 'x'));
  const lb = await startLb(t, { origins: [pair.origin.address], trusted_proxies: ['192.0.2.0/24'] });
  await request(t, lb.port, '/untold', { fields: FIELDS });
  const [asked] = origin.requests;
  assert.deepEqual([asked.get('x-forwarded-for'), asked.get('x-forwarded-proto')], ['127.0.0.1', 'http']);
});
