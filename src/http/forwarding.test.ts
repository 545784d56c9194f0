import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { appendCdnLoop, countCdnLoop } from './cdn-loop.ts';
import { appendForwardedFor, forwardedAddress, forwardedScheme } from './forwarded.ts';
import { headerList } from './headers.ts';
import { randomHex } from './random-id.ts';
import { isRequestId, requestId } from './request-id.ts';
import { nextTraceparent, parseTraceparent } from './traceparent.ts';
import { appendVia, countVia } from './via.ts';

test('Via', () => {
  assert.equal(appendVia(undefined, '1.1', 'lb'), '1.1 lb');
  assert.equal(appendVia('1.0 fred', '2', 'lb'), '1.0 fred, 2 lb');
  assert.equal(countVia('1.1 lb, HTTP/1.1 lb (x, y), 1.1 other', 'lb'), 2);
  assert.equal(countVia(undefined, 'lb'), 0);
});

test('CDN-Loop', () => {
  const value = 'foo123.foocdn.example, barcdn.example; trace="a, LB", lb;x=1, LB';
  assert.equal(countCdnLoop(value, 'lb'), 2);
  assert.equal(countCdnLoop(undefined, 'lb'), 0);
  assert.equal(countCdnLoop('lbx, x-lb', 'lb'), 0);
  assert.equal(appendCdnLoop('a', 'lb'), 'a, lb');
  assert.equal(appendCdnLoop(undefined, 'lb'), 'lb');
});

const sent = headerList([
  ['X-Forwarded-For', '203.0.113.7, 198.51.100.1'],
  ['X-Forwarded-For', '192.0.2.5:1234'],
]);

test('the list for the origin is completed', () => {
  assert.equal(appendForwardedFor(sent, '10.0.0.9'), '203.0.113.7, 198.51.100.1, 192.0.2.5:1234, 10.0.0.9');
  assert.equal(appendForwardedFor([], '10.0.0.9'), '10.0.0.9');
});

test('the scheme that a proxy names', () => {
  const cases: [string, 'http' | 'https' | undefined][] = [
    ['https', 'https'],
    ['HTTP', 'http'],
    ['http, https', 'https'],
    ['', undefined],
    ['gopher', undefined],
    ['https,', undefined],
  ];
  for (const [value, scheme] of cases) assert.equal(forwardedScheme(value), scheme, value);
});

const addresses: [string, string[], string][] = [
  ['a connection that is not trusted', [], '10.0.0.9'],
  ['one trusted hop', ['10.0.0.9'], '192.0.2.5'],
  ['two trusted hops', ['10.0.0.9', '192.0.2.5'], '198.51.100.1'],
  ['all trusted', ['10.0.0.9', '192.0.2.5', '198.51.100.1', '203.0.113.7'], '203.0.113.7'],
];
for (const [name, trusted, expected] of addresses) {
  test(`client address: ${name}`, () =>
    assert.equal(
      forwardedAddress(sent, '10.0.0.9', (address) => trusted.includes(address)),
      expected,
    ));
}

const hops: [string, string][] = [
  ['1.2.3.4, unknown, [2001:db8::1]:80', '2001:db8::1'],
  ['unknown', '10.0.0.9'],
  ['1.2.3.4,', '10.0.0.9'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['[2001:db8::2]', '2001:db8::2'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['1.2.3.4:99999999', '10.0.0.9'],
  ['01.2.3.4', '10.0.0.9'],
  ['1.2.3.4.5', '10.0.0.9'],
  ['fe80::1%eth0', '10.0.0.9'],
  ['_hidden', '10.0.0.9'],
];
for (const [field, expected] of hops) {
  test(`client address behind trusted proxies: ${field}`, () => {
    const headers = headerList([['X-Forwarded-For', field]]);
    assert.equal(
      forwardedAddress(headers, '10.0.0.9', () => true),
      expected,
    );
  });
}

test('request ids', () => {
  assert.equal(requestId('abc-123_x.Y'), 'abc-123_x.Y');
  for (const bad of ['', 'a b', 'a\nb', '"a"', 'a;b', 'é', 'x'.repeat(129)]) assert.equal(isRequestId(bad), false, bad);
  assert.match(requestId('a b'), /^[0-9a-f]{32}$/);
  assert.equal(new Set(Array.from({ length: 2000 }, () => requestId(undefined))).size, 2000);
  assert.equal(randomHex(8).length, 16);
});

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

test('a valid trace goes on under a new span', () => {
  assert.deepEqual(parseTraceparent(`00-${TRACE}-${SPAN}-01`), { traceId: TRACE, spanId: SPAN, flags: 1 });
  assert.match(nextTraceparent(`00-${TRACE}-${SPAN}-01`), new RegExp(`^00-${TRACE}-(?!${SPAN})[0-9a-f]{16}-01$`));
  assert.match(nextTraceparent(`cc-${TRACE}-${SPAN}-02-future`), new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
});

const traces = [
  ...['', 'x', `ff-${TRACE}-${SPAN}-01`, `00-${'0'.repeat(32)}-${SPAN}-01`, `00-${TRACE}-${'0'.repeat(16)}-01`],
  ...[
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01 `,
  ],
];
for (const trace of traces) {
  test(`a new trace instead of "${trace}"`, () => {
    const parsed = parseTraceparent(nextTraceparent(trace));
    assert.ok(parsed !== undefined && parsed.traceId !== TRACE && parsed.flags === 0);
  });
}

test('whatever comes in, a valid traceparent goes out', () => {
  fc.assert(fc.property(fc.string(), (text) => parseTraceparent(nextTraceparent(text)) !== undefined));
});
