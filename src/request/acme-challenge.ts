import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Exchange } from './exchange.ts';

/** RFC 8555 section 8.3. */
const PATH = '/.well-known/acme-challenge/';

const TOKEN = /^[\w-]{1,200}$/;

/**
 * Answers a challenge of HTTP-01 that this lb, or another one that shares its folder, has made a file for. Requests of
 * other clients for such a path go their way: the origin may have an order of its own.
 * @param folder of the answers, one file each
 * @returns whether it has answered
 */
export function answerChallenge(x: Exchange, folder: string): boolean {
  if (!x.path.startsWith(PATH) || !x.retrieval) return false;
  const token = x.path.slice(PATH.length);
  if (!TOKEN.test(token)) return false;
  let body: Buffer;
  try {
    body = readFileSync(join(folder, token));
  } catch {
    return false;
  }
  const headers: [string, string][] = [
    ['Content-Type', 'application/octet-stream'],
    ['Cache-Control', 'no-store'],
  ];
  x.answer = { status: 200, headers, body, source: 'acme.domains' };
  x.cacheStatus = 'lb; detail=acme-challenge';
  return true;
}
