import { loadSockets } from '../../native-bindings/sockets/index.ts';
import { AdminStartError } from '../admin/server.ts';
import type { Loaded, NotLoaded } from '../config/load.ts';
import { CountryDatabaseError } from '../geo/country.ts';
import { ListenError } from '../server/entrance.ts';
import { feedWatchdog, type Notifier, openNotifier } from '../server/notify.ts';
import type { ServerOptions } from '../server/parts.ts';
import { type Server, startServer } from '../server/server.ts';
import { Succession } from '../server/succession.ts';
import { sharedAddresses, takeAll } from '../server/takeover.ts';
import { createLogger } from '../stats/logger.ts';
import { LineOutput, stdoutStream } from '../stats/output.ts';
import type { Shared } from '../supervisor/messages.ts';
import { Parent } from '../supervisor/parent.ts';
import { CertificateError } from '../tls/certificates.ts';
import { WafRulesError } from '../waf/ruleset/shared-rules.ts';
import { EXIT, fail } from './exit.ts';
import { stopSignal } from './stop-signal.ts';
import { readVersion } from './version.ts';

/** Characters of log that may wait for a slow reader of stdout before lines are dropped. */
const OUTPUT_LIMIT = 8 << 20;

/**
 * Runs the proxy until SIGTERM or SIGINT, then drains it; a second signal ends it at once. SIGHUP reloads. It ends as well
 * when another lb has taken its place.
 * @param reread reads the configuration anew, from where `loaded` came from
 */
export async function serve(loaded: Loaded, reread: () => Loaded | NotLoaded): Promise<void> {
  const { config, announcements } = loaded;
  const output = new LineOutput(stdoutStream(), OUTPUT_LIMIT);
  const logger = createLogger({ level: config.log.level, output, terminal: process.stdout.isTTY === true });
  const notifier = openNotifier(process.env, (message) => logger.warn({}, message));
  const stopped = stopSignal();
  const parent = new Parent({
    released: () => void takeAddresses(),
    orphaned: () => process.kill(process.pid, 'SIGTERM'),
  });
  const succession = new Succession(parent, logger);
  const { takesOver } = parent;
  const starting = start(loaded, { logger, output, reread, takesOver, upgrade: () => succession.upgrade() });
  // one that comes early must not end the process
  process.on('SIGHUP', () => void starting.then((started) => reload(started, notifier)).catch(() => {}));
  const server = await starting;
  for (const announcement of announcements) {
    if (logger.isLevelEnabled('warn')) logger.warn({}, announcement);
    else process.stderr.write(`note: ${announcement}\n`);
  }
  logger.info(
    {
      pid: process.pid,
      listen: server.listeners.map(({ address, tls }) => place(address, tls)).join(' '),
      admin: place(server.admin.address),
      workers: config.workers,
      cache_bytes: config.cache.memory,
      sites: config.sites.length,
    },
    'lb serves',
  );
  await notifier?.ready(status(server));
  const endWatchdog = notifier && feedWatchdog(notifier, () => server.isAlive());
  parent.serves(takesOver ? await ownAddresses() : []);
  const handedOver = await Promise.race([stopped, succession.handedOver]);
  logger.info({ timeout_ms: server.shutdownTimeout }, 'draining');
  endWatchdog?.();
  if (handedOver === undefined) {
    parent.cancelSuccessor();
    await notifier?.stopping();
    await server.stop();
  } else {
    await notifier?.mainPid(handedOver.pid);
    void stopped.then(() => server.hurry());
    await Promise.all([server.stop(server.shutdownTimeout, true), handedOver.release()]);
  }
  logger.info({}, 'stopped');
  await output.flush(1000);
}

async function reload(server: Server, notifier: Notifier | undefined): Promise<void> {
  await notifier?.reloading();
  await server.reload('SIGHUP');
  await notifier?.ready(status(server));
}

/** One line for `systemctl status`. */
function status({ listeners }: Server): string {
  return `serves on ${listeners.map(({ address, tls }) => place(address, tls)).join(' ')}`;
}

/** For the one whose place this process takes: which addresses it can let go of. */
async function ownAddresses(): Promise<Shared[]> {
  const loaded = await loadSockets();
  return 'sockets' in loaded ? sharedAddresses(loaded.sockets) : [];
}

/** The addresses are this process's alone. */
async function takeAddresses(): Promise<void> {
  const loaded = await loadSockets();
  if ('sockets' in loaded) takeAll(loaded.sockets);
}

async function start(
  loaded: Loaded,
  options: Partial<ServerOptions> & Pick<ServerOptions, 'logger' | 'output'>,
): Promise<Server> {
  try {
    const testHooks = process.env.LB_TEST_HOOKS === '1';
    const { config, origins: settings, file } = loaded;
    return await startServer(config, { version: readVersion(), settings, testHooks, file, ...options });
  } catch (error) {
    if (error instanceof CountryDatabaseError) return fail(`${error.message}: ${error.fix}`, EXIT.usage);
    const isMistake = error instanceof CertificateError || error instanceof WafRulesError;
    if (isMistake) return fail(error.message, EXIT.usage);
    if (error instanceof ListenError || error instanceof AdminStartError) return fail(error.message);
    throw error;
  }
}

function place({ host, port }: { host: string; port: number }, tls = false): string {
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
