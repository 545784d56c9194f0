import { cacheNow } from '../base/clock.ts';
import { USER_FLAGS, USER_FRESH_UNTIL } from '../cache/cache.ts';
import { variantName } from '../fill/judge.ts';
import { FLAG_CODED, FLAG_VARY_MARKER, type StoredMeta } from '../fill/stored.ts';
import { bodyPart } from '../http/body-key.ts';
import type { HeaderList } from '../http/headers.ts';
import { editPart, keyParts } from '../site/key-plan.ts';
import { NOT_ASCII } from './admit.ts';
import { compressionOf } from './coding.ts';
import type { Exchange } from './exchange.ts';
import { collectBody, isBodyKeyed } from './keyed-body.ts';
import { hasPart } from './parts.ts';
import { NOT_CACHED } from './problem.ts';
import { useStored, weigh } from './reuse.ts';
import { DISK, FILL, RESPOND, type Step } from './step.ts';

/** Looks for a stored response that may be used (RFC 9111 section 4), and says in Cache-Status terms why there is none. */
export function lookup(x: Exchange): Step {
  const { trace } = x;
  if (trace === undefined) return find(x);
  const start = performance.now();
  const step = find(x);
  trace.lookedUp(start, step === RESPOND && x.problem === undefined);
  return step;
}

function find(x: Exchange): Step {
  if (!x.retrieval && isBodyKeyed(x)) return collectBody(x);
  if (!x.retrieval) return miss(x, x.contentLength !== 0 && x.method === 'GET' ? 'bypass' : 'method');
  const { cache } = x.context;
  x.now = cacheNow();
  if (!setKey(x)) return RESPOND;
  let id = cache.lookup(x.key);
  if (id === 0) return below(x, 'uri-miss');
  if (cache.word(id, USER_FLAGS) !== 0) {
    id = behindFlags(x, id);
    if (id === 0) return below(x, 'vary-miss');
  }
  const isFresh = x.now < cache.word(id, USER_FRESH_UNTIL);
  if (x.validated || (isFresh && (x.host.plan.simple || !x.mayDirect()))) return useStored(x, id);
  const step = weigh(x, id);
  return step === FILL ? miss(x, isFresh ? 'request' : 'stale') : step;
}

/** Keys hold bytes; a target with other characters can only be refused. */
function setKey(x: Exchange): boolean {
  if (!x.host.plan.simple) applyKeyPlan(x);
  try {
    x.key.set(x.host.prefix, x.target, x.keyParts);
    return true;
  } catch {
    x.problem = NOT_ASCII;
    return false;
  }
}

/** What the configuration makes of target and fields is keyed, and is what the origin is asked for. */
function applyKeyPlan(x: Exchange): void {
  if (x.attempts > 0 || x.isPlanned) return;
  x.isPlanned = true;
  const { key } = x.policyOf();
  let parts = '';
  if (key !== undefined) {
    x.target = key.target(x.path, x.query);
    parts = key.parts((name) => x.field(name), key.needsAddress ? x.clientAddress() : '');
    x.applyKeyPlan(key);
  }
  if (x.body !== undefined) parts += bodyPart(x.method, x.field('content-type'), x.field('content-encoding'), x.body);
  if (x.rules?.request !== undefined) parts += editPart(x.rules.request);
  x.keyParts = keyParts(parts);
}

/** The response that an entry with flags leads to, 0 for none. */
function behindFlags(x: Exchange, first: number): number {
  const { cache, stored } = x.context;
  const isMarker = (cache.word(first, USER_FLAGS) & FLAG_VARY_MARKER) !== 0;
  const id = isMarker ? lookupVariant(x, stored.of(first).meta) : first;
  // stored while lb was to recode it for each client
  if (id === 0 || (cache.word(id, USER_FLAGS) & FLAG_CODED) === 0 || compressionOf(x) !== undefined) return id;
  cache.unpin();
  cache.remove(x.key);
  return 0;
}

function lookupVariant(x: Exchange, marker: StoredMeta): number {
  x.marker = marker;
  const fields = marker.vary ?? [];
  const isEncoding = fields.length === 1 && fields[0] === 'accept-encoding';
  const selecting = x.headers ?? (isEncoding ? firstLine(x, fields[0]) : x.readHeaders());
  x.key.set(x.host.prefix, x.target, x.keyParts + variantName(marker.variant ?? '', fields, selecting));
  return x.context.cache.lookup(x.key);
}

/**
 * Accept-Encoding without reading all headers. Where it comes in several lines only the first counts here, which finds
 * something the client takes; before anything is fetched, the variant is worked out again from all lines.
 */
function firstLine(x: Exchange, name: string): HeaderList {
  const value = x.request.header(name);
  return value === '' ? [] : [name, value];
}

/** Memory does not have it: a disk may. */
function below(x: Exchange, reason: keyof typeof FORWARDED): Step {
  if (x.context.disks === undefined || !x.disk.find(x)) return miss(x, reason);
  x.validated = false;
  x.cacheStatus = FORWARDED[reason];
  return DISK;
}

function miss(x: Exchange, reason: keyof typeof FORWARDED): Step {
  x.context.cache.unpin();
  if (x.problem !== undefined) return RESPOND;
  x.validated = false;
  x.disk.status = '';
  x.cacheStatus = FORWARDED[reason];
  x.bypass ||= reason === 'method' || reason === 'bypass';
  if (x.failure !== undefined) {
    x.problem = x.failure;
    return RESPOND;
  }
  if (x.mayDirect() && reason !== 'method' && x.clientDirectives()?.onlyIfCached === true && !hasPart(x)) {
    x.problem = NOT_CACHED;
    x.cacheStatus = 'lb; detail=only-if-cached';
    return RESPOND;
  }
  // known not to be cacheable: nobody waits for anybody
  if (!x.bypass && x.context.uncacheable.has(x.key, x.now)) {
    x.bypass = true;
    x.cacheStatus += '; detail=hit-for-miss';
  }
  return FILL;
}

const FORWARDED = {
  method: 'lb; fwd=method',
  bypass: 'lb; fwd=bypass',
  'uri-miss': 'lb; fwd=uri-miss',
  'vary-miss': 'lb; fwd=vary-miss',
  stale: 'lb; fwd=stale',
  request: 'lb; fwd=request',
};
