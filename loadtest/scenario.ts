import type { Request } from 'autocannon';
import type { PurgeFindings } from './purge-storm.ts';

/** What a scenario saw; times in milliseconds. */
export interface Measured {
  requests: number;
  requestsPerSecond: number;
  p50: number;
  p99: number;
  /** Requests without an answer: connection errors and time-outs. */
  unanswered: number;
  /** Answers by first digit of the status. */
  statuses: { '2xx': number; '3xx': number; '4xx': number; '5xx': number };
  /** Requests that the origin saw; undefined where the origin is not ours to ask. */
  originRequests?: number;
  purges?: PurgeFindings;
}

/** A figure and what it has to be. */
export interface Threshold {
  name: string;
  /** The figure; undefined where this run cannot know it. */
  value: (measured: Measured) => number | undefined;
  atLeast?: number;
  atMost?: number;
}

export interface Scenario {
  name: string;
  prose: string;
  /** Asked for once each before the measurement, so that the cache is warm. */
  warm: readonly string[];
  /** What every connection sends, over and over. */
  requests: readonly Request[];
  /** Purges while the load runs. */
  purging: boolean;
  thresholds: readonly Threshold[];
}

export interface Verdict {
  name: string;
  value: number | undefined;
  limit: string;
  kept: boolean;
}

/** Checks every threshold; one whose figure is unknown counts as kept. */
export function judge({ thresholds }: Pick<Scenario, 'thresholds'>, measured: Measured): Verdict[] {
  return thresholds.map(({ name, value, atLeast, atMost }) => {
    const figure = value(measured);
    const limits = [atLeast === undefined ? '' : `>= ${atLeast}`, atMost === undefined ? '' : `<= ${atMost}`];
    const kept = figure === undefined || (figure >= (atLeast ?? -Infinity) && figure <= (atMost ?? Infinity));
    return { name, value: figure, limit: limits.filter(Boolean).join(' and '), kept };
  });
}

/** Thresholds of every scenario: nothing unanswered, no server error, and a bound on the slowest hundredth. */
export function usual(p99Milliseconds: number, requestsPerSecond: number): Threshold[] {
  return [
    { name: 'unanswered requests', value: ({ unanswered }) => unanswered, atMost: 0 },
    { name: '5xx answers', value: ({ statuses }) => statuses['5xx'], atMost: 0 },
    { name: 'p99 in ms', value: ({ p99 }) => p99, atMost: p99Milliseconds },
    { name: 'requests/s', value: (measured) => measured.requestsPerSecond, atLeast: requestsPerSecond },
  ];
}

/** Share of the requests that the origin did not see. */
export function hitRatio({ requests, originRequests }: Measured): number | undefined {
  return originRequests === undefined ? undefined : 1 - originRequests / requests;
}
