// What lb counts of its disks: a part of the table of metrics. All come from the disks' threads, by folder.
import type { MetricRow } from './table.ts';

/** What a disk does: it opens, reads its index, takes part, was given up for now, or is given back. */
export const DISK_STATES = ['opening', 'loading', 'ready', 'failed', 'closed'] as const;

/** Metrics of disks; the label `disk` is the folder as configured. */
export const DISK_METRICS = {
  diskState: {
    name: 'lb_disk_state',
    type: 'gauge',
    scope: 'process',
    help: 'What the disk does: 1 for the state that it is in, 0 for others; label `disk`.',
    labels: { state: DISK_STATES },
  },
  diskLimit: {
    name: 'lb_disk_limit_bytes',
    type: 'gauge',
    scope: 'process',
    help: 'Limit on all files of the disk together; label `disk`.',
  },
  diskUsed: {
    name: 'lb_disk_used_bytes',
    type: 'gauge',
    scope: 'process',
    help: 'Bytes of all files of the disk; label `disk`.',
  },
  diskIndex: {
    name: 'lb_disk_index_bytes',
    type: 'gauge',
    scope: 'process',
    help: 'Of these, those of the index; label `disk`.',
  },
  diskObjects: {
    name: 'lb_disk_objects',
    type: 'gauge',
    scope: 'process',
    help: 'Stored responses on the disk; label `disk`.',
  },
  diskWrites: {
    name: 'lb_disk_writes_total',
    type: 'counter',
    scope: 'process',
    help: 'Stored responses written; label `disk`.',
  },
  diskWrittenBytes: {
    name: 'lb_disk_written_bytes_total',
    type: 'counter',
    scope: 'process',
    help: 'Bytes of them; label `disk`.',
  },
  diskRefused: {
    name: 'lb_disk_refused_total',
    type: 'counter',
    scope: 'process',
    help: 'Stored responses not written, since they were not used again while the disk was full; label `disk`.',
  },
  diskMissed: {
    name: 'lb_disk_missed_total',
    type: 'counter',
    scope: 'process',
    help: 'Stored responses not written, since they had left memory, or were purged, before their turn; label `disk`.',
  },
  diskEvictions: {
    name: 'lb_disk_evictions_total',
    type: 'counter',
    scope: 'process',
    help: 'Stored responses overwritten to make room; label `disk`.',
  },
  diskReinserted: {
    name: 'lb_disk_reinserted_total',
    type: 'counter',
    scope: 'process',
    help: 'Stored responses kept when their turn to be overwritten came, since they had been used; label `disk`.',
  },
  diskPurged: {
    name: 'lb_disk_purged_total',
    type: 'counter',
    scope: 'process',
    help: 'Stored responses removed by purges; label `disk`.',
  },
  diskWriteErrors: {
    name: 'lb_disk_write_errors_total',
    type: 'counter',
    scope: 'process',
    help: 'Writes that failed; label `disk`.',
  },
  diskRestarts: {
    name: 'lb_disk_restarts_total',
    type: 'counter',
    scope: 'process',
    help: 'Times that the thread of the disk was replaced after it died; label `disk`.',
  },
} as const satisfies Record<string, MetricRow>;
