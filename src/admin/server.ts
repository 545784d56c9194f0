// The admin listener: health, metrics, statistics and purges, on the main thread. It is small on purpose and never
// shares a port with the sites.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { reservePort } from '../base/reserve-port.ts';
import { Guard, isLoopback } from './guard.ts';
import { LogReaders } from './log-stream.ts';
import { createHandler } from './routes.ts';
import type { AdminConfig, AdminDeps, AdminServer } from './types.ts';

const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16_384,
} as const;
const MAX_CONNECTIONS = 256;
/** How long answers under way may take once the listener closes. */
const CLOSE_GRACE_MS = 1_000;

/** The listener cannot be opened; the message is one line that says what to change. */
export class AdminStartError extends Error {
  override name = 'AdminStartError';
}

/**
 * Opens the admin listener.
 * @throws AdminStartError when the address cannot be bound, or may not be without a token
 */
export async function startAdmin(deps: AdminDeps): Promise<AdminServer> {
  const { config } = deps;
  if (!isLoopback(config.host) && !config.token) {
    throw new AdminStartError(
      `the admin listener on ${authority(config)} can be reached by others, so it needs a token: set LB_ADMIN_TOKEN, or listen on 127.0.0.1`,
    );
  }
  const closing = { value: false };
  const readers = new LogReaders();
  const handler = createHandler({ ...deps, readers }, new Guard(config), () => closing.value);
  const server = createServer(LIMITS, handler);
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, config);
  const { address, port } = server.address() as AddressInfo;
  return {
    address: { host: address, port },
    close: () => {
      closing.value = true;
      readers.close();
      return close(server);
    },
  };
}

/** With SO_REUSEPORT, where there is such a thing, so that an upgrade can take the address over. */
async function listen(server: Server, config: AdminConfig): Promise<void> {
  const host = config.host.replace(/^\[(.*)\]$/, '$1');
  try {
    const port = await reservePort({ host, port: config.port }, config.shared === true);
    const listening = once(server, 'listening');
    server.listen({ host, port, reusePort: process.platform === 'linux' });
    await listening;
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException, config);
  }
}

function explain(error: NodeJS.ErrnoException, config: AdminConfig): AdminStartError {
  const where = `the admin address ${authority(config)}`;
  const reasons: Record<string, string> = {
    EADDRINUSE: `${where} is in use by another program; choose another with --admin`,
    EACCES: `${where} may not be opened by this user; choose a port from 1024 up with --admin`,
    EADDRNOTAVAIL: `${where} is not an address of this machine`,
    ENOTFOUND: `${where} has a name that does not resolve`,
    EAI_AGAIN: `${where} has a name that does not resolve`,
  };
  return new AdminStartError(reasons[error.code ?? ''] ?? `${where} cannot be opened: ${error.message}`, {
    cause: error,
  });
}

function authority({ host, port }: AdminConfig): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const force = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await closed;
  clearTimeout(force);
}
