import type { AdminDeps } from '../../src/admin/types.ts';

/** What an admin listener needs, with nothing behind it but what a test gives. */
export function adminDeps(given: Partial<AdminDeps> = {}): AdminDeps {
  return {
    config: { host: '127.0.0.1', port: 0 },
    purge: () => [],
    explain: () => ({ status: 404, problem: 'not here' }),
    ready: () => [],
    metrics: async () => '',
    cacheStats: () => ({}),
    stats: () => ({ time: new Date().toISOString(), uptime_seconds: 0, process: {}, sites: {}, workers: {} }),
    lines: { listen: () => () => {} },
    version: 'test',
    generation: () => 1,
    listeners: () => [],
    originStates: () => [],
    reload: async () => ({ ok: true, generation: 2, changed: [], needsRestart: [] }),
    ...given,
  };
}
