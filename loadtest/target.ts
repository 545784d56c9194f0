import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Origin, startOrigin } from './origin.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const START_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 5000;

/** An lb to send load to, and the origin behind it where that is ours. */
export interface Target {
  url: string;
  admin: string;
  origin?: Origin;
  close(): Promise<void>;
}

/**
 * Starts an origin and an lb in front of it, both on free ports of 127.0.0.1. Throws when lb does not start.
 * @param settings further ones, by their variables
 */
export async function startTarget(settings: Readonly<Record<string, string>> = {}): Promise<Target> {
  if (!existsSync(MAIN)) throw new Error('dist/main.js is not built: npm run build');
  const origin = await startOrigin();
  const [port, adminPort] = [await freePort(), await freePort()];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LB_')));
  const lb = spawn(process.execPath, [MAIN], {
    env: {
      ...env,
      LB_ORIGINS: `http://127.0.0.1:${origin.port}`,
      LB_LISTEN: `127.0.0.1:${port}`,
      LB_ADMIN: `127.0.0.1:${adminPort}`,
      LB_CACHE_MEMORY: '256MB',
      LB_LOG_ACCESS: 'off',
      ...settings,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const close = async (): Promise<void> => {
    await stop(lb);
    await origin.close();
  };
  const target = { url: `http://127.0.0.1:${port}`, admin: `http://127.0.0.1:${adminPort}`, origin, close };
  try {
    await ready(lb, target.url);
    return target;
  } catch (error) {
    await close();
    throw error;
  }
}

/** Whether the URL's host is this machine's loopback by its very name, so that no look-up can lead elsewhere. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

async function ready(lb: ChildProcess, url: string): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (performance.now() < deadline) {
    if (lb.exitCode !== null || lb.signalCode !== null) throw new Error('lb ended at once');
    if (await answers(url)) return;
    await sleep(50);
  }
  throw new Error(`lb does not answer on ${url} after ${START_LIMIT_MS / 1000} s`);
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(new URL('/static/0', url), { signal: AbortSignal.timeout(2000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await once(child, 'exit');
  clearTimeout(kill);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
