// What lb counts of its work in the background: a part of the table of metrics. Main does it all.
import type { MetricRow } from './table.ts';

/** What became of a job; `dropped`: it found no room in the queue. */
export const BACKGROUND_OUTCOMES = ['stored', 'useless', 'outdated', 'failed', 'dropped'] as const;

/** Metrics of work in the background. */
export const BACKGROUND_METRICS = {
  backgroundJobs: {
    name: 'lb_background_jobs_total',
    type: 'counter',
    scope: 'process',
    help: 'Stored responses compressed in the background, and dictionaries made, by outcome: stored, not worth it, overtaken by a change, failed, no room in the queue.',
    labels: { outcome: BACKGROUND_OUTCOMES },
  },
  backgroundWaiting: {
    name: 'lb_background_jobs_waiting',
    type: 'gauge',
    scope: 'process',
    help: 'Jobs in the queue.',
  },
  backgroundBytes: {
    name: 'lb_background_bytes_total',
    type: 'counter',
    scope: 'process',
    help: 'Bytes of what was stored: of the originals (in), and of what was made of them (out).',
    labels: { direction: ['in', 'out'] },
  },
  backgroundCpu: {
    name: 'lb_background_cpu_seconds_total',
    type: 'counter',
    scope: 'process',
    help: 'CPU time of work in the background.',
  },
} as const satisfies Record<string, MetricRow>;
