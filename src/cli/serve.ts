import { AdminStartError } from '../admin/server.ts';
import type { Config } from '../config/config.ts';
import type { Provenance } from '../config/picker.ts';
import { CountryDatabaseError } from '../geo/country.ts';
import { ListenError } from '../server/entrance.ts';
import { type Server, startServer } from '../server/server.ts';
import { createLogger, type Logger } from '../stats/logger.ts';
import { LineOutput, stdoutStream } from '../stats/output.ts';
import { fail } from './exit.ts';
import { stopSignal } from './stop-signal.ts';
import { readVersion } from './version.ts';

/** Characters of log that may wait for a slow reader of stdout before lines are dropped. */
const OUTPUT_LIMIT = 8 << 20;

/**
 * Runs the proxy until SIGTERM or SIGINT, then drains it; a second signal ends it at once.
 * @param settings every setting with where it came from, for explanations
 */
export async function serve(
  config: Config,
  announcements: readonly string[],
  settings: readonly Provenance[],
): Promise<void> {
  const output = new LineOutput(stdoutStream(), OUTPUT_LIMIT);
  const logger = createLogger({ level: config.log.level, output, terminal: process.stdout.isTTY === true });
  const stopped = stopSignal();
  const server = await start(config, logger, output, settings);
  for (const announcement of announcements) {
    if (logger.isLevelEnabled('warn')) logger.warn({}, announcement);
    else process.stderr.write(`note: ${announcement}\n`);
  }
  logger.info(
    {
      listen: place(server.address),
      admin: place(server.admin.address),
      workers: config.workers,
      cache_bytes: config.cache.memory,
      sites: config.sites.length,
    },
    'lb serves',
  );
  await stopped;
  logger.info({ timeout_ms: config.shutdownTimeout }, 'draining');
  await server.stop(config.shutdownTimeout);
  logger.info({}, 'stopped');
  await output.flush(1000);
}

async function start(
  config: Config,
  logger: Logger,
  output: LineOutput,
  settings: readonly Provenance[],
): Promise<Server> {
  try {
    const testHooks = process.env.LB_TEST_HOOKS === '1';
    return await startServer(config, { version: readVersion(), logger, output, settings, testHooks });
  } catch (error) {
    const known = [ListenError, AdminStartError, CountryDatabaseError];
    if (error instanceof Error && known.some((kind) => error instanceof kind)) return fail(error.message);
    throw error;
  }
}

function place({ host, port }: { host: string; port: number }): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
