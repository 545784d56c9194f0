import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ProxyHeader, ProxyHeaderParser, type ProxyHeaderResult } from './proxy-protocol.ts';

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';

/** A header of version 2. `length` is what it says of its payload. */
function binary(command: number, family: number, payload: Uint8Array, length = payload.length): Buffer {
  const fixed = Buffer.alloc(16);
  fixed.write(SIGNATURE, 'latin1');
  fixed[12] = command;
  fixed[13] = family;
  fixed.writeUInt16BE(length, 14);
  return Buffer.concat([fixed, payload]);
}

const IPV4 = Buffer.from([192, 0, 2, 1, 198, 51, 100, 2, 0x1f, 0x90, 0x01, 0xbb]);
const IPV6 = Buffer.from(`20010db8${'0'.repeat(23)}1${'0'.repeat(20)}ffffc0000202${'1f9001bb'}`, 'hex');

function parse(bytes: string | Uint8Array): ProxyHeaderResult {
  return new ProxyHeaderParser().push(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
}

function header(bytes: string | Uint8Array): ProxyHeader {
  const result = parse(bytes);
  assert.ok(typeof result === 'object');
  return result;
}

function text(endpoint: ProxyHeader['source']): string | undefined {
  return endpoint && `${endpoint.address} ${endpoint.port}`;
}

const GOOD: [string, string | Uint8Array, string | undefined, string | undefined][] = [
  ['TCP4', 'PROXY TCP4 192.0.2.1 198.51.100.2 8080 443\r\n', '192.0.2.1 8080', '198.51.100.2 443'],
  ['TCP6', 'PROXY TCP6 2001:DB8::1 ::1 0 65535\r\n', '2001:db8::1 0', '::1 65535'],
  ['TCP6, IPv4 within', 'PROXY TCP6 ::ffff:192.0.2.1 2001:db8:0:0:0::1 1 2\r\n', '192.0.2.1 1', '2001:db8::1 2'],
  ['UNKNOWN', 'PROXY UNKNOWN\r\n', undefined, undefined],
  ['UNKNOWN with what is to be ignored', 'PROXY UNKNOWN ffff:: 1 x y\r\n', undefined, undefined],
  ['the longest line', `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`, undefined, undefined],
  ['TCP over IPv4', binary(0x21, 0x11, IPV4), '192.0.2.1 8080', '198.51.100.2 443'],
  ['UDP over IPv4', binary(0x21, 0x12, IPV4), '192.0.2.1 8080', '198.51.100.2 443'],
  ['TCP over IPv6, the second IPv4 within', binary(0x21, 0x21, IPV6), '2001:db8::1 8080', '192.0.2.2 443'],
  ['a unix socket', binary(0x21, 0x31, Buffer.alloc(216)), undefined, undefined],
  ['unspecified', binary(0x21, 0x00, Buffer.alloc(0)), undefined, undefined],
  ['LOCAL', binary(0x20, 0x00, Buffer.alloc(0)), undefined, undefined],
  ['LOCAL with what is to be ignored', binary(0x20, 0x11, Buffer.from([1, 2, 3])), undefined, undefined],
  [
    'TLVs',
    binary(0x21, 0x11, Buffer.concat([IPV4, Buffer.from([4, 0, 2, 9, 9, 1, 0, 0])])),
    '192.0.2.1 8080',
    undefined,
  ],
];

for (const [name, bytes, source, destination] of GOOD) {
  test(`taken: ${name}`, () => {
    const whole = Buffer.concat([Buffer.from(bytes as string, 'latin1'), Buffer.from('GET /')]);
    const result = header(whole);
    assert.equal(text(result.source), source);
    if (destination !== undefined) assert.equal(text(result.destination), destination);
    assert.equal(Buffer.from(result.rest).toString(), 'GET /');
    // byte by byte: all but the last are not enough
    const parser = new ProxyHeaderParser();
    for (const [i, byte] of Buffer.from(bytes as string, 'latin1').entries()) {
      const answer = parser.push(Buffer.from([byte]));
      if (i < bytes.length - 1) assert.equal(answer, 'more', `byte ${i}`);
      else assert.ok(typeof answer === 'object' && answer.rest.length === 0);
    }
  });
}

const BAD: [string, string | Uint8Array][] = [
  ['a request', 'GET / HTTP/1.1\r\n'],
  ['lower case', 'proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n'],
  ['UDP4', 'PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n'],
  ['no addresses', 'PROXY TCP4\r\n'],
  ['one port', 'PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n'],
  ['three ports', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n'],
  ['two spaces', 'PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n'],
  ['a space at the end', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n'],
  ['a tab', 'PROXY TCP4\t1.2.3.4 1.2.3.4 1 2\r\n'],
  ['IPv6 as TCP4', 'PROXY TCP4 ::1 ::1 1 2\r\n'],
  ['IPv4 as TCP6', 'PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n'],
  ['a name', 'PROXY TCP4 localhost 1.2.3.4 1 2\r\n'],
  ['a zone', 'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n'],
  ['a port with a zero in front', 'PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n'],
  ['a port over 65535', 'PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n'],
  ['a negative port', 'PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n'],
  ['octets with zeros in front', 'PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n'],
  ['a bare LF', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n'],
  ['a bare CR', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rGET /'],
  ['NUL', 'PROXY UNKNOWN \0\r\n'],
  ['a line too long', `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`],
  ['a line without end', `PROXY UNKNOWN ${'x'.repeat(93)}`],
  ['a wrong signature', '\r\n\r\n\0\r\nQUIX'],
  ['version 1 in binary', binary(0x11, 0x11, IPV4)],
  ['version 3', binary(0x31, 0x11, IPV4)],
  ['a command unknown', binary(0x22, 0x11, IPV4)],
  ['a family unknown', binary(0x21, 0x41, IPV4)],
  ['a transport unknown', binary(0x21, 0x13, IPV4)],
  ['addresses too short', binary(0x21, 0x11, IPV4.subarray(0, 11))],
  ['IPv6 with the length of IPv4', binary(0x21, 0x21, IPV4)],
  ['a TLV that is longer than the header', binary(0x21, 0x11, Buffer.concat([IPV4, Buffer.from([4, 0, 3, 9, 9])]))],
  ['half a TLV', binary(0x21, 0x11, Buffer.concat([IPV4, Buffer.from([4, 0])]))],
  ['a payload too large', binary(0x21, 0x11, IPV4, 65_535)],
];

for (const [name, bytes] of BAD) test(`malformed: ${name}`, () => assert.equal(parse(bytes), 'malformed'));

test('nonsense is told at its first byte', () => {
  assert.equal(parse('G'), 'malformed');
  assert.equal(parse('PROXX'), 'malformed');
  assert.equal(parse(`${SIGNATURE}\x41`), 'malformed');
  assert.equal(parse(`${SIGNATURE}\x21\x99`), 'malformed');
});

test('however the bytes are cut, the answer is the same', () => {
  const whole = fc.oneof(
    fc.constantFrom(...GOOD.map(([, bytes]) => Buffer.from(bytes as string, 'latin1'))),
    fc.constantFrom(...BAD.map(([, bytes]) => Buffer.from(bytes as string, 'latin1'))),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => binary(0x21, 0x11, bytes)),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.concat([Buffer.from('PROXY '), bytes])),
  );
  fc.assert(
    fc.property(whole, fc.array(fc.nat(400), { maxLength: 5 }), (bytes, cuts) => {
      const at = [...cuts.map((cut) => Math.min(cut, bytes.length)), 0, bytes.length].sort((a, b) => a - b);
      const parser = new ProxyHeaderParser();
      let answer: ProxyHeaderResult = 'more';
      let taken = 0;
      for (let i = 1; i < at.length && answer === 'more'; i++) {
        answer = parser.push(bytes.subarray(at[i - 1], at[i]));
        taken = at[i];
      }
      const direct = parse(bytes);
      if (typeof answer === 'object' && typeof direct === 'object') {
        assert.deepEqual([answer.source, answer.destination], [direct.source, direct.destination]);
        assert.equal(taken - answer.rest.length, bytes.length - direct.rest.length);
      } else assert.equal(answer, direct);
    }),
  );
});
