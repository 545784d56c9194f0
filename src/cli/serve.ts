import { AdminStartError } from '../admin/server.ts';
import type { Loaded, NotLoaded } from '../config/load.ts';
import { CountryDatabaseError } from '../geo/country.ts';
import { ListenError } from '../server/entrance.ts';
import { type Server, type ServerOptions, startServer } from '../server/server.ts';
import { createLogger } from '../stats/logger.ts';
import { LineOutput, stdoutStream } from '../stats/output.ts';
import { fail } from './exit.ts';
import { stopSignal } from './stop-signal.ts';
import { readVersion } from './version.ts';

/** Characters of log that may wait for a slow reader of stdout before lines are dropped. */
const OUTPUT_LIMIT = 8 << 20;

/**
 * Runs the proxy until SIGTERM or SIGINT, then drains it; a second signal ends it at once. SIGHUP reloads.
 * @param reread reads the configuration anew, from where `loaded` came from
 */
export async function serve(loaded: Loaded, reread: () => Loaded | NotLoaded): Promise<void> {
  const { config, announcements } = loaded;
  const output = new LineOutput(stdoutStream(), OUTPUT_LIMIT);
  const logger = createLogger({ level: config.log.level, output, terminal: process.stdout.isTTY === true });
  const stopped = stopSignal();
  const server = await start(loaded, { logger, output, reread });
  process.on('SIGHUP', () => void server.reload('SIGHUP'));
  for (const announcement of announcements) {
    if (logger.isLevelEnabled('warn')) logger.warn({}, announcement);
    else process.stderr.write(`note: ${announcement}\n`);
  }
  logger.info(
    {
      listen: place(server.address),
      listeners: server.listeners.map(({ address, tls }) => place(address, tls)),
      admin: place(server.admin.address),
      workers: config.workers,
      cache_bytes: config.cache.memory,
      sites: config.sites.length,
    },
    'lb serves',
  );
  await stopped;
  logger.info({ timeout_ms: server.shutdownTimeout }, 'draining');
  await server.stop();
  logger.info({}, 'stopped');
  await output.flush(1000);
}

async function start(loaded: Loaded, options: Pick<ServerOptions, 'logger' | 'output' | 'reread'>): Promise<Server> {
  try {
    const testHooks = process.env.LB_TEST_HOOKS === '1';
    const { config, origins: settings, file } = loaded;
    return await startServer(config, { version: readVersion(), settings, testHooks, file, ...options });
  } catch (error) {
    const known = [ListenError, AdminStartError, CountryDatabaseError];
    if (error instanceof Error && known.some((kind) => error instanceof kind)) return fail(error.message);
    throw error;
  }
}

function place({ host, port }: { host: string; port: number }, tls = false): string {
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
