// What lb counts of countries and bots: a part of the table of metrics.
import { BOT_CLASSES } from '../base/bot-classes.ts';
import type { MetricRow } from './table.ts';

/** What became of a request by its class of bot. */
export const BOT_RESULTS = [
  'allowed',
  'logged',
  'rate_limited',
  'challenged',
  'challenge_passed',
  'blocked',
  'would_refuse',
] as const;
export type BotResult = (typeof BOT_RESULTS)[number];

/** Metrics of addons beside rate limits and the WAF. */
export const GUARD_METRICS = {
  botRequests: {
    name: 'lb_bot_requests_total',
    type: 'counter',
    scope: 'site',
    help: 'Requests of sites with `addons.bots`, by class of client and by what became of them; `would_refuse` in log mode.',
    labels: { class: BOT_CLASSES, result: BOT_RESULTS },
  },
  geoRefused: {
    name: 'lb_geo_refused_total',
    type: 'counter',
    scope: 'site',
    help: 'Requests refused for the country of their client.',
  },
} as const satisfies Record<string, MetricRow>;
