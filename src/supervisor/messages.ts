/** Messages over the channel between a supervisor and lb, and between lb and its successor. */

/** Sockets of one address on which a process listens, and which others may share. */
export interface Shared {
  host: string;
  port: number;
  count: number;
}

/** From a process to whoever started it. */
export type ToParent =
  /** It serves. */
  | { lb: 'serves'; listening: Shared[] }
  /** To the supervisor: start a successor. */
  | { lb: 'upgrade' }
  /** To the supervisor: end the successor, this process goes on. */
  | { lb: 'cancel' }
  /** To the supervisor, for the successor: the addresses are its alone. */
  | { lb: 'released' };

/** To a process from whoever started it. */
export type FromParent =
  /** The successor serves. */
  | { lb: 'succeeded'; pid: number; listening: Shared[] }
  /** The successor did not come to serve, or ended before it had the addresses to itself. */
  | { lb: 'failed'; reason: string }
  /** The successor has served, and ended because it was told to. */
  | { lb: 'told' }
  /** To the successor: the addresses are its alone. */
  | { lb: 'released' };

/** Whether something that came over the channel is one of these. Only processes that lb has started can write there. */
export function isMessage<T extends ToParent | FromParent>(value: unknown): value is T {
  return typeof value === 'object' && value !== null && typeof (value as { lb?: unknown }).lb === 'string';
}

/** Set in the environment of a process that has a supervisor. */
export const SUPERVISED = 'LB_SUPERVISED';
/** The value of it there; what users set is `1`. */
export const SUPERVISED_CHILD = 'child';
/** Set in the environment of a process that takes the addresses of another over. */
export const TAKEOVER = 'LB_TAKEOVER';
