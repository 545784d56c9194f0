import type { HttpResponse, TemplatedApp, us_listen_socket } from 'uWebSockets.js';
import { connect, type Socket } from 'node:net';
import type { Uws } from './load-uws.ts';

/**
 * A request that is never answered, of this thread to itself. What is written to another connection while this one is corked
 * leaves at once, and the library does not warn that nothing is corked. So is a WebSocket made: within a cork of its own
 * response the library, at the end, reads the state of that response where there is a WebSocket by then, and may take it for
 * one that ends its connection (20.57, HttpResponse::cork).
 */
export class Bystander {
  readonly #app: TemplatedApp;
  readonly #client: Socket;
  #response: HttpResponse | undefined;

  constructor(uws: Uws) {
    this.#app = uws.App();
    let listening: us_listen_socket | false = false;
    this.#app.get('/', (response) => {
      response.onAborted(() => {
        this.#response = undefined;
      });
      this.#response = response;
      if (listening !== false) uws.us_listen_socket_close(listening);
      listening = false;
    });
    this.#app.listen('127.0.0.1', 0, (socket) => {
      listening = socket;
    });
    this.#client = connect({ host: '127.0.0.1', port: listening === false ? 0 : uws.us_socket_local_port(listening) });
    this.#client.on('error', () => {});
    this.#client.write('GET / HTTP/1.1\r\nHost: lb\r\n\r\n');
  }

  /** Makes a call to the library that writes to a connection. */
  run(call: () => void): void {
    if (this.#response === undefined) call();
    else this.#response.cork(call);
  }

  close(): void {
    this.#client.destroy();
    this.#app.close();
  }
}
