import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from './child.ts';
import { get } from './fetch.ts';
import type { Launch } from './peer.ts';

const START_LIMIT_MS = 20_000;
const POLL_MS = 50;

/** Writes the files of a launch and starts its process in the foreground, pinned to `core`. */
export function start({ argv, env, files }: Launch, dir: string, core: number | undefined): Child {
  for (const [name, content] of Object.entries(files)) {
    const path = join(dir, name);
    mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true });
    if (!name.endsWith('/')) writeFileSync(path, content);
  }
  return new Child({ argv, env, cwd: dir, core, stdout: 'null' });
}

/** Waits until the process answers `path` with 200. Throws when it ends first or takes too long. */
export async function ready(child: Child, port: number, path: string): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS;
  let last = '';
  while (performance.now() < deadline) {
    if (!child.alive) throw new Error(`it ended at once: ${child.output}`);
    const status = await statusOf(port, path);
    if (status === 200) return;
    last = typeof status === 'number' ? `it answered ${status}` : status;
    await sleep(POLL_MS);
  }
  throw new Error(`not ready after ${START_LIMIT_MS / 1000} s: ${last} ${child.output}`.trim());
}

/** Status of the answer to a GET, or why there is none. */
async function statusOf(port: number, path: string): Promise<number | string> {
  try {
    return (await get(port, path)).status;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** As many different free TCP ports of 127.0.0.1. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', done))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
