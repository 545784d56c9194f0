import type { HttpResponse, us_listen_socket } from 'uWebSockets.js';
import type { Uws } from './load-uws.ts';

/** What the package's types leave out. */
interface ParentApp {
  addChildAppDescriptor(descriptor: unknown): void;
  removeChildAppDescriptor(descriptor: unknown): void;
  listen(host: string, port: number, options: number, done: (socket: us_listen_socket | false) => void): void;
  any(pattern: string, handler: (res: HttpResponse) => void): void;
  close(): void;
}

/** Main's listening socket: every accepted connection goes to the app of one edge, in turn. */
export class Acceptor {
  readonly #uws: Uws & { LIBUS_LISTEN_DEFAULT?: number };
  readonly #app: ParentApp;
  #socket: us_listen_socket | undefined;

  /** @param tls whether edges end TLS on its sockets; without an edge there is no certificate, and handshakes fail */
  constructor(uws: Uws, tls: boolean) {
    this.#uws = uws;
    this.#app = (tls ? uws.SSLApp({}) : uws.App()) as unknown as ParentApp;
    // sockets that come while no edge is attached stay with main
    this.#app.any('/*', (res) => {
      res.writeStatus('503 Service Unavailable').writeHeader('Retry-After', '1');
      res.writeHeader('Cache-Status', 'lb; fwd=bypass; detail=starting').end('', true);
    });
  }

  /**
   * Binds the address, such that a process of this user can share it (SO_REUSEPORT): whether somebody else listens there
   * is to be asked before.
   * @returns the port, which the system chooses for 0
   */
  listen(host: string, port: number): number {
    let opened: us_listen_socket | false = false;
    this.#app.listen(host, port, this.#uws.LIBUS_LISTEN_DEFAULT ?? 0, (socket) => {
      opened = socket;
    });
    if (opened === false) throw new Error(`uWebSockets.js cannot listen on ${host}:${port}`);
    this.#socket = opened;
    return this.#uws.us_socket_local_port(opened);
  }

  attach(descriptor: unknown): void {
    this.#app.addChildAppDescriptor(descriptor);
  }

  detach(descriptor: unknown): void {
    this.#app.removeChildAppDescriptor(descriptor);
  }

  /** Accepts no more. */
  stop(): void {
    if (this.#socket !== undefined) this.#uws.us_listen_socket_close(this.#socket);
    this.#socket = undefined;
  }

  /** To be called before the thread ends. */
  close(): void {
    this.stop();
    this.#app.close();
  }
}
