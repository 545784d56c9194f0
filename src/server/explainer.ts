import type { Cache } from '../cache/cache.ts';
import { formatAddress } from '../config/address.ts';
import type { Address } from '../config/config.ts';
import type { Provenance } from '../config/picker.ts';
import { explain } from '../explain/explain.ts';
import type { ExplainProblem, ExplainQuery, Explanation } from '../explain/types.ts';
import { Uncacheable } from '../fill/uncacheable.ts';
import type { HostTable } from '../site/host-table.ts';
import type { Purger } from './purger.ts';

export interface ExplainerParts {
  readonly cache: Cache;
  readonly hosts: HostTable;
  readonly purger: Purger;
  /** Memory of the answers that were not stored. */
  readonly uncacheable: SharedArrayBuffer;
  /** Where clients connect. */
  readonly listen: Address;
  /** Every setting with where it came from. */
  readonly settings: readonly Provenance[];
}

/** Explains requests from main, which sees all that edges see. */
export function createExplainer(parts: ExplainerParts): (query: ExplainQuery) => Explanation | ExplainProblem {
  const { cache, hosts, purger, settings, listen } = parts;
  const sources = {
    cache,
    hosts,
    settings,
    uncacheable: new Uncacheable(parts.uncacheable),
    scheme: 'http',
    own: formatAddress(reachable(listen)),
    purges: (subject) => purger.matching(subject),
  } satisfies Parameters<typeof explain>[1];
  return (query) => explain(query, sources);
}

/** Every address stands for that of this machine. */
function reachable({ host, port }: Address): Address {
  return { host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host, port };
}
