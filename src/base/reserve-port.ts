import { createServer } from 'node:net';

/**
 * Listens for a moment, to learn a free port or why there is none.
 * @param shared the address may be in use already, by sockets that it can be shared with
 * @returns the port, which the system chooses for 0. Rejects with the system's error
 */
export function reservePort({ host, port }: { host: string; port: number }, shared: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (shared && port !== 0 && error.code === 'EADDRINUSE') resolve(port);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === 'object' && bound !== null ? bound.port : port));
    });
  });
}
