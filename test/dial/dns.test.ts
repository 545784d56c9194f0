// Names of origins: TTL, silence, several addresses; against a name server on loopback.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Dialer } from '../../src/origin/connect.ts';
import { openConnections } from '../../src/origin/connect-pool.ts';
import { DnsCache } from '../../src/origin/dns.ts';
import { originErrorFrom } from '../../src/origin/origin-error.ts';
import { until } from '../support/cleanup.ts';
import { freePort } from '../support/origin.ts';
import { fetchAll } from './exchange.ts';
import { type NameServer, startNameServer } from './name-server.ts';
import { originConfig, siteConfig } from './site.ts';

const addressesOf = async (dns: DnsCache, name: string) =>
  (await dns.addresses(name)).map(({ address }) => address).join();

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: unknown) => (error as NodeJS.ErrnoException).code,
  );

/** Questions of one family that the name server got. */
const asked = (names: NameServer) => names.log.filter((line) => line.endsWith(' A')).length;

test('an answer is used as long as its TTL says, within the bounds', async (t) => {
  let address = '127.0.0.1';
  let ttl = 100;
  const names = await startNameServer(t, () => ({ addresses: [address], ttl }));
  const capped = new DnsCache({ servers: [names.address], minTtl: 0, maxTtl: 400 });
  assert.equal(await addressesOf(capped, 'a.test'), '127.0.0.1');
  address = '127.0.0.2';
  assert.equal(await addressesOf(capped, 'a.test'), '127.0.0.1');
  assert.equal(asked(names), 1);
  await delay(420);
  assert.equal(await addressesOf(capped, 'a.test'), '127.0.0.2');
  ttl = 0;
  const held = new DnsCache({ servers: [names.address], minTtl: 5000, maxTtl: 5000 });
  for (let i = 0; i < 3; i++) await held.addresses('a.test');
  assert.equal(asked(names), 3);
});

test('IPv4 comes first whichever answer does; where it is late, it is asked for again soon', async (t) => {
  let late = 20;
  const names = await startNameServer(t, (_, type) =>
    type === 'A' ? { addresses: ['127.0.0.1'], delay: late } : { addresses: ['::1'] },
  );
  const dns = new DnsCache({ servers: [names.address], minTtl: 0, maxTtl: 60_000 });
  assert.equal(await addressesOf(dns, 'a.test'), '127.0.0.1,::1');
  late = 120;
  assert.equal(await addressesOf(dns, 'b.test'), '::1');
  late = 0;
  await until(async () => (await addressesOf(dns, 'b.test')) === '127.0.0.1,::1', 'both families');
});

test('many who ask at once ask once', async (t) => {
  const names = await startNameServer(t, () => ({ addresses: ['127.0.0.1'] }));
  const dns = new DnsCache({ servers: [names.address], minTtl: 1000, maxTtl: 1000 });
  await Promise.all(Array.from({ length: 50 }, () => dns.addresses('a.test')));
  assert.equal(asked(names), 1);
});

test('while the name servers are silent or fail, the last answer is used, and nobody waits long twice', async (t) => {
  const names = await startNameServer(t, () => ({ addresses: ['127.0.0.1'], ttl: 0 }));
  const dns = new DnsCache({ servers: [names.address], minTtl: 0, maxTtl: 500 });
  await dns.addresses('a.test');
  names.answer = () => ({ code: 2 });
  assert.equal(await addressesOf(dns, 'a.test'), '127.0.0.1');
  const silent = new DnsCache({ servers: [names.address], minTtl: 500, maxTtl: 500 });
  names.answer = () => ({ addresses: ['127.0.0.1'], ttl: 0 });
  await silent.addresses('a.test');
  names.answer = () => undefined;
  await delay(520);
  const start = performance.now();
  assert.equal(await addressesOf(silent, 'a.test'), '127.0.0.1');
  assert.ok(performance.now() - start < 950);
  const again = performance.now();
  assert.equal(await addressesOf(silent, 'a.test'), '127.0.0.1');
  assert.ok(performance.now() - again < 250);
});

test('a name that is gone is gone: no old answer stands in; that is remembered for a moment', async (t) => {
  const names = await startNameServer(t, () => ({ addresses: ['127.0.0.1'], ttl: 0 }));
  const dns = new DnsCache({ servers: [names.address], minTtl: 400, maxTtl: 400 });
  await dns.addresses('a.test');
  names.answer = () => ({ code: 3 });
  await delay(420);
  assert.equal(await codeOf(dns.addresses('a.test')), 'ENOTFOUND');
  const before = names.log.length;
  assert.equal(await codeOf(dns.addresses('a.test')), 'ENOTFOUND');
  assert.equal(names.log.length, before);
  names.answer = () => ({ addresses: ['127.0.0.3'] });
  await delay(420);
  assert.equal(await addressesOf(dns, 'a.test'), '127.0.0.3');
});

test('kinds of failure: no such name, no address, refused, nobody there', async (t) => {
  const names = await startNameServer(t, () => ({ code: 3 }));
  const type = async (server: string) => {
    const dns = new DnsCache({ servers: [server], minTtl: 0, maxTtl: 0 });
    const failure = await dns.addresses('a.test').catch((error: unknown) => error);
    return originErrorFrom(failure as Error).type;
  };
  assert.equal(await type(names.address), 'dns_error');
  names.answer = () => ({});
  assert.equal(await type(names.address), 'dns_error');
  names.answer = () => ({ code: 5 });
  assert.equal(await type(names.address), 'dns_error');
  assert.equal(await type(`127.0.0.1:${await freePort()}`), 'dns_timeout');
});

test('a family whose answer is slow to come does not hold the other one up', async (t) => {
  const names = await startNameServer(t, (_, type) => (type === 'A' ? { addresses: ['127.0.0.1'] } : undefined));
  const dns = new DnsCache({ servers: [names.address], minTtl: 0, maxTtl: 1000 });
  const start = performance.now();
  assert.equal(await addressesOf(dns, 'a.test'), '127.0.0.1');
  assert.ok(performance.now() - start < 800);
});

test('single labels and localhost are for the system', async (t) => {
  const names = await startNameServer(t, () => ({ code: 3 }));
  const dns = new DnsCache({ servers: [names.address], minTtl: 0, maxTtl: 1000 });
  assert.match(await addressesOf(dns, 'localhost'), /127\.0\.0\.1|::1/);
  assert.notEqual(await codeOf(dns.addresses('no-such-label')), 'none');
  assert.equal(names.log.length, 0);
});

/** Listens on several addresses of loopback with one port, and counts connections of each. */
async function listenOn(
  t: TestContext,
  addresses: string[],
): Promise<{ port: number; counts: Map<string, number>; servers: Map<string, Server> }> {
  const counts = new Map<string, number>();
  const servers = new Map<string, Server>();
  let port = 0;
  for (const address of addresses) {
    const server = createServer((socket) => {
      counts.set(address, (counts.get(address) ?? 0) + 1);
      socket.on('error', () => {}).resume();
    });
    await once(server.listen(port, address), 'listening');
    port = (server.address() as AddressInfo).port;
    servers.set(address, server);
    t.after(() => void server.close());
  }
  return { port, counts, servers };
}

test('all addresses are used in turn; one that refuses is skipped, and new ones come in', async (t) => {
  const { port, counts, servers } = await listenOn(t, ['127.0.0.1', '127.0.0.2', '127.0.0.3']);
  let addresses = ['127.0.0.1', '127.0.0.2'];
  const names = await startNameServer(t, () => ({ addresses, ttl: 0 }));
  const dns = new DnsCache({ servers: [names.address], minTtl: 0, maxTtl: 0 });
  const dialer = new Dialer(originConfig({ host: 'a.test', port }), siteConfig({}), { multiTenant: false, dns });
  const dial = async (times: number) => {
    counts.clear();
    for (let i = 0; i < times; i++) {
      const socket = await dialer.dial({ protocols: [], client: undefined });
      await once(socket.end().resume(), 'close');
    }
    return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([address, count]) => `${address} ${count}`);
  };
  assert.deepEqual(await dial(4), ['127.0.0.1 2', '127.0.0.2 2']);
  servers.get('127.0.0.2')?.close();
  assert.deepEqual(await dial(4), ['127.0.0.1 4']);
  addresses = ['127.0.0.1', '127.0.0.3'];
  assert.deepEqual(await dial(4), ['127.0.0.1 2', '127.0.0.3 2']);
});

test('connections to an address that is gone are replaced while requests go on, and none is lost', async (t) => {
  const served: string[] = [];
  let port = 0;
  for (const address of ['127.0.0.1', '127.0.0.2']) {
    const server = createHttpServer((_, response) => {
      served.push(address);
      response.end('ok');
    });
    await once(server.listen(port, address), 'listening');
    port = (server.address() as AddressInfo).port;
    t.after(() => server.close());
  }
  let address = '127.0.0.1';
  const names = await startNameServer(t, () => ({ addresses: [address], ttl: 0 }));
  const dns = new DnsCache({ servers: [names.address], minTtl: 0, maxTtl: 100 });
  const options = { multiTenant: false, dns, connections: 4, maxAge: 100 };
  const connections = openConnections(originConfig({ host: 'a.test', port }), siteConfig({}), options);
  t.after(() => connections.destroy());
  assert.equal((await fetchAll(connections, '/')).outcome, '200 ok');
  address = '127.0.0.2';
  await until(async () => {
    assert.equal((await fetchAll(connections, '/')).outcome, '200 ok');
    return served.at(-1) === address;
  }, 'requests at the new address');
});

test('where no address answers, it is the origin that is down', async (t) => {
  const port = await freePort();
  const names = await startNameServer(t, () => ({ addresses: ['127.0.0.1', '127.0.0.2'] }));
  const dns = new DnsCache({ servers: [names.address], minTtl: 0, maxTtl: 0 });
  const dialer = new Dialer(originConfig({ host: 'a.test', port }), siteConfig({}), { multiTenant: false, dns });
  const failure = await dialer.dial({ protocols: [], client: undefined }).catch((error: unknown) => error);
  assert.equal(originErrorFrom(failure as Error).type, 'connection_refused');
});

test('name servers that are silent from the start: the time to connect ends it', async (t) => {
  const names = await startNameServer(t, () => undefined);
  const dns = new DnsCache({ servers: [names.address], minTtl: 0, maxTtl: 0 });
  const timeouts = { connect: 100, firstByte: 1000, betweenBytes: 1000, total: 0 };
  const dialer = new Dialer(originConfig({ host: 'a.test', port: 1 }), siteConfig({ timeouts }), {
    multiTenant: false,
    dns,
  });
  const failure = await dialer.dial({ protocols: [], client: undefined }).catch((error: unknown) => error);
  assert.equal(originErrorFrom(failure as Error).type, 'dns_timeout');
});
