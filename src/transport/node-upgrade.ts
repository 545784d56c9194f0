import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ClientWatch } from '../request/client-watch.ts';
import type { Channel, ChannelEvents, SwitchAnswer } from '../request/reply.ts';
import { NodeReply, NodeRequest } from './node-http.ts';
import { RawChannel } from './raw-channel.ts';
import type { RequestHandler } from './uws.ts';

/** Leads requests for another protocol to a handler. Node reads such a connection no further, whatever the answer is. */
export function serveUpgrades(server: Server, handler: RequestHandler, clients: ClientWatch): void {
  server.on('upgrade', (message: IncomingMessage, socket: Duplex, early: Buffer) => {
    const response = new ServerResponse(message);
    try {
      response.assignSocket(message.socket);
    } catch {
      // an earlier request of the connection has no answer yet: nothing could come in the right order
      socket.destroy();
      return;
    }
    // Node has let go of the connection
    socket.on('drain', () => response.emit('drain'));
    response.once('finish', () => message.socket.destroySoon());
    handler.handle(new NodeRequest(message, true), new SwitchingReply(message, response, early, clients));
  });
}

/** The reply to a request for another protocol. Any answer but that ends the connection. */
class SwitchingReply extends NodeReply {
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #early: Buffer;

  constructor(message: IncomingMessage, response: ServerResponse, early: Buffer, clients: ClientWatch) {
    super(message, response, clients);
    this.closeAfter = true;
    this.#message = message;
    this.#response = response;
    this.#early = early;
  }

  override switchProtocols({ protocol, lines }: SwitchAnswer, events: ChannelEvents): Channel {
    this.closed = true;
    const { socket } = this.#message;
    this.#response.detachSocket(socket);
    let head = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n`;
    for (let i = 0; i < lines.length; i += 2) head += `${lines[i]}: ${lines[i + 1]}\r\n`;
    socket.write(`${head}\r\n`, 'latin1');
    return new RawChannel(socket, this.#early, protocol, events);
  }
}
