import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cleanup } from '../support/cleanup.ts';
import type { Lb, Settings } from '../support/lb.ts';

/** Parts of lb that are off by default and must not change what the suite finds. */
export const TIERS = ['disk', 'compression'] as const;
export type Tier = (typeof TIERS)[number];

/** Host of the site whose objects push those of the suite out of memory. */
const CROWD_HOST = 'crowd.test';
/** Objects of the crowd: together more than all of memory, each small enough to enter it from the disk. */
const CROWD = 80;
const CROWD_BYTES = 240 * 1024;
/** So many of them are asked for at a time, after each pause in ms. */
const STEP = 5;
const PAUSE = 25;

/** The settings with some tiers on. Memory is so small beside a disk that most of what is asked for again lies on that alone. */
export async function withTiers(t: Cleanup, settings: Settings, tiers: readonly Tier[]): Promise<Settings> {
  let wanted = settings;
  if (tiers.includes('compression')) wanted = { ...wanted, compression: true };
  if (tiers.includes('disk')) {
    const dir = mkdtempSync(join(tmpdir(), 'lb-conformance-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const { origins, ...others } = wanted;
    wanted = {
      ...others,
      cache: { ...(wanted.cache as Settings), memory: '8MB', disk: join(dir, 'disk'), disk_size: '256MB' },
      sites: { '*': { origins }, [CROWD_HOST]: { origins: [`127.0.0.1:${await startCrowdOrigin(t)}`] } },
    };
  }
  return wanted;
}

/** Has objects go through the memory of an lb made with a disk until `stop`. Gives how many requests the disk has served. */
export function crowdOut(lb: Lb): { stop(): Promise<number> } {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  let stopped = false;
  const run = async (): Promise<void> => {
    for (let at = 0; !stopped; at++) {
      await Promise.all(Array.from({ length: STEP }, (_, i) => get(agent, lb.port, (at * STEP + i) % CROWD)));
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  };
  const running = run();
  running.catch(() => {});
  return {
    async stop() {
      stopped = true;
      await running.finally(() => agent.destroy());
      return (await lb.admin.metrics()).get('lb_cache_disk_hits_total{site="*"}') ?? 0;
    },
  };
}

async function startCrowdOrigin(t: Cleanup): Promise<number> {
  const body = Buffer.alloc(CROWD_BYTES, 'crowd ');
  const server = createServer((_, res) => {
    res.writeHead(200, { 'Cache-Control': 'max-age=3600', 'Content-Length': body.length });
    res.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

function get(agent: Agent, port: number, number: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request({ agent, host: '127.0.0.1', port, path: `/${number}`, headers: { host: CROWD_HOST } });
    asked.on('error', reject);
    asked.on('response', (answer) => {
      answer.resume();
      answer.on('end', resolve);
      answer.on('error', reject);
    });
    asked.end();
  });
}
