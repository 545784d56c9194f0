import type { LookupAddress } from 'node:dns';
import { connect as connectSocket, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type buildConnector, errors } from 'undici';
import type { OriginConfig, SiteConfig } from '../config/config.ts';
import { isProhibited, ProhibitedAddressError } from './address-guard.ts';
import type { DnsCache } from './dns.ts';
import { DnsError } from './dns-query.ts';
import { type ClientEnd, proxyHeader } from './proxy-header.ts';
import { renameReset } from './resets.ts';
import { type OriginTls, originTls } from './tls.ts';

/** How long one of several addresses may take before the next one is tried as well, in ms (RFC 8305 section 5). */
const ATTEMPT_DELAY = 250;

/** How long an address that did not answer comes last, in ms. */
const DEAD_TIME = 10_000;

/** TCP's own keep-alive begins after this time, in ms. */
const TCP_KEEP_ALIVE = 60_000;

/** What a thread's connections to origins have in common. */
export interface DialOptions {
  /** Whether origins at addresses that are not public are refused; see address-guard.ts. */
  readonly multiTenant: boolean;
  readonly dns: DnsCache;
}

/** What one connection is for. */
export interface DialTerms {
  /** Protocols for ALPN, the preferred one first. */
  readonly protocols: readonly string[];
  /** Whose request it is for, where the origin wants a PROXY header. */
  readonly client: ClientEnd | undefined;
}

/**
 * Opens connections to one origin: resolves its name, checks the addresses, takes them in turn, and sends the PROXY
 * header and does TLS where configured.
 */
export class Dialer {
  readonly #origin: OriginConfig;
  readonly #timeout: number;
  readonly #options: DialOptions;
  readonly #tls: OriginTls | undefined;
  /** For resumption: the last session that the origin offered. */
  #session: Buffer | undefined;
  /** Addresses that did not answer, and until when they come last. */
  readonly #dead = new Map<string, number>();
  #turn = 0;

  /** @throws where a file of `origin_tls` cannot be used */
  constructor(origin: OriginConfig, site: SiteConfig, options: DialOptions) {
    this.#origin = origin;
    this.#timeout = site.timeouts.connect;
    this.#options = options;
    this.#tls = origin.tls ? originTls(origin, site.originTls) : undefined;
  }

  /**
   * Opens a connection that is ready for requests. Its socket tells resets as resets.ts says.
   * @throws DnsError, ProhibitedAddressError, a time-out in undici's terms, or the error of the socket or of TLS
   */
  async dial(terms: DialTerms): Promise<Socket> {
    const attempt = new Attempt(this.#origin, this.#timeout);
    try {
      const addresses = await attempt.resolved(this.#addresses());
      const socket = await attempt.connected(this.#open(addresses));
      const { proxyProtocol, unix } = this.#origin;
      if (proxyProtocol) socket.write(proxyHeader(proxyProtocol, terms.client, unix ? undefined : far(socket)));
      if (this.#tls === undefined) return socket;
      return await attempt.secured(this.#secure(socket, this.#tls, terms.protocols));
    } finally {
      attempt.end();
    }
  }

  /** Where to connect to, the best first; nothing for a unix socket. */
  async #addresses(): Promise<readonly LookupAddress[]> {
    const { host, unix } = this.#origin;
    const { multiTenant, dns } = this.#options;
    if (unix !== undefined) {
      if (multiTenant) throw new ProhibitedAddressError(`unix:${unix}`);
      return [];
    }
    const family = isIP(host);
    const found = family === 0 ? await dns.addresses(host) : [{ address: host, family }];
    // a name with any such address is refused whole; the ones looked at are those that are connected to
    if (multiTenant && found.some(({ address }) => isProhibited(address))) throw new ProhibitedAddressError(host);
    return found.length === 1 ? found : this.#inTurn(found);
  }

  /** Addresses of the preferred family take turns; those of the other one, and dead ones, come last. */
  #inTurn(found: readonly LookupAddress[]): LookupAddress[] {
    const now = performance.now();
    const isDead = ({ address }: LookupAddress) => (this.#dead.get(address) ?? 0) > now;
    const preferred = found.filter(({ family }) => family === found[0].family);
    const others = found.filter(({ family }) => family !== found[0].family);
    const turn = this.#turn++ % preferred.length;
    const order = [...preferred.slice(turn), ...preferred.slice(0, turn), ...others];
    return [...order.filter((address) => !isDead(address)), ...order.filter(isDead)];
  }

  #open(addresses: readonly LookupAddress[]): Socket {
    const { host, port, unix } = this.#origin;
    const socket =
      unix !== undefined
        ? connectSocket({ path: unix })
        : connectSocket({
            host,
            port,
            autoSelectFamily: true,
            autoSelectFamilyAttemptTimeout: ATTEMPT_DELAY,
            lookup: (_, { all }, done) =>
              all ? done(null, [...addresses]) : done(null, addresses[0].address, addresses[0].family),
          });
    if (addresses.length > 1) this.#watch(socket);
    return socket.setNoDelay(true).setKeepAlive(true, TCP_KEEP_ALIVE);
  }

  #watch(socket: Socket): void {
    const failed = (address: string) => {
      const now = performance.now();
      // a name may have ever other addresses
      for (const [dead, until] of this.#dead) if (until <= now) this.#dead.delete(dead);
      this.#dead.set(address, now + DEAD_TIME);
    };
    socket.on('connectionAttemptFailed', failed).on('connectionAttemptTimeout', failed);
    socket.once('connect', () => this.#dead.delete(socket.remoteAddress ?? ''));
  }

  #secure(socket: Socket, tls: OriginTls, protocols: readonly string[]): Socket {
    const secure = connectTls({ ...tls, socket, ALPNProtocols: [...protocols], session: this.#session });
    // a session that the origin does not know is no failure, but one with which TLS fails must not stay
    secure.on('session', (session) => {
      this.#session = session;
    });
    secure.once('error', () => {
      if (!secure.authorized) this.#session = undefined;
    });
    return secure;
  }
}

/** The far end of a connection. */
function far({ remoteAddress = '', remotePort = 0 }: Socket): ClientEnd {
  return { address: remoteAddress, port: remotePort };
}

/** One try to connect, within one time limit for all of its parts. */
class Attempt {
  readonly #timer: NodeJS.Timeout;
  readonly #expired: Promise<never>;
  #socket: Socket | undefined;
  #isResolved = false;

  constructor(origin: OriginConfig, timeout: number) {
    const { promise, reject } = Promise.withResolvers<never>();
    this.#expired = promise;
    promise.catch(() => {});
    this.#timer = setTimeout(() => {
      const late = new errors.ConnectTimeoutError(`no connection to ${origin.unix ?? origin.host} in ${timeout} ms`);
      reject(this.#isResolved ? late : new DnsError('ETIMEOUT', origin.host));
      this.#socket?.destroy();
    }, timeout);
  }

  async resolved<T>(addresses: Promise<T>): Promise<T> {
    const found = await Promise.race([addresses, this.#expired]);
    this.#isResolved = true;
    return found;
  }

  connected(socket: Socket): Promise<Socket> {
    return this.#ready(socket, 'connect');
  }

  secured(socket: Socket): Promise<Socket> {
    return this.#ready(socket, 'secureConnect');
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #ready(socket: Socket, event: 'connect' | 'secureConnect'): Promise<Socket> {
    this.#socket = socket;
    const ready = new Promise<Socket>((resolve, reject) => {
      // stays for good: an error between two owners of the socket must not be an uncaught one
      socket.on('error', (error: NodeJS.ErrnoException) => {
        renameReset(error);
        reject(error);
      });
      socket.once('close', () => reject(new errors.SocketError('the other side closed')));
      socket.once(event, () => resolve(socket));
    });
    return Promise.race([ready, this.#expired]);
  }
}

/**
 * Opens connections for HTTP/1.1 in the way of undici's connectors.
 * @param client see DialTerms
 */
export function connectorOf(dialer: Dialer, client: ClientEnd | undefined): buildConnector.connector {
  return (_, callback) => void answer(dialer.dial({ protocols: ['http/1.1'], client }), callback);
}

async function answer(dialled: Promise<Socket>, callback: buildConnector.Callback): Promise<void> {
  let socket: Socket;
  try {
    socket = await dialled;
  } catch (error) {
    callback(error as Error, null);
    return;
  }
  callback(null, socket);
}
