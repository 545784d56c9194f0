import type { ListenerState } from '../admin/types.ts';
import type { Address } from '../config/config.ts';

/** Listeners as the admin API shows them. */
export function listenerStates(listeners: readonly { address: Address; tls: boolean }[]): ListenerState[] {
  return listeners.map(({ address: { host, port }, tls }) => ({ address: authority(host, port), tls }));
}

function authority(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
