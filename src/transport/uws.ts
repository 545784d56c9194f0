import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import type { ClientWatch } from '../request/client-watch.ts';
import type { Channel, ChannelEvents, Reply, ReplyEvents, RequestView, SwitchAnswer } from '../request/reply.ts';
import { UwsReply } from './uws-reply.ts';
import { UwsRequest } from './uws-request.ts';
import { asksForWebSocket, type Handshake, switchToWebSocket, webSocketBehavior } from './websocket.ts';

/** Whatever answers requests: the pipeline of the thread. */
export interface RequestHandler {
  handle(request: RequestView, reply: Reply): void;
}

/**
 * Leads all requests of a uWebSockets.js app to a handler.
 * @param clients watches those who are slow to take what is left of an answered request
 * @param scheme `https` for an SSLApp
 * @param outside makes calls while no connection of the app is corked; see Bystander
 * @returns routes WebSockets from now on, whose messages may have so many bytes; to be called again when that changes
 */
export function serveUws(
  app: TemplatedApp,
  handler: RequestHandler,
  clients: ClientWatch,
  scheme: 'http' | 'https',
  outside: (call: () => void) => void,
): (maxMessage: number) => void {
  const request = new UwsRequest(scheme);
  let reply = new UwsReply(clients);
  const serve = (method: string, res: HttpResponse, req: HttpRequest) => {
    request.attach(method, req, res);
    reply.attach(res);
    try {
      handler.handle(request, reply);
    } catch {
      // what is not answered or followed on return would end the process
      reply.destroy();
    }
    request.release();
    reply.leaveHandler();
    if (reply.detached) reply = new UwsReply(clients);
  };
  // the route tells the method, which saves asking for it
  app.get('/*', (res, req) => serve('GET', res, req));
  app.any('/*', (res, req) => serve(req.getCaseSensitiveMethod(), res, req));
  const upgrade = (handshake: Handshake, req: HttpRequest) => {
    const ordinary = reply;
    reply = new SwitchingReply(clients, handshake);
    request.isUpgrade = true;
    serve('GET', handshake.res, req);
    request.isUpgrade = false;
    reply = ordinary;
  };
  return (maxMessage) => {
    const behavior = webSocketBehavior(maxMessage, (res, req, context) => {
      if (asksForWebSocket(req)) upgrade({ res, context, key: req.getHeader('sec-websocket-key'), outside }, req);
      else serve('GET', res, req);
    });
    app.ws('/*', behavior);
  };
}

/** The reply to a request that asks for a WebSocket. */
class SwitchingReply extends UwsReply {
  readonly #handshake: Handshake;
  #held = false;

  constructor(clients: ClientWatch, handshake: Handshake) {
    super(clients);
    this.#handshake = handshake;
  }

  /** What the client sends from now on waits in the system: the library would take it for another request. */
  override detach(events: ReplyEvents): void {
    super.detach(events);
    this.#held = true;
    this.#handshake.res.pause();
  }

  override head(status: string, cacheStatus: string, block: Uint8Array | string, age: number): void {
    this.#release();
    super.head(status, cacheStatus, block, age);
  }

  override switchProtocols(answer: SwitchAnswer, events: ChannelEvents): Channel {
    this.closed = true;
    this.#release();
    return switchToWebSocket(this.#handshake, answer, events);
  }

  #release(): void {
    if (this.#held) this.#handshake.res.resume();
    this.#held = false;
  }
}
