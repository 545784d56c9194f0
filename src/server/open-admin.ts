import { startAdmin } from '../admin/server.ts';
import type { AdminServer } from '../admin/types.ts';
import type { Cache } from '../cache/cache.ts';
import { createExposition } from '../stats/prometheus.ts';
import { createSnapshot } from '../stats/snapshot.ts';
import type { EdgeThreads } from '../threads/edges.ts';
import { createDiskPeek } from './disk-peek.ts';
import { createExplainer } from './explainer.ts';
import type { Live } from './live.ts';
import type { Parts, ServerOptions } from './parts.ts';
import { diskStates, listenerStates } from './states.ts';

/** Opens the admin listener: what it shows and does is what these parts have. @throws AdminStartError */
export function openAdmin(parts: Parts, options: ServerOptions): Promise<AdminServer> {
  const { memory, cache, live, edges, entrance, purger, state, disks, works } = parts;
  const { config } = live;
  const sources = {
    counters: memory.counters,
    siteName: (index: number) => live.siteName(index),
    workers: () => edges.states(),
    cache: () => cache.stats(),
    logDropped: () => parts.accessLog.dropped(),
    disks: () => disks?.report() ?? [],
    background: () => works.figures(),
    limits: () => parts.limits.report(),
    limitsLost: () => parts.limits.lost(),
    version: options.version,
  };
  return startAdmin({
    config: { ...config.admin, token: config.adminToken, shared: options.takesOver },
    upgrade: options.upgrade,
    purge: async (requests) => {
      const results = purger.purge(requests);
      const warning = await disks?.keep(cache.purgeSequence());
      return warning === undefined ? results : results.map((result) => ({ ...result, warning }));
    },
    explain: createExplainer({
      cache,
      live,
      purger,
      onDisk: config.disk && createDiskPeek(cache, config.disk.paths, memory.disks),
      uncacheable: memory.uncacheable,
      listen: () => entrance.listeners()[0].address,
      settings: () => state.settings,
    }),
    ready: () => notReady(edges, state.draining),
    metrics: createExposition(sources),
    stats: createSnapshot(sources),
    lines: parts.accessLog,
    version: options.version,
    generation: () => live.generation,
    listeners: () => listenerStates(entrance.listeners()),
    originStates: () => parts.origins.report(),
    disks: () => diskStates(disks?.report() ?? []),
    reload: () => parts.reloader.reload('the admin API'),
    cacheStats: () => statistics(live, cache),
    testHooks: options.testHooks,
    killWorker: (id) => edges.kill(id) || disks?.kill(id - config.workers - 1) === true,
    log: ({ level, message, details }) => options.logger[level](details, message),
  });
}

function notReady(edges: EdgeThreads, draining: boolean): string[] {
  const reasons = edges.states().flatMap(({ id, up }) => (up ? [] : [`edge thread ${id} is not up`]));
  return draining ? ['draining', ...reasons] : reasons;
}

function statistics({ config }: Live, cache: Cache): object {
  const sites = config.sites.map(({ name, number }) => ({ name, objects: cache.objectsOfSite(number) }));
  return { ...cache.stats(), eviction: config.cache.eviction, sites };
}
