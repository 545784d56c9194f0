// What lb counts of requests to origins: a part of the table of metrics.
import type { MetricRow } from './table.ts';

/** Why a request to an origin brought no usable answer. */
export const ORIGIN_ERROR_KINDS = [
  'dns',
  'connect',
  'tls',
  'timeout',
  'reset',
  'protocol',
  'truncated',
  'overload',
  'other',
] as const;
export type OriginErrorKind = (typeof ORIGIN_ERROR_KINDS)[number];

/** Whether an origin is asked, and why not. */
export const ORIGIN_STATES = ['up', 'down', 'ejected', 'open'] as const;

export const ORIGIN_METRICS = {
  originRequests: {
    name: 'lb_origin_requests_total',
    type: 'counter',
    scope: 'site',
    help: 'Requests sent to origins.',
  },
  originErrors: {
    name: 'lb_origin_errors_total',
    type: 'counter',
    scope: 'site',
    help: 'Origin requests that brought no usable answer, by kind.',
    labels: { kind: ORIGIN_ERROR_KINDS },
  },
  originResponseBytes: {
    name: 'lb_origin_response_bytes_total',
    type: 'counter',
    scope: 'site',
    help: 'Body bytes received from origins.',
  },
  originDuration: {
    name: 'lb_origin_request_duration_seconds',
    type: 'histogram',
    scope: 'site',
    help: 'Time from sending a request to an origin to the end of its answer.',
  },
  originRetries: {
    name: 'lb_origin_retries_total',
    type: 'counter',
    scope: 'site',
    help: 'Requests that were tried again, at another origin or the same one.',
  },
  retriesDenied: {
    name: 'lb_origin_retries_denied_total',
    type: 'counter',
    scope: 'site',
    help: 'Requests that were not tried again because the budget was used up.',
  },
  originEjections: {
    name: 'lb_origin_ejections_total',
    type: 'counter',
    scope: 'site',
    help: 'Times that an origin was left out because requests to it failed.',
  },
  circuitOpened: {
    name: 'lb_origin_circuit_opened_total',
    type: 'counter',
    scope: 'site',
    help: 'Times that the circuit of an origin opened.',
  },
  originsByState: {
    name: 'lb_origins',
    type: 'gauge',
    scope: 'site',
    help: 'Origins by state: in use, checked as down, left out because of failures, circuit open.',
    labels: { state: ORIGIN_STATES },
  },
  poolConnections: {
    name: 'lb_origin_pool_connections',
    type: 'gauge',
    scope: 'site',
    help: 'Open connections to origins.',
  },
  poolPending: {
    name: 'lb_origin_pool_pending_requests',
    type: 'gauge',
    scope: 'site',
    help: 'Requests waiting for a connection to an origin.',
  },
  poolRunning: {
    name: 'lb_origin_pool_running_requests',
    type: 'gauge',
    scope: 'site',
    help: 'Requests under way at origins.',
  },
} as const satisfies Record<string, MetricRow>;
