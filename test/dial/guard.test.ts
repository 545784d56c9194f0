// Origins that strangers configure: the address that is looked at is the one that is connected to.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { OriginConfig } from '../../src/config/config.ts';
import { Dialer } from '../../src/origin/connect.ts';
import { DnsCache } from '../../src/origin/dns.ts';
import { originErrorFrom } from '../../src/origin/origin-error.ts';
import { type NameServer, startNameServer } from './name-server.ts';
import { originConfig, siteConfig } from './site.ts';

const origin = createServer((_, response) => response.end('secret'));
let connections = 0;
origin.on('connection', () => connections++);
const closers: (() => void | Promise<void>)[] = [];
let names: NameServer;
before(async () => {
  await once(origin.listen(0, '127.0.0.1'), 'listening');
  names = await startNameServer({ after: (close) => void closers.push(close) }, () => ({ code: 3 }));
});
after(async () => {
  origin.closeAllConnections();
  origin.close();
  for (const close of closers) await close();
});

/** What a connection to an origin comes to: `connected`, or the type of error. */
async function dial(
  given: Partial<OriginConfig>,
  multiTenant = true,
  dns = new DnsCache({ servers: [names.address], minTtl: 0, maxTtl: 0 }),
): Promise<string> {
  const { port } = origin.address() as AddressInfo;
  const dialer = new Dialer(originConfig({ port, ...given }), siteConfig({}), { multiTenant, dns });
  try {
    const socket = await dialer.dial({ protocols: ['http/1.1'], client: undefined });
    socket.destroy();
    return 'connected';
  } catch (error) {
    return originErrorFrom(error as Error).type;
  }
}

const REFUSED = 'destination_ip_prohibited';

test('addresses and forms that resolvers take for addresses are refused before a byte is sent', async () => {
  const hosts = ['127.0.0.1', '::1', '::ffff:127.0.0.1', 'localhost', '0x7f000001', '0x7f.1', '127.1', '2130706433'];
  for (const tls of [false, true]) for (const host of hosts) assert.equal(await dial({ host, tls }), REFUSED, host);
  assert.equal(await dial({ unix: '/run/some.sock' }), REFUSED);
  assert.equal(connections, 0);
});

test('names with any such address are refused', async () => {
  for (const addresses of [['127.0.0.1'], ['::ffff:7f00:1'], ['1.1.1.1', '127.0.0.1'], ['fd00::254'], ['fe80::1']]) {
    names.answer = () => ({ addresses });
    assert.equal(await dial({ host: 'rebind.example' }), REFUSED, addresses.join());
  }
  assert.equal(connections, 0);
});

test('a name that changes its address between two connections is looked at each time', async () => {
  const dns = new DnsCache({ servers: [names.address], minTtl: 0, maxTtl: 0 });
  names.answer = () => ({ code: 3 });
  assert.equal(await dial({ host: 'rebind.example' }, true, dns), 'dns_error');
  names.answer = () => ({ addresses: ['127.0.0.1'], ttl: 0 });
  assert.equal(await dial({ host: 'rebind.example' }, true, dns), REFUSED);
  assert.equal(await dial({ host: 'rebind.example' }, false, dns), 'connected');
});

test('without the setting, nothing is refused', async () => {
  for (const host of ['127.0.0.1', 'localhost']) assert.equal(await dial({ host }, false), 'connected', host);
});
