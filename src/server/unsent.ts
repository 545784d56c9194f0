import { loadSockets } from '../../native-bindings/sockets/index.ts';

/**
 * Bytes that the system takes of a response beyond what it has sent. Its own default takes megabytes for every client,
 * and two thousand clients that read slowly then use up the memory of all of the machine's connections.
 */
const UNSENT = 128 * 1024;

/** Limits what connections that come from now on on these ports hold in the system. Without the addon nothing happens. */
export async function limitUnsent(ports: readonly number[]): Promise<void> {
  const loaded = await loadSockets();
  if ('unavailable' in loaded) return;
  for (const { fd, port } of loaded.sockets.listening()) {
    if (ports.includes(port)) loaded.sockets.limitUnsent(fd, UNSENT);
  }
}
