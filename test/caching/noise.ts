import { randomBytes } from 'node:crypto';

const NOISE = randomBytes(1 << 20);

/** `length` bytes that differ from seed to seed, the same each time. */
export function noise(seed: number, length: number): Buffer {
  const body = Buffer.allocUnsafe(length);
  const offset = (seed * 7919) % NOISE.length;
  for (let at = 0; at < length; ) {
    const from = (at + offset) % NOISE.length;
    at += NOISE.copy(body, at, from, Math.min(NOISE.length, from + length - at));
  }
  return body;
}
