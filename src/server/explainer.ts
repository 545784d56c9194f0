import type { Cache } from '../cache/cache.ts';
import { formatAddress } from '../config/address.ts';
import type { Address, Config } from '../config/config.ts';
import type { Provenance } from '../config/picker.ts';
import { explain } from '../explain/explain.ts';
import type { ExplainProblem, ExplainQuery, Explanation } from '../explain/types.ts';
import { Uncacheable } from '../fill/uncacheable.ts';
import type { HostTables } from '../site/host-table.ts';
import type { DiskPeek } from './disk-peek.ts';
import type { Purger, PurgeSubject } from './purger.ts';

export interface ExplainerParts {
  readonly cache: Cache;
  readonly live: { readonly hosts: HostTables; readonly config: Config };
  readonly purger: Purger;
  /** Memory of the answers that were not stored. */
  readonly uncacheable: SharedArrayBuffer;
  /** What disks have; undefined where there are none. */
  readonly onDisk?: (() => DiskPeek) | undefined;
  /** Where clients connect. */
  listen(): Address;
  /** Every setting with where it came from. */
  settings(): readonly Provenance[];
}

/** Times that disks are read for one explanation: for a marker, what it leads to, and parts. */
const MAX_READS = 4;

/** Explains requests from main, which sees all that edges see. */
export function createExplainer(parts: ExplainerParts): (query: ExplainQuery) => Promise<Explanation | ExplainProblem> {
  const { cache, live, purger, onDisk } = parts;
  const uncacheable = new Uncacheable(parts.uncacheable);
  const purges = (subject: PurgeSubject) => purger.matching(subject);
  return async (query) => {
    const own = formatAddress(reachable(parts.listen()));
    const settings = parts.settings();
    const { tls, trustedProxies } = live.config;
    const secure = tls.listen.length > 0 || trustedProxies.length > 0;
    const peek = onDisk?.();
    const sources = { cache, hosts: live.hosts, settings, uncacheable, secure, own, purges, onDisk: peek?.find };
    let explanation = explain(query, sources);
    for (let reads = 0; reads < MAX_READS && (await peek?.read()) === true; reads++) {
      explanation = explain(query, sources);
    }
    return explanation;
  };
}

/** Every address stands for that of this machine. */
function reachable({ host, port }: Address): Address {
  return { host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host, port };
}
