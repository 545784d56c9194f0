import { loadSockets, type Sockets } from '../../native-bindings/sockets/index.ts';

/**
 * Bytes that the system takes of a response beyond what it has sent. Its own default takes megabytes for every client,
 * and two thousand clients that read slowly then use up the memory of all of the machine's connections.
 */
const UNSENT = 128 * 1024;

/** Limits what connections that come from now on on these ports hold in the system. Without the addon nothing happens. */
export async function limitUnsent(ports: readonly number[]): Promise<void> {
  const loaded = await loadSockets();
  if ('sockets' in loaded) limitListeners(loaded.sockets, ports);
}

/** @throws Error of setsockopt, but of a socket that is none any more since it was listed */
export function limitListeners(sockets: Pick<Sockets, 'listening' | 'limitUnsent'>, ports: readonly number[]): void {
  for (const { fd, port } of sockets.listening()) {
    if (!ports.includes(port)) continue;
    try {
      sockets.limitUnsent(fd, UNSENT);
    } catch (error) {
      // other threads close listeners meanwhile, and the number may be another file's by now
      if (!GONE.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

const GONE: ReadonlySet<string> = new Set(['EBADF', 'ENOTSOCK', 'ENOPROTOOPT', 'EOPNOTSUPP']);
