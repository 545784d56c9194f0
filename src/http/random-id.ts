import { randomBytes } from 'node:crypto';

/** Bytes of the system's randomness that are fetched at a time. */
const POOL = 4096;

let pool = '';
let used = 0;

/** `bytes` random bytes (at most 64) as lowercase hex, of the system's randomness. */
export function randomHex(bytes: number): string {
  const start = used;
  used += bytes * 2;
  if (used <= pool.length) return pool.slice(start, used);
  pool = randomBytes(POOL).toString('hex');
  used = bytes * 2;
  return pool.slice(0, used);
}
