import type { Address, Config } from '../config/config.ts';

/** A place where clients come in, as configured. */
export interface ListenerPlan {
  /** Tells it apart from others, and says whether it is the same one after a reload. */
  readonly id: string;
  /** Port 0 lets the system choose. */
  readonly address: Address;
  readonly tls: boolean;
  /** `uws`: main accepts and hands sockets to the edges' apps. `node`: every edge listens itself. */
  readonly by: 'uws' | 'node';
}

/** The listeners that a configuration asks for, those without TLS first. */
export function plannedListeners(config: Config, hasUws: boolean): ListenerPlan[] {
  const { listen, listenMore, tls, proxyProtocol, h2c } = config;
  const isPlain = hasUws && proxyProtocol.length === 0;
  const secureBy = isPlain && isForUws(config) ? 'uws' : 'node';
  return [
    ...plans([listen, ...listenMore], false, isPlain && !h2c ? 'uws' : 'node'),
    ...plans(tls.listen, true, secureBy),
  ];
}

/**
 * Whether uWebSockets.js may end TLS: with one certificate, since it says nothing of the name that a client asks for, and
 * without what it has no setting for.
 */
function isForUws({ tls, acme }: Config): boolean {
  const { http2, clientAuth, minVersion, certificates, folder } = tls;
  if (http2 || clientAuth !== 'off' || minVersion !== 'TLSv1.2') return false;
  return certificates.length === 1 && folder === undefined && acme.domains.length === 0;
}

function plans(addresses: readonly Address[], tls: boolean, by: ListenerPlan['by']): ListenerPlan[] {
  const seen = new Map<string, number>();
  return addresses.map((address) => {
    const text = `${tls ? 'https' : 'http'} ${by} ${address.host} ${address.port}`;
    const count = seen.get(text) ?? 0;
    seen.set(text, count + 1);
    // port 0 may stand there several times
    return { id: count === 0 ? text : `${text} ${count}`, address, tls, by };
  });
}
