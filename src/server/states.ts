import type { ListenerState, OriginState } from '../admin/types.ts';
import type { Address, Config, OriginConfig } from '../config/config.ts';

/** Listeners as the admin API shows them. */
export function listenerStates(listeners: readonly { address: Address; tls: boolean }[]): ListenerState[] {
  return listeners.map(({ address: { host, port }, tls }) => ({ address: authority(host, port), tls }));
}

/** The origins of a configuration, of which nothing else is known. */
export function configuredOrigins({ sites }: Config): OriginState[] {
  return sites.flatMap(({ name, origins }) =>
    origins.map((origin) => ({
      site: name,
      url: urlOf(origin),
      state: 'unknown',
      reason: null,
      backup: origin.backup,
      weight: origin.weight,
      last_check: null,
      latency_ms: null,
      under_way: null,
      connections: null,
      requests: null,
      errors: null,
    })),
  );
}

function urlOf({ tls, host, port, unix }: OriginConfig): string {
  return unix === undefined ? `${tls ? 'https' : 'http'}://${authority(host, port)}` : `unix:${unix}`;
}

function authority(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
