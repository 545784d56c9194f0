import { randomHex } from './random-id.ts';

/** W3C Trace Context level 1: the parts of a traceparent. */
export interface TraceContext {
  /** 32 hex digits, not all zero. */
  traceId: string;
  /** 16 hex digits, not all zero. */
  spanId: string;
  /** Bit 0: sampled. */
  flags: number;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZERO_TRACE = '0'.repeat(32);
const ZERO_SPAN = '0'.repeat(16);

/** A traceparent value, or undefined where it is invalid. Versions above 00 may hold more, which is left out. */
export function parseTraceparent(value: string): TraceContext | undefined {
  const match = TRACEPARENT.exec(value);
  if (match === null || match[1] === 'ff' || match[2] === ZERO_TRACE || match[3] === ZERO_SPAN) return undefined;
  if (match[1] === '00' && match[5] !== undefined) return undefined;
  return { traceId: match[2], spanId: match[3], flags: Number.parseInt(match[4], 16) };
}

/**
 * The traceparent to send on: a valid incoming trace goes on under a new span id, with only the sampled flag kept;
 * otherwise a new trace begins, not sampled. The tracestate of an invalid traceparent must not be forwarded.
 */
export function nextTraceparent(incoming: string | undefined): string {
  const context = incoming === undefined ? undefined : parseTraceparent(incoming);
  if (context === undefined) return `00-${nonZeroHex(16, ZERO_TRACE)}-${nonZeroHex(8, ZERO_SPAN)}-00`;
  return `00-${context.traceId}-${nonZeroHex(8, ZERO_SPAN)}-0${context.flags & 1}`;
}

function nonZeroHex(bytes: number, zero: string): string {
  const id = randomHex(bytes);
  return id === zero ? `${id.slice(0, -1)}1` : id;
}
