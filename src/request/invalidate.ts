import { CacheKey } from '../cache/cache.ts';
import { PARTS_NAME } from '../fill/parts.ts';
import type { HeaderList } from '../http/headers.ts';
import { invalidatedTargets } from '../http/invalidation.ts';
import { isSafeMethod } from '../http/method.ts';
import { editPart, keyParts } from '../site/key-plan.ts';
import type { Exchange } from './exchange.ts';

const key = new CacheKey();

/**
 * Drops what an answer to an unsafe method makes invalid (RFC 9111 section 4.4), with all variants: the target, and what
 * Location and Content-Location name on the same origin. A method that the configuration has cached counts as safe. Where
 * the configuration keys fields or cookies, what this request would get goes at once, and all else as soon as main
 * has heard of it.
 */
export function invalidate(x: Exchange, status: number, headers: HeaderList): void {
  const { method, host } = x;
  if (isSafeMethod(method) || x.policyOf().methods.includes(method)) return;
  for (const { path, query = '' } of invalidatedTargets(method, x.uri(), status, headers)) {
    const plan = host.plan.simple ? undefined : host.plan.policyFor(path).key;
    const target = plan?.target(path, query) ?? (query === '' ? path : `${path}?${query}`);
    const edits = x.rules?.request;
    const own = plan?.parts((name) => x.field(name), x.clientAddress()) ?? '';
    const parts = edits === undefined ? own : own + editPart(edits);
    drop(x, target, keyParts(parts));
    const hasOthers =
      parts !== '' ||
      host.plan.rules?.editsRequests === true ||
      (!host.plan.simple && host.plan.policyFor(path).methods.length > 0);
    if (hasOthers) x.context.onChange(host.plan.index, host.host, target);
  }
}

function drop(x: Exchange, target: string, parts: string): void {
  const { cache } = x.context;
  cache.invalidate(key.set(x.host.prefix, target, parts));
  cache.remove(key.set(x.host.prefix, target, parts + PARTS_NAME));
}
