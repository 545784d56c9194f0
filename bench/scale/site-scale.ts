/** What many sites cost: reading their configuration, starting, finding one by its host. */
import { createCache, openCache } from '../../src/cache/cache.ts';
import { loadConfig } from '../../src/config/load.ts';
import { hostTables } from '../../src/site/host-table.ts';
import { SitePlan } from '../../src/site/plan.ts';
import { cpuOf, type Row } from './cache-scale.ts';

const cpuMs = (work: () => void): number => {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return Math.round((user + system) / 1000);
};

function configFile(sites: number): string {
  const entries = Array.from({ length: sites }, (_, i) => [
    `site-${i}.example`,
    { hosts: [`www.site-${i}.example`], origins: [`http://127.0.0.1:${9000 + (i % 100)}`] },
  ]);
  return JSON.stringify({ sites: Object.fromEntries(entries) });
}

/** Sites with two hosts each; hosts asked for in turn, which is the worst for what remembers some of them. */
export function siteRows(counts: readonly number[]): Row[] {
  return counts.map((sites) => {
    const file = configFile(sites);
    let loaded: ReturnType<typeof loadConfig> | undefined;
    const load = cpuMs(() => {
      loaded = loadConfig({ flags: [], env: {}, cwd: '/', file: 'lb.json', readFile: () => file });
    });
    if (loaded === undefined || 'errors' in loaded) throw new Error(loaded?.errors[0].message);
    const { config } = loaded;
    const cache = openCache(createCache({ memory: 1 << 22, workers: 1, eviction: 's3fifo' }), 1);
    const heap = process.memoryUsage().heapUsed;
    let tables = hostTables([]);
    const compile = cpuMs(() => {
      tables = hostTables(config.sites.map((site, index) => new SitePlan(index, site, cache)));
    });
    const memory = process.memoryUsage().heapUsed - heap;
    const hosts = Array.from({ length: sites }, (_, i) => Buffer.from(`www.site-${i}.example`).toString('latin1'));
    for (const host of hosts) if (typeof tables.http.find(host) === 'string') throw new Error(`${host} leads nowhere`);
    const all = cpuOf(200_000, (i) => tables.http.find(hosts[i % sites]));
    const few = cpuOf(200_000, (i) => tables.http.find(hosts[i % Math.min(sites, 10)]));
    return {
      sites,
      'config KB': Math.round(file.length / 1024),
      'CPU ms, read and check': load,
      'CPU ms, compile for a thread': compile,
      'KB of a site on a thread': Number(Math.max(0, memory / 1024 / sites).toFixed(2)),
      'ns, hosts in turn': Number(all.toFixed(1)),
      'ns, ten hosts': Number(few.toFixed(1)),
    };
  });
}
