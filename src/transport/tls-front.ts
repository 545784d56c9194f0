import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { TlsTerms } from '../tls/terms.ts';
import { clientAddress, setClientAddress } from './client-address.ts';
import { normalServerName } from './server-name.ts';
import type { TlsChallenges } from './tls-challenges.ts';
import { commonOptions, keyPairs, TlsContexts } from './tls-contexts.ts';

/** How long a handshake may take where connections have no deadline, in ms. */
const HANDSHAKE_TIMEOUT = 30_000;

/** Ends TLS of connections that are handed over. Other certificates make another one; connections of this one stay. */
export class TlsFront {
  readonly #server: Server;
  readonly #challenges: TlsChallenges;
  /** Of a handshake, in ms. */
  readonly #timeout: number;
  /** Addresses that PROXY headers told, by addresses and port of the connection. */
  readonly #told = new Map<string, string>();

  /**
   * @param timeout of a handshake in ms, 0 for a long one
   * @param secured takes connections whose handshake is through; `alpnProtocol` says what they speak
   * @throws where a certificate or key cannot be used
   */
  constructor(terms: TlsTerms, challenges: TlsChallenges, timeout: number, secured: (socket: TLSSocket) => void) {
    this.#challenges = challenges;
    this.#timeout = timeout === 0 ? HANDSHAKE_TIMEOUT : timeout;
    const contexts = new TlsContexts(terms);
    this.#server = createServer({
      ...commonOptions(terms),
      ...keyPairs(contexts.fallback),
      handshakeTimeout: this.#timeout,
      requestCert: terms.clientAuth !== 'off',
      rejectUnauthorized: terms.clientAuth === 'require',
      ticketKeys: Buffer.from(terms.ticketKey),
      ALPNProtocols: [...(terms.http2 ? ['h2'] : []), 'http/1.1', 'http/1.0'],
      SNICallback: (name, done) => done(null, contexts.find(normalServerName(name))),
    });
    this.#server.on('secureConnection', (socket) => {
      socket.on('error', () => {});
      const address = this.#told.get(placeOf(socket));
      if (address !== undefined) setClientAddress(socket, address);
      secured(socket);
    });
    // a client that fails closes, or is closed by the server
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** Takes a connection over, before its first byte of TLS. */
  take(socket: Socket): void {
    const address = clientAddress(socket);
    const place = placeOf(socket);
    if (address !== socket.remoteAddress) {
      this.#told.set(place, address);
      socket.once('close', () => this.#told.delete(place));
    }
    const enter = (other: Socket) => this.#server.emit('connection', other);
    if (this.#challenges.areSet) this.#challenges.look(socket, this.#timeout, enter);
    else enter(socket);
  }
}

/** What tells a connection apart from all others of its listener that stand, which may be on several local addresses. */
function placeOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${remoteAddress} ${remotePort}`;
}
