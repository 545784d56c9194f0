import { createServer } from 'node:net';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { introduction } from '../demo/intro.ts';
import { HEADING, LiveLines } from '../demo/live.ts';
import { type Origin, startOrigin } from '../demo/origin.ts';
import { startServer } from '../server/server.ts';
import { createLogger } from '../stats/logger.ts';
import { LineOutput } from '../stats/output.ts';
import { fail } from './exit.ts';
import { hasColor } from './io.ts';
import { stopSignal } from './stop-signal.ts';
import { readVersion } from './version.ts';

const HOST = '127.0.0.1';
const USUAL_PORT = 8080;
const USUAL_ADMIN_PORT = 9900;

/** Ports that are tried from the usual one on. */
const PORTS_TRIED = 50;

/** Characters of lines that may wait for a slow terminal before some are dropped. */
const OUTPUT_LIMIT = 1 << 20;

/**
 * Runs a sample site with lb in front of it on loopback, and prints a line for each request, until SIGINT or SIGTERM.
 * @param options.port of lb, which must be free, 0 for any; without it the first free one from 8080 on
 */
export async function demo(options: { port?: number }): Promise<void> {
  const config = await configure(options.port);
  const origin = await startOrigin();
  try {
    await run(config(origin.port), origin);
  } finally {
    await origin.close();
  }
}

async function run(config: Config, origin: Origin): Promise<void> {
  const live = new LiveLines(process.stdout, hasColor(process.stdout, process.env));
  const output = new LineOutput(live, OUTPUT_LIMIT);
  const logger = createLogger({ level: config.log.level, output, terminal: true });
  const stopped = stopSignal();
  const server = await startServer(config, { version: readVersion(), logger, output, testHooks: false });
  const places = { lb: url(server.address.port), admin: url(server.admin.address.port), origin: url(origin.port) };
  process.stdout.write(`${introduction(places)}\n${HEADING}\n`);
  await stopped;
  await server.stop(config.shutdownTimeout);
  process.stdout.write(`\nHits: ${live.ratio()}. Requests that reached the origin: ${origin.requests}.\n`);
}

/** Settles the ports, and returns the configuration by the port of the origin. */
async function configure(asked: number | undefined): Promise<(origin: number) => Config> {
  const port = asked ?? (await freePort(USUAL_PORT));
  const problem = await probe(port);
  if (problem) fail(`port ${port} ${problem}; choose another with --port, or leave it out for the first free one`);
  const admin = asked === 0 ? 0 : await freePort(USUAL_ADMIN_PORT);
  return (origin) =>
    load({
      listen: `${HOST}:${port}`,
      admin: `${HOST}:${admin}`,
      origins: [`http://${HOST}:${origin}`],
      workers: 2,
      cache: { memory: '64MB', api: { match: '/api/products/*', ttl: '60s' } },
      log: { level: 'warn', access: true },
      shutdown_timeout: '3s',
    });
}

/** Through the loader that reads lb.json, so that the demo runs nothing that a user could not configure. */
function load(settings: object): Config {
  const file = 'the configuration of the demo';
  const loaded = loadConfig({ flags: [], env: {}, cwd: '/', file, readFile: () => JSON.stringify(settings) });
  if ('errors' in loaded) throw new Error(loaded.errors.map(({ message }) => message).join('\n'));
  return loaded.config;
}

/** The first free port from `first` on; 0, any free one, where all of those tried are taken. */
async function freePort(first: number): Promise<number> {
  for (let port = first; port < first + PORTS_TRIED; port++) {
    if ((await probe(port)) === undefined) return port;
  }
  return 0;
}

/** Listens for a moment; says why that is not possible. */
function probe(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(REASONS[code ?? ''] ?? `cannot be had (${code})`),
    );
    server.listen({ host: HOST, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another program',
  EACCES: 'needs a privilege, as all under 1024 do',
};

function url(port: number): string {
  return `http://${HOST}:${port}`;
}
