import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, isIP, type LookupFunction } from 'node:net';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { SiteConfig } from '../config/config.ts';
import { isProhibited } from './address-guard.ts';
import { originErrorFrom } from './origin-error.ts';
import { OriginPools } from './pools.ts';

const PROHIBITED =
  '0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.9.9.9 169.254.0.1 169.254.169.254 172.16.0.1 ' +
  '172.31.255.255 192.168.0.1 192.0.0.192 198.18.0.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 ' +
  ':: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.1.2.3 ::ffff:169.254.169.254 0:0:0:0:0:ffff:a00:1 ' +
  'fe80::1 fe80::1%eth0 febf::1 fec0::1 fc00::1 fd00:ec2::254 fdff::1 ff02::1 64:ff9b::7f00:1 64:ff9b::10.0.0.1 ' +
  '64:ff9b:1::1 2002:7f00:1::1 2002:a00:1:: 2002:a9fe:a9fe::1 2001:0:1:2::3 100::1';

const PUBLIC =
  '1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 169.253.0.1 ' +
  '169.255.0.1 172.15.255.255 172.32.0.1 192.167.0.1 192.169.0.1 198.17.0.1 198.20.0.1 223.255.255.255 ' +
  '2001:4860:4860::8888 2a00::1 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1';

test('addresses that strangers may not reach', () => {
  for (const address of PROHIBITED.split(' ')) assert.equal(isProhibited(address), true, address);
  for (const address of PUBLIC.split(' ')) assert.equal(isProhibited(address), false, address);
  for (const text of ['', 'localhost', '127.1', '0x7f.1', '2130706433']) assert.equal(isProhibited(text), true, text);
});

test('an IPv4 address counts as itself in each form that holds it', () => {
  const byte = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(fc.tuple(byte, byte, byte, byte), ([a, b, c, d]) => {
      const plain = `${a}.${b}.${c}.${d}`;
      const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
      const forms = [`::ffff:${plain}`, `::ffff:${hex}`, `64:ff9b::${plain}`, `2002:${hex}::1`];
      for (const form of forms) assert.equal(isProhibited(form), isProhibited(plain), form);
    }),
  );
});

const origin = createServer((_, response) => response.end('secret'));
let requests = 0;
origin.on('request', () => requests++);
before(() => once(origin.listen(0, '127.0.0.1'), 'listening'));
after(() => origin.close());

const portOf = () => (origin.address() as AddressInfo).port;

/** Resolves any name to these addresses. */
function resolvesTo(...addresses: string[]): LookupFunction {
  return (_, options, callback) => {
    const found = addresses.map((address) => ({ address, family: isIP(address) }));
    if (options.all) callback(null, found);
    else callback(null, found[0].address, found[0].family);
  };
}

/** What asking an origin of this name comes to: a status, or the type of error. */
async function ask(host: string, { tls = false, multiTenant = true, lookup }: Options = {}): Promise<number | string> {
  const timeouts = { connect: 2000, firstByte: 2000, betweenBytes: 2000 };
  const site = { origins: [{ host, port: portOf(), tls }], timeouts } as SiteConfig;
  const pools = new OriginPools([site], { multiTenant, ...(lookup && { lookup }) });
  try {
    const { statusCode, body } = await pools.pick(0).pool.request({ path: '/', method: 'GET' });
    await body.dump();
    return statusCode;
  } catch (error) {
    return originErrorFrom(error as Error).type;
  } finally {
    await pools.destroy();
  }
}

interface Options {
  tls?: boolean;
  multiTenant?: boolean;
  lookup?: LookupFunction;
}

test('over sockets: refused before a byte is sent', async () => {
  requests = 0;
  const refused = 'destination_ip_prohibited';
  for (const tls of [false, true]) {
    for (const host of ['127.0.0.1', '::1', '::ffff:127.0.0.1', 'localhost'])
      assert.equal(await ask(host, { tls }), refused);
    // forms that URLs and resolvers take for 127.0.0.1
    for (const host of ['0x7f000001', '0x7f.1']) assert.equal(await ask(host, { tls }), refused, host);
    for (const addresses of [['127.0.0.1'], ['::ffff:127.0.0.1'], ['1.1.1.1', '127.0.0.1'], ['fd00:ec2::254']])
      assert.equal(await ask('rebind.example', { tls, lookup: resolvesTo(...addresses) }), refused);
  }
  assert.equal(requests, 0);
});

test('over sockets: without the setting, nothing is refused', async () => {
  assert.equal(await ask('127.0.0.1', { multiTenant: false }), 200);
});

test('a name that changes its address between two connections is looked at each time', async () => {
  const asked: string[] = [];
  const lookup: LookupFunction = (name, options, callback) => {
    asked.push(name);
    if (asked.length > 1) resolvesTo('127.0.0.1')(name, options, callback);
    else callback(Object.assign(new Error('not now'), { code: 'ENOTFOUND' }), '', 0);
  };
  const timeouts = { connect: 300, firstByte: 300, betweenBytes: 300 };
  const site = { origins: [{ host: 'rebind.example', port: portOf(), tls: false }], timeouts } as SiteConfig;
  const pools = new OriginPools([site], { multiTenant: true, lookup });
  const types = [];
  for (let i = 0; i < 2; i++) {
    const failure = await pools
      .pick(0)
      .pool.request({ path: '/', method: 'GET' })
      .catch((error: unknown) => error);
    types.push(failure instanceof Error ? originErrorFrom(failure).type : 'answered');
  }
  await pools.destroy();
  assert.deepEqual(types, ['dns_error', 'destination_ip_prohibited']);
  assert.equal(asked.length, 2);
});
