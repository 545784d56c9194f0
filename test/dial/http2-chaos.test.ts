// Thousands of requests over HTTP/2 while the origin does all that it may: each one ends once, and rightly.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { openConnections } from '../../src/origin/connect-pool.ts';
import { DnsCache } from '../../src/origin/dns.ts';
import { until, within } from '../support/cleanup.ts';
import { ask, type Exchange } from './exchange.ts';
import { END_STREAM, type RawConnection, startRawHttp2 } from './raw-http2.ts';
import { originConfig, siteConfig } from './site.ts';

const REQUESTS = 3000;
const AT_ONCE = 60;

/** Numbers from 0 to below `limit`, the same ones each time (mulberry32). */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}

type Act = (connection: RawConnection, stream: number) => void;

const answer: Act = (connection, stream) => {
  connection.head(stream);
  connection.data(stream, 'first ');
  connection.data(stream, 'last', END_STREAM);
};

const begin: Act = (connection, stream) => {
  connection.head(stream);
  connection.data(stream, 'first ');
};

const ACTS: Act[] = [
  ...new Array<Act>(12).fill(answer),
  (connection, stream) => void setTimeout(() => answer(connection, stream), 3),
  (connection, stream) => connection.reset(stream, 7),
  (connection, stream) => connection.reset(stream, 2),
  (connection, stream) => {
    begin(connection, stream);
    connection.reset(stream, 0);
  },
  (connection, stream) => {
    begin(connection, stream);
    setTimeout(() => connection.reset(stream, 8), 2);
  },
  (connection, stream) => {
    answer(connection, stream);
    connection.reset(stream, 0);
  },
];

/** What ends a connection; only now and then. */
const ENDS: Act[] = [
  (connection, stream) => {
    connection.goaway(stream, 0);
    answer(connection, stream);
  },
  (connection) => connection.goaway(0, 0),
  (connection, stream) => connection.goaway(stream, 2),
  ({ socket }) => void socket.destroy(),
  ({ socket }) => void socket.resetAndDestroy(),
];

test(`${REQUESTS} requests, some of them given up, over connections that break`, async (t) => {
  const random = randomNumbers(7);
  const origin = await startRawHttp2(t, (connection, stream) => {
    const act = random(300) === 0 ? ENDS[random(ENDS.length)] : ACTS[random(ACTS.length)];
    act(connection, stream);
  });
  const options = { multiTenant: false, dns: new DnsCache({ servers: [], minTtl: 0, maxTtl: 0 }), maxAge: 60_000 };
  const timeouts = { connect: 2000, firstByte: 1000, betweenBytes: 1000, total: 0 };
  const site = siteConfig({ originHttp2: 'on', timeouts });
  const connections = openConnections(originConfig({ port: origin.port }), site, { ...options, connections: 4 });
  t.after(() => connections.destroy());
  const tally = new Map<string, number>();
  let made = 0;

  const one = async (): Promise<void> => {
    const kind = random(10);
    const exchange: Exchange = ask(
      connections,
      '/',
      kind === 0 ? { method: 'POST', body: Readable.from([Buffer.from('up')]) } : {},
    );
    if (kind === 1) exchange.controller?.abort(new Error('given up'));
    if (kind === 2) setTimeout(() => exchange.controller?.abort(new Error('given up')), random(5));
    if (kind === 3) {
      exchange.onChunk = () => exchange.controller?.pause();
      setTimeout(() => {
        exchange.onChunk = undefined;
        exchange.controller?.resume();
      }, 5);
    }
    await within(exchange.end, 'the end of a request');
    if (exchange.error === undefined) assert.equal(exchange.outcome, '200 first last');
    else tally.set(exchange.error.type, (tally.get(exchange.error.type) ?? 0) + 1);
    if (exchange.error === undefined) tally.set('ok', (tally.get('ok') ?? 0) + 1);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(exchange.ends, 1, 'times that it ended');
  };
  const worker = async (): Promise<void> => {
    while (made++ < REQUESTS) await one();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  t.diagnostic(`${JSON.stringify([...tally])}, ${origin.connections.length} connections`);
  assert.ok((tally.get('ok') ?? 0) > REQUESTS / 2);
  await until(() => connections.stats.running === 0 && connections.stats.pending === 0, 'nothing to be left');
  const standing = () => origin.connections.filter(({ socket }) => !socket.destroyed).length;
  await until(() => standing() <= 4, 'old connections to end').catch(() =>
    assert.fail(`${standing()} connections stand`),
  );
  // an origin that says GOAWAY twice, the second time for more, breaks the rules
  for (const type of tally.keys()) {
    assert.match(type, /^(?:ok|connection_terminated|http_protocol_error|proxy_internal_error)$/);
  }
});
