// Origins that fail in all ways, clients that leave, threads that die, reloads: right bytes or none, and nothing is held afterwards.
import assert from 'node:assert/strict';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../model/random.ts';
import { until, within } from '../support/cleanup.ts';
import { request } from '../support/client.ts';
import type { Settings } from '../support/lb.ts';
import { IS_LONG } from '../support/long.ts';
import { bytesOf, moody } from './chaos-origin.ts';
import { startScene } from './scene.ts';

const REQUESTS = IS_LONG ? 1200 : 600;
const AT_ONCE = 24;
const LIMIT = 4;
const PATHS = [10, 3000, 90_000, 600_000].flatMap((size) => [0, 1, 2, 3].map((name) => `/s${size}/${name}`));
/** What a client may hear beside a right answer. */
const FAILURES: ReadonlySet<number> = new Set([502, 503, 504]);

interface Asked {
  method: string;
  path: string;
  headers: Record<string, string>;
  /** When the client gives up, in ms. */
  patience: number;
}

function anyRequest(random: Random): Asked {
  const path = random.pick(PATHS);
  const method = random.pick(['GET', 'GET', 'GET', 'GET', 'HEAD', 'POST']);
  const headers: Record<string, string> = { host: 'site.test' };
  if (method === 'GET' && random.chance(25)) {
    const first = random.int(bytesOf(path).length);
    headers.range = `bytes=${first}-${first + random.int(50_000)}`;
  }
  return { method, path, headers, patience: random.chance(25) ? random.int(120) : 10_000 };
}

/** @returns what is wrong with the answer, '' where nothing is, or where it is none */
function ask(port: number, { method, path, headers, patience }: Asked): Promise<string> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, method, path, headers, agent: new Agent() };
    const asked = httpRequest(options, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('error', () => end(''));
      answer.on('end', () => end(answer.complete ? mistakeIn(method, path, answer, Buffer.concat(parts)) : ''));
    });
    const timer = setTimeout(() => end(patience === 10_000 ? `${method} ${path} hangs` : ''), patience);
    const end = (mistake: string) => {
      clearTimeout(timer);
      asked.destroy();
      resolve(mistake);
    };
    asked.on('error', () => end(''));
    asked.end(method === 'POST' ? 'a body' : undefined);
  });
}

function mistakeIn(method: string, path: string, { statusCode = 0, headers }: IncomingMessage, body: Buffer): string {
  if (FAILURES.has(statusCode)) return '';
  const all = bytesOf(path);
  const [, first, last] = /^bytes (\d+)-(\d+)\//.exec(headers['content-range'] ?? '') ?? [];
  const wanted = statusCode === 206 ? all.subarray(Number(first), Number(last) + 1) : all;
  const isRight = (statusCode === 200 || statusCode === 206) && (method === 'HEAD' || body.equals(wanted));
  return isRight ? '' : `${method} ${path}: ${statusCode}, ${body.length} bytes of ${wanted.length}`;
}

test(`${REQUESTS} requests while everything breaks`, async (t) => {
  const random = new Random(20);
  const mood = { calm: false };
  const common = {
    workers: 2,
    retries: { attempts: 2, statuses: [503], budget: 1 },
    passive_health: { failures: 3, eject: '150ms' },
    timeouts: { first_byte: '300ms', between_bytes: '300ms' },
    origin_limits: { connections: LIMIT, queue: 30, queue_timeout: '500ms' },
  };
  const breaker = { error_rate: 0.6, min_requests: 6, window: '1s', open: '100ms' };
  const { lb, origins, idle, inState, status, metric } = await startScene(
    t,
    [0, 1, 2].map(() => moody(random, mood)),
    common,
  );
  const addresses = origins.map(({ address }) => address);
  const last = { ...common, origins: addresses };
  const plans = [
    last,
    { ...last, balance: { policy: 'p2c' }, circuit_breaker: breaker },
    { ...last, origins: addresses.slice(1), origin_limits: { ...common.origin_limits, connections: 2 } },
    { ...last, origin_limits: {}, timeouts: { first_byte: '250ms', total: '1s' }, balance: { policy: 'hash' } },
  ];
  const reload = async (plan: Settings) => {
    const result = await lb.reload(plan);
    assert.ok(result.ok, JSON.stringify(result));
  };
  let left = REQUESTS;
  const mistakes: string[] = [];
  const client = async () => {
    while (left-- > 0) {
      const mistake = await ask(lb.port, anyRequest(random));
      if (mistake !== '') mistakes.push(mistake);
    }
  };
  const events = async () => {
    while (left > 0) {
      await delay(50 + random.int(150));
      const event = random.int(10);
      if (event < 4) await reload(random.pick(plans));
      else if (event < 5) await lb.admin.kill(1 + random.int(2)).catch(() => {});
      else if (event < 8) for (const socket of random.pick(origins).sockets) socket.destroy();
    }
  };
  await Promise.all([...Array.from({ length: AT_ONCE }, client), events()]);
  assert.deepEqual(mistakes, []);

  mood.calm = true;
  await until(() => lb.admin.ready(), 'all threads');
  await reload(last);
  let asked = 0;
  await until(async () => {
    await request(t, lb.port, `/s10/calm/${asked++}`, { method: 'POST', body: 'x' });
    return (await status()).every(({ state }) => state === 'up' || state === 'unknown');
  }, 'all origins to be up');
  await idle();
  assert.equal(await metric('lb_tunnels'), 0);

  // no connection that the limit counts has been lost
  let standing = 0;
  const all = Promise.withResolvers<void>();
  for (const origin of origins) {
    origin.handler = async (_, answer) => {
      if (++standing === LIMIT * origins.length) all.resolve();
      await all.promise;
      await answer.send(200, [['Cache-Control', 'no-store']], 'fine');
    };
  }
  const waiting = Array.from({ length: LIMIT * origins.length }, (_, i) => request(t, lb.port, `/all/${i}`));
  await within(all.promise, 'all connections that are allowed');
  for (const answer of await Promise.all(waiting)) assert.equal(answer.status, 200);
  await inState(0, 'up');
  await idle();
});
