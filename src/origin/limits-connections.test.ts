import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { openConnections } from './connect-pool.ts';
import type { OriginConnections } from './connections.ts';
import { DnsCache } from './dns.ts';
import { OriginGate } from './limits.ts';
import { LimitedConnections } from './limits-connections.ts';
import { createOriginStates, OriginStates, WORD } from './state.ts';
import { siteConfig } from './testing.ts';

async function startServer(): Promise<Server> {
  const server = createServer((_, response) => response.end('fine')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function limited(server: Server): LimitedConnections {
  const site = siteConfig({ origins: [`127.0.0.1:${(server.address() as AddressInfo).port}`] });
  const dns = new DnsCache({ servers: [], minTtl: 1, maxTtl: 1 });
  const terms = { multiTenant: false, dns, connections: 1, maxAge: 1e6 };
  return new LimitedConnections(() => openConnections(site.origins[0], site, terms));
}

function ask(connections: OriginConnections): Promise<number> {
  return new Promise((resolve, reject) => {
    let answered = 0;
    connections.dispatch(
      { method: 'GET', path: '/', headers: [] },
      {
        onRequestStart() {},
        onResponseStart: (_, status) => {
          answered = status;
        },
        onResponseData() {},
        onResponseEnd: () => resolve(answered),
        onResponseError: (_, error) => reject(error),
      },
    );
  });
}

test('a connection for each request at a time; idle ones are used again, shed, or found to have ended', async (t) => {
  const server = await startServer();
  const connections = limited(server);
  t.after(async () => {
    await connections.destroy();
    server.close();
  });
  assert.deepEqual(await Promise.all([ask(connections), ask(connections)]), [200, 200]);
  assert.equal(await ask(connections), 200);
  assert.deepEqual(connections.stats, { connected: 2, pending: 0, running: 0 });
  await connections.shed();
  assert.equal(connections.stats.connected, 1);
  assert.equal(connections.prune(), 0);
  server.closeAllConnections();
  while (connections.stats.connected > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(connections.prune(), 1);
  assert.equal(connections.shed(), undefined);
  assert.equal(await ask(connections), 200);
});

test('a thread keeps its leave for a connection until another one wants it, or its gate is retired', async () => {
  const memory = createOriginStates({ workers: 2, slots: 1 });
  const limits = { connections: 1, queue: 5, queueTimeout: 1000 };
  let open = [0, 0];
  const gates: OriginGate[] = [];
  const states = [1, 2].map((worker) => new OriginStates(memory, worker).slot(0));
  states.forEach((state, index) => {
    const counted = {
      shed: () => {
        if (open[index] === 0) return undefined;
        open[index]--;
        return Promise.resolve();
      },
      prune: () => 0,
    };
    const ring = (worker: number) => queueMicrotask(() => gates[worker - 1].look());
    gates[index] = new OriginGate(state, limits, { now: () => 1, ring, counted });
  });
  const heard: string[] = [];
  const waiter = { onTurn: () => heard.push('turn'), onRefused: () => heard.push('refused') };
  assert.ok(gates[0].enter(waiter));
  open = [1, 0];
  gates[0].leave();
  assert.equal(states[0].load(WORD.connections), 1, 'kept');
  assert.ok(gates[0].enter(waiter), 'and used again');
  gates[0].leave();
  assert.ok(!gates[1].enter(waiter));
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(heard, ['turn']);
  assert.deepEqual([open, states[0].load(WORD.connections)], [[0, 0], 1]);
  open = [0, 1];
  gates[1].retire();
  gates[1].leave();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(states[0].load(WORD.connections), 0);
});

test('a request that outlasts the connections of a configuration that is gone gives back its own', async (t) => {
  const answers: (() => void)[] = [];
  const server = createServer((_, response) => void answers.push(() => response.end('late'))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const connections = limited(server);
  const state = new OriginStates(createOriginStates({ workers: 1, slots: 1 }), 1).slot(0);
  const limits = { connections: 2, queue: 5, queueTimeout: 1000 };
  const gate = new OriginGate(state, limits, { now: () => 1, ring: () => {}, counted: connections });
  assert.ok(gate.enter({ onTurn: () => {}, onRefused: () => {} }));
  const asked = ask(connections);
  while (answers.length === 0) await new Promise((resolve) => setImmediate(resolve));
  gate.retire();
  const closed = connections.close();
  answers[0]();
  assert.equal(await asked, 200);
  gate.leave();
  await closed;
  assert.equal(state.load(WORD.connections), 0);
});
