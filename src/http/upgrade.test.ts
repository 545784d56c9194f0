import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptFor, checkHandshake, isProperSwitch, upgradeNames, wantedSwitch } from './upgrade.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ask = (...names: string[]) => [
  'connection',
  'keep-alive, Upgrade',
  ...names.flatMap((name) => ['upgrade', name]),
];

test('the accept value is that of RFC 6455 section 1.3', () => {
  assert.equal(acceptFor(KEY), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
});

test('what is switched to', () => {
  const cases: [string, string[], string[] | undefined][] = [
    ['GET', ask('websocket'), ['websocket']],
    ['GET', ask('WebSocket'), ['websocket']],
    ['GET', ask('foo, websocket'), ['websocket']],
    ['GET', ask('foo/2', 'bar'), ['foo/2', 'bar']],
    ['POST', ask('tcp'), ['tcp']],
    ['POST', ask('websocket'), undefined],
    ['GET', ask('h2c'), undefined],
    ['GET', ask('H2C, TLS/1.2, HTTP/2.0, h2, h3'), undefined],
    ['GET', ask('h2c, foo'), ['foo']],
    ['GET', ask('a b'), undefined],
    ['GET', ask(''), undefined],
    ['GET', ['upgrade', 'websocket'], undefined],
    ['GET', ['connection', 'close', 'upgrade', 'websocket'], undefined],
  ];
  for (const [method, headers, protocols] of cases) {
    assert.deepEqual(wantedSwitch(method, headers)?.protocols, protocols, `${method} ${headers.join(' ')}`);
  }
});

test('names of protocols', () => {
  assert.deepEqual(upgradeNames(['upgrade', 'A/1, b/2/3, c d, ,e']), ['a/1', 'e']);
});

test('handshakes', () => {
  const right = ['sec-websocket-version', '13', 'sec-websocket-key', KEY];
  assert.equal(checkHandshake(right, true), undefined);
  assert.equal(checkHandshake(right.slice(0, 2), false), undefined);
  assert.equal(checkHandshake(right.slice(0, 2), true)?.status, 400);
  assert.equal(checkHandshake([...right, ...right], true)?.status, 426);
  for (const key of ['', 'AAAA', 'dGhlIHNhbXBsZSBub25jZ===', 'dGhlIHNhbXBsZSBub25jZZ==', `${KEY}=`]) {
    assert.equal(checkHandshake(['sec-websocket-version', '13', 'sec-websocket-key', key], true)?.status, 400, key);
  }
});

test('answers to them', () => {
  const wanted = { protocols: ['websocket'], isWebSocket: true };
  const request = ['sec-websocket-protocol', 'a, b', 'sec-websocket-extensions', 'x; y=1'];
  const right = ['upgrade', 'websocket', 'sec-websocket-accept', acceptFor(KEY)];
  const check = (...answer: string[]) => isProperSwitch(wanted, request, KEY, answer);
  assert.ok(check(...right));
  assert.ok(check(...right, 'sec-websocket-protocol', 'b', 'sec-websocket-extensions', 'x; z'));
  assert.ok(!check(...right, 'sec-websocket-protocol', 'c'));
  assert.ok(!check(...right, 'sec-websocket-protocol', 'a', 'sec-websocket-protocol', 'b'));
  assert.ok(!check(...right, 'sec-websocket-extensions', 'permessage-deflate'));
  assert.ok(!check('upgrade', 'foo', ...right.slice(2)));
  assert.ok(!check(...right.slice(2)));
  assert.ok(!check('upgrade', 'websocket'));
  assert.ok(!check('upgrade', 'websocket', 'sec-websocket-accept', KEY));
  assert.ok(isProperSwitch({ protocols: ['foo/1'], isWebSocket: false }, [], '', ['upgrade', 'Foo/1']));
});
