// What lb counts of coding content on its way to clients: a part of the table of metrics.
import type { MetricRow } from './table.ts';

/** What content is coded to; `identity`: decoded; `dcz` and `dcb`: Zstandard and brotli with a dictionary. */
export const RECODED_TO = ['zstd', 'br', 'gzip', 'identity', 'dcz', 'dcb'] as const;

export const COMPRESSION_METRICS = {
  recoded: {
    name: 'lb_compression_responses_total',
    type: 'counter',
    scope: 'site',
    help: 'Responses coded on their way to the client, by coding; `identity`: decoded.',
    labels: { coding: RECODED_TO },
  },
  recodedBytes: {
    name: 'lb_compression_bytes_total',
    type: 'counter',
    scope: 'site',
    help: 'Bytes of such responses, before (in) and after (out).',
    labels: { direction: ['in', 'out'] },
  },
  variantHits: {
    name: 'lb_compression_variant_hits_total',
    type: 'counter',
    scope: 'site',
    help: 'Responses sent from a stored variant in another coding.',
  },
  recoding: {
    name: 'lb_compression_responses_active',
    type: 'gauge',
    scope: 'site',
    help: 'Responses being coded on their way to the client.',
  },
} as const satisfies Record<string, MetricRow>;
