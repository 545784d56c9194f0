import { readFileSync } from 'node:fs';

/** Descriptors that are kept for all but connections of clients: at least so many, and this part of all. */
const MIN_KEPT = 64;
const KEPT_PART = 1 / 8;

/**
 * Connections of clients that this process has descriptors for, beside those to origins, files and listeners. Infinity
 * where the system does not say.
 */
export function connectionRoom(): number {
  const limit = descriptorLimit();
  return limit === Number.POSITIVE_INFINITY ? limit : Math.max(1, limit - Math.max(MIN_KEPT, limit * KEPT_PART));
}

function descriptorLimit(): number {
  let limits: string;
  try {
    limits = readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return Number.POSITIVE_INFINITY;
  }
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}
