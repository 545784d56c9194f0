import { createServer } from 'node:net';
import type { Address } from '../config/config.ts';
import type { Logger } from '../stats/logger.ts';
import { Acceptor } from '../transport/acceptor.ts';
import { loadUws } from '../transport/load-uws.ts';

/** A listening address that cannot be had; the message says which and why in one line. */
export class ListenError extends Error {}

/** Where clients come in: main's acceptor, or, where uWebSockets.js cannot load, a port on which edges listen themselves. */
export interface Entrance {
  readonly port: number;
  /** Set where edges listen themselves. */
  readonly edgesListen: Address | undefined;
  attach(descriptor: unknown): void;
  detach(descriptor: unknown): void;
  /** Accepts no more. */
  stop(): void;
  close(): void;
}

/** Binds the address. @throws ListenError */
export async function openEntrance(address: Address, logger: Logger): Promise<Entrance> {
  const loaded = loadUws();
  if ('unavailable' in loaded) {
    logger.warn({}, `${loaded.unavailable}; node:http stands in, at about a third of the speed`);
    const port = await reservePort(address);
    return { port, edgesListen: { ...address, port }, attach() {}, detach() {}, stop() {}, close() {} };
  }
  // uWebSockets.js does not say why it cannot listen
  await reservePort(address);
  const acceptor = new Acceptor(loaded.uws);
  const port = acceptor.listen(address.host, address.port);
  return {
    port,
    edgesListen: undefined,
    attach: (descriptor) => acceptor.attach(descriptor),
    detach: (descriptor) => acceptor.detach(descriptor),
    stop: () => acceptor.stop(),
    close: () => acceptor.close(),
  };
}

/** Listens for a moment, to learn a free port or why there is none. */
function reservePort({ host, port }: Address): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => reject(new ListenError(reasonFor(error, host, port))));
    server.listen({ host, port, exclusive: true }, () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === 'object' && bound !== null ? bound.port : port));
    });
  });
}

function reasonFor(error: NodeJS.ErrnoException, host: string, port: number): string {
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${place} is in use by another program; choose another port with --listen`;
    case 'EACCES':
      return `${place} may not be listened on: ports under 1024 need a privilege; choose another with --listen`;
    case 'EADDRNOTAVAIL':
      return `${place} is not an address of this machine; check --listen`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} does not resolve; check --listen`;
    default:
      return `cannot listen on ${place}: ${error.message}`;
  }
}
