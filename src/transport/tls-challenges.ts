import type { Socket } from 'node:net';
import { createSecureContext, createServer, type SecureContext, type Server } from 'node:tls';
import type { TlsChallenge } from '../tls/terms.ts';
import { offeredProtocols } from './client-hello.ts';

/** ALPN name of the challenge TLS-ALPN-01 (RFC 8737 section 6.2). */
const ACME_PROTOCOL = 'acme-tls/1';

/**
 * Answers challenges of TLS-ALPN-01 while main has set some: a handshake with a certificate of its own, after which the
 * connection ends (RFC 8737 section 3). It takes the protocol and the name to tell one, and Node asks for a certificate by
 * name before it knows the protocol: so the first bytes are looked at, while there are challenges.
 */
export class TlsChallenges {
  #contexts = new Map<string, SecureContext>();
  #server: Server | undefined;

  /** These, and no others any more. @throws where one cannot be used; then all stays as it was */
  replace(challenges: readonly TlsChallenge[]): void {
    this.#contexts = new Map(
      challenges.map(({ name, cert, key }) => [name.toLowerCase(), createSecureContext({ cert, key })]),
    );
  }

  /** Whether handshakes are to be looked at. */
  get areSet(): boolean {
    return this.#contexts.size > 0;
  }

  /**
   * Looks at the beginning of a connection, answers it where it is for a challenge, and else hands it on as it was.
   * @param timeout within which the beginning must have come, in ms
   */
  look(socket: Socket, timeout: number, others: (socket: Socket) => void): void {
    let held = Buffer.alloc(0);
    const timer = setTimeout(() => socket.destroy(), timeout);
    socket.once('close', () => clearTimeout(timer));
    const read = () => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      held = Buffer.concat([held, chunk]);
      const offered = offeredProtocols(held);
      if (offered === 'more') return;
      socket.off('readable', read);
      clearTimeout(timer);
      socket.unshift(held);
      if (offered.includes(ACME_PROTOCOL)) this.#answer(socket);
      else others(socket);
    };
    socket.on('readable', read);
  }

  #answer(socket: Socket): void {
    this.#server ??= createServer(
      {
        ALPNProtocols: [ACME_PROTOCOL],
        SNICallback: (name, done) => done(null, this.#contexts.get(name.toLowerCase())),
      },
      (answered) => {
        answered.on('error', () => {});
        answered.destroySoon();
      },
    ).on('tlsClientError', (_error, failed) => failed.destroy());
    this.#server.emit('connection', socket);
  }
}
