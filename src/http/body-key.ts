import { createHash } from 'node:crypto';

/**
 * What tells requests with a body apart, as text for a cache key: a hash of the body, of the fields that say how it is to
 * be read, and of the method. It never runs into what follows.
 *
 * @param contentType as sent, '' where absent; likewise `contentEncoding`
 */
export function bodyPart(method: string, contentType: string, contentEncoding: string, body: Uint8Array): string {
  const hash = createHash('sha256');
  for (const text of [method, contentType, contentEncoding]) hash.update(`${text.length}:${text}`, 'latin1');
  return `body=${hash.update(body).digest('base64url')}:`;
}
