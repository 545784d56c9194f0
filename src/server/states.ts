import type { DiskStatus } from '../admin/status.ts';
import type { ListenerState } from '../admin/types.ts';
import type { Address } from '../config/config.ts';
import type { DiskReport } from './disks.ts';

/** Listeners as the admin API shows them. */
export function listenerStates(listeners: readonly { address: Address; tls: boolean }[]): ListenerState[] {
  return listeners.map(({ address: { host, port }, tls }) => ({ address: authority(host, port), tls }));
}

function authority(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Disks as the admin API shows them. */
export function diskStates(disks: readonly DiskReport[]): DiskStatus[] {
  return disks.map(({ folder, state, reason, figures }) => ({
    folder,
    state,
    reason: reason ?? figures?.paused ?? null,
    limit_bytes: figures?.limit ?? 0,
    used_bytes: figures?.bytes ?? 0,
    objects: figures?.objects ?? 0,
    writes: figures?.written ?? 0,
    evictions: figures?.evicted ?? 0,
  }));
}
