import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { TlsTerms } from '../tls/terms.ts';
import { clientAddress, setClientAddress } from './client-address.ts';
import { ACME_PROTOCOL, commonOptions, keyPairs, type TlsChallenges, TlsContexts } from './tls-contexts.ts';

/** How long a handshake may take where connections have no deadline, in ms. */
const HANDSHAKE_TIMEOUT = 30_000;

/** Ends TLS of connections that are handed over. Other certificates make another one; connections of this one stay. */
export class TlsFront {
  readonly #server: Server;
  readonly #challenges: TlsChallenges;
  readonly #http2: boolean;
  /** Addresses that PROXY headers told, by address and port of the connection. */
  readonly #told = new Map<string, string>();

  /**
   * @param timeout of a handshake in ms, 0 for a long one
   * @param secured takes connections whose handshake is through; `alpnProtocol` says what they speak
   * @throws where a certificate or key cannot be used
   */
  constructor(terms: TlsTerms, challenges: TlsChallenges, timeout: number, secured: (socket: TLSSocket) => void) {
    this.#challenges = challenges;
    this.#http2 = terms.http2;
    const contexts = new TlsContexts(terms);
    const choose = this.#chooseProtocol.bind(this);
    this.#server = createServer({
      ...commonOptions(terms),
      ...keyPairs(contexts.fallback),
      handshakeTimeout: timeout === 0 ? HANDSHAKE_TIMEOUT : timeout,
      requestCert: terms.clientAuth !== 'off',
      rejectUnauthorized: terms.clientAuth === 'require',
      ticketKeys: Buffer.from(terms.ticketKey),
      SNICallback: (name, done) => done(null, contexts.find(name.toLowerCase())),
      ALPNCallback(this: TLSSocket, { servername, protocols }) {
        return choose(this, servername, protocols);
      },
    });
    this.#server.on('secureConnection', (socket) => {
      socket.on('error', () => {});
      if (socket.alpnProtocol === ACME_PROTOCOL) {
        // the handshake is the answer (RFC 8737 section 3)
        socket.end();
        return;
      }
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
    this.#server.emit('connection', socket);
  }

  /**
   * By ALPN (RFC 7301). A challenge is answered with a certificate of its own, which only this call can tell: the name is
   * known earlier, the protocol not. Undefined ends the handshake with `no_application_protocol`.
   */
  #chooseProtocol(socket: TLSSocket, name: string, protocols: readonly string[]): string | undefined {
    if (protocols.includes(ACME_PROTOCOL)) {
      const context = this.#challenges.find(name.toLowerCase());
      if (context === undefined) return undefined;
      socket.setKeyCert(context);
      return ACME_PROTOCOL;
    }
    if (this.#http2 && protocols.includes('h2')) return 'h2';
    return protocols.find((protocol) => protocol === 'http/1.1' || protocol === 'http/1.0');
  }
}

/** What tells a connection apart from all others that stand. */
function placeOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
