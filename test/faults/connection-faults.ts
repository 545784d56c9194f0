import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { createAuthority } from '../dial/certificates.ts';
import { startNameServer } from '../dial/name-server.ts';
import { type Cleanup, until } from '../support/cleanup.ts';
import { request } from '../support/client.ts';
import { type Lb, type Settings, startLb } from '../support/lb.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { BROKEN, CONNECTION_FAULTS, type Scene } from './connection-scripts.ts';
import { checkProblem } from './problem.ts';

const descriptors = () => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);

/** What may go wrong on the way to an origin, and that lb is none the worse for it. @param timeOuts with those that take time */
export function connectionFaultScenarios(timeOuts: boolean): void {
  const closers: (() => void | Promise<void>)[] = [];
  const file: Cleanup = { after: (run) => void closers.unshift(run) };
  const sockets = new Set<Socket>();
  const faults = CONNECTION_FAULTS.filter(({ slow }) => timeOuts || !slow);
  /** Faults that are tried with a second origin too: one that speaks HTTP/1.1. */
  const backed = new Set<number>();
  let good: Origin;
  let lb: Lb;
  let open = 0;

  const listen = async (server: Server, path?: string): Promise<number> => {
    server.on('connection', (socket: Socket) => {
      sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
    });
    await once(path === undefined ? server.listen(0, '127.0.0.1') : server.listen(path), 'listening');
    file.after(() => void server.close());
    return path === undefined ? (server.address() as AddressInfo).port : 0;
  };

  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lb-faults-'));
    file.after(() => rm(folder, { recursive: true }));
    const authority = await createAuthority();
    writeFileSync(join(folder, 'ca.pem'), authority.cert);
    const names = await startNameServer(file, (name) => {
      if (name.startsWith('none')) return { code: 3 };
      if (name.startsWith('empty')) return {};
      return name.startsWith('broken') ? { code: 2 } : undefined;
    });
    good = await startOrigin(file, (_, answer) => answer.send(200, [], 'sound'));
    const scene: Scene = { folder, authority, listen, file };
    const sites: Record<string, Settings> = { 'good.test': { origins: [good.address] } };
    for (const [index, fault] of faults.entries()) {
      const { origin, site = {} } = await fault.origin(scene);
      sites[`${index}.one.test`] = { origins: [origin], ...site };
      // a backup is asked only where the first one has failed
      const backup = { host: '127.0.0.1', port: good.port, backup: true };
      if (site.origin_http2 !== undefined) continue;
      sites[`${index}.two.test`] = { origins: [origin, backup], ...site };
      backed.add(index);
    }
    for (const [index, act] of Object.values(BROKEN).entries()) {
      const { origin, site = {} } = await act(scene);
      sites[`${index}.broken.test`] = { origins: [origin], ...site };
    }
    lb = await startLb(file, {
      timeouts: { connect: '400ms', first_byte: '300ms', between_bytes: '300ms' },
      passive_health: { failures: 0 },
      dns: { servers: [names.address] },
      sites,
    });
    await ask(file, 'good.test');
    await settle();
    open = descriptors();
  });
  after(async () => {
    for (const close of closers) await close();
  });

  const ask = (t: Cleanup, host: string, method = 'GET') =>
    request(t, lb.port, '/', { method, fields: [['Host', host]] });

  async function settle(): Promise<void> {
    for (const socket of [...good.sockets, ...sockets]) socket.destroy();
    await lb.admin.idle();
    const isQuiet = async () => {
      const metrics = [...(await lb.admin.metrics())];
      return !metrics.some(
        ([name, value]) => /^lb_origin_pool_(pending|running)|^lb_worker_active/.test(name) && value > 0,
      );
    };
    await until(isQuiet, 'the pools to be quiet');
  }

  async function check(t: TestContext, index: number): Promise<void> {
    const { status, error, again } = faults[index];
    for (const method of ['GET', 'POST']) {
      const response = await ask(t, `${index}.one.test`, method);
      checkProblem(response, status, error, /./);
    }
    if (again && backed.has(index)) {
      const response = await ask(t, `${index}.two.test`);
      assert.deepEqual([response.status, response.text], [200, 'sound']);
    }
    const sound = await ask(t, 'good.test');
    assert.deepEqual([sound.status, sound.text], [200, 'sound']);
    await lb.admin.idle();
  }

  for (const [index, { name, status, slow }] of faults.entries())
    if (!slow) test(`${status} when the origin ${name}`, (t) => check(t, index));

  test('time-outs, all at the same time', { skip: !timeOuts }, async (t) => {
    const slow = [...faults.keys()].filter((index) => faults[index].slow);
    await Promise.all(slow.map((index) => check(t, index)));
  });

  for (const [index, name] of Object.keys(BROKEN).entries()) {
    test(`an answer over HTTP/2 that ${name} is broken for the client, and not stored`, async (t) => {
      for (let i = 0; i < 2; i++) {
        const response = await ask(t, `${index}.broken.test`);
        assert.ok(!response.complete || response.status === 502, `${response.status} ${response.text}`);
        assert.match(response.get('cache-status') ?? '', /fwd=/);
      }
      await lb.admin.idle();
    });
  }

  test('no request, pin or descriptor is left', async () => {
    await settle();
    assert.deepEqual(
      lb.log.filter(({ level, message }) => level === 'error' && !message.includes('does not resolve')),
      [],
    );
    // sessions of HTTP/2 that stand are few, and each has two ends here
    const rest = open + 2 * (Object.keys(BROKEN).length + faults.length);
    await until(() => descriptors() <= rest, `${rest} descriptors`);
  });
}
