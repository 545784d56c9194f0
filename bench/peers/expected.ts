import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MISS_BODY, TEXT_GZIP } from './bodies.ts';
import type { Case } from './cases.ts';

/** What an answer of the case has to have for a body. */
export function bodyOf({ kind, path, bytes }: Case, bodies: string): Buffer {
  const file = (name: string): Buffer => readFileSync(join(bodies, name));
  if (kind === 'miss') return MISS_BODY;
  if (kind === 'variant') return TEXT_GZIP;
  if (kind === 'revalidate') return file('hit/1k');
  if (kind === 'zipf') return file(`zipf/${path.slice(-1)}`);
  return file(kind === 'disk' ? dirname(path) : path).subarray(0, bytes);
}
