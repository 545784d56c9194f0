// What lb counts of rate limits: a part of the table of metrics.
import type { MetricRow } from './table.ts';

/** Metrics of rate limits. The label `limit` has the names that the configuration gives. */
export const LIMIT_METRICS = {
  limitRequests: {
    name: 'lb_rate_limit_requests_total',
    type: 'counter',
    scope: 'process',
    help: 'Requests at each rate limit of each site, by result: passed, refused, would have been refused by a limit that only logs, or allowed since the client is on its list.',
    labels: {
      site: ['site'],
      limit: ['name'],
      result: ['passed', 'refused', 'would_refuse', 'allowed'],
    },
  },
  limitsForgotten: {
    name: 'lb_rate_limit_evictions_total',
    type: 'counter',
    scope: 'process',
    help: 'Keys of rate limits forgotten before their buckets were full again, for want of room.',
  },
  limitsUncounted: {
    name: 'lb_rate_limit_uncounted_total',
    type: 'counter',
    scope: 'process',
    help: 'Requests under way that passed uncounted by a limit on them, for want of room.',
  },
} as const satisfies Record<string, MetricRow>;
