// Settings that a listener, a head or a name goes by, from lb.json to what clients see of them.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { counted, startScene } from '../caching/scene.ts';
import { startNameServer } from '../dial/name-server.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { startLb } from '../support/lb.ts';
import { startOrigin } from '../support/origin.ts';
import { ask, handshake, refusal } from '../tls/client.ts';
import { certificateFolder, securePort } from '../tls/site.ts';

/** A lb with TLS whose settings can be changed. */
async function secured(t: Cleanup, tls: object, more: object = {}) {
  const folder = await certificateFolder(t);
  await folder.put('a', ['a.test']);
  const [cert, key] = [join(folder.path, 'a.crt'), join(folder.path, 'a.key')];
  const origin = await startOrigin(t, (_, answer) => answer.send(200, [], 'hello'));
  const settings = (terms: object) => ({
    origins: [origin.address],
    shutdown_timeout: '100ms',
    tls: { listen: '127.0.0.1:0', cert, key, ...terms },
    ...more,
  });
  const lb = await startLb(t, settings(tls));
  const tried = (options: ConnectionOptions) => refusal(t, securePort(lb), { servername: 'a.test', ...options });
  return { folder, lb, settings, tried };
}

test('tls.min_version, at the start and after a reload', async (t) => {
  const { lb, settings, tried } = await secured(t, { min_version: '1.3' });
  const old: ConnectionOptions = { maxVersion: 'TLSv1.2' };
  assert.notEqual(await tried(old), '');
  assert.equal(await tried({}), '');
  assert.ok((await lb.reload(settings({ min_version: '1.2' }))).ok);
  assert.equal(await tried(old), '');
});

for (const http2 of [true, false]) {
  test(`tls.client_ca and tls.client_auth, with tls.http2 ${http2}`, async (t) => {
    const { folder, lb, settings, tried } = await secured(t, { http2 });
    const authority = join(folder.path, 'authority.txt');
    writeFileSync(authority, folder.authority.cert);
    const own = await folder.authority.issue({ names: ['someone'] });
    const stranger = await (await certificateFolder(t)).authority.issue({ names: ['someone'] });
    assert.equal(await tried({}), '');
    const result = await lb.reload(settings({ http2, client_ca: authority, client_auth: 'require' }));
    assert.ok(result.ok, JSON.stringify(result));
    assert.notEqual(await tried({}), '');
    assert.notEqual(await tried(stranger), '');
    assert.equal(await tried(own), '');
    assert.ok((await lb.reload(settings({ http2, client_ca: authority, client_auth: 'request' }))).ok);
    assert.equal(await tried({}), '');
    assert.equal(await tried(own), '');
  });
}

test('tls.http2', async (t) => {
  const { lb, settings } = await secured(t, { http2: false });
  const protocol = async () =>
    (await handshake(t, securePort(lb), { servername: 'a.test', ALPNProtocols: ['h2', 'http/1.1'] })).alpnProtocol;
  assert.notEqual(await protocol(), 'h2');
  assert.ok((await lb.reload(settings({ http2: true }))).ok);
  assert.equal(await protocol(), 'h2');
});

test('hsts.preload', async (t) => {
  const hsts = { max_age: '365d', include_subdomains: true, preload: true };
  const { lb } = await secured(t, {}, { hsts });
  const socket = await handshake(t, securePort(lb), { servername: 'a.test' });
  const field = /strict-transport-security: (.*)\r\n/i.exec(await ask(socket, '/', 'a.test'))?.[1];
  assert.equal(field, 'max-age=31536000; includeSubDomains; preload');
});

for (const h2c of [false, true]) {
  test(`max_request_header and limits.url, with h2c ${h2c}`, async (t) => {
    const limits = { url: '1KB' };
    const scene = await startScene(t, { h2c, limits, max_request_header: '4KB' });
    scene.on('/a', counted([]));
    const statuses = async (): Promise<number[]> => {
      const [long, url] = ['x'.repeat(5000), `/a?${'x'.repeat(1500)}`];
      return [(await scene.get('/a', [['X-Long', long]])).status, (await scene.get(url)).status];
    };
    assert.deepEqual(await statuses(), [431, 414]);
    const more = { origins: [scene.origin.address], h2c, limits: { url: '2KB' }, max_request_header: '8KB' };
    assert.ok((await scene.lb.reload(more)).ok);
    assert.deepEqual(await statuses(), [200, 200]);
  });
}

test('dns.servers, dns.min_ttl and dns.max_ttl', async (t) => {
  const names = await startNameServer(t, () => ({ addresses: ['127.0.0.1'], ttl: 0 }));
  const origin = await startOrigin(t, (_, answer) => answer.send(200, [['Connection', 'close']], 'hello'));
  const settings = (dns: object) => ({
    origins: [`origin.test:${origin.port}`],
    dns: { servers: [names.address], ...dns },
  });
  const lb = await startLb(t, settings({ min_ttl: '5m' }));
  const get = async (target: string) => (await fetch(`http://127.0.0.1:${lb.port}${target}`)).status;
  assert.equal(await get('/'), 200);
  const held = names.log.length;
  for (let i = 0; i < 4; i++) assert.equal(await get(`/${i}`), 200);
  assert.equal(names.log.length, held, 'asked once');
  assert.ok((await lb.reload(settings({ min_ttl: '0s', max_ttl: '0s' }))).ok);
  for (let i = 0; i < 4; i++) assert.equal(await get(`/again${i}`), 200);
  assert.ok(names.log.length >= held + 3, 'asked for each connection');
});
