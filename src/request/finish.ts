import type { WafResult } from '../guard/inspection.ts';
import { requestId } from '../http/request-id.ts';
import { requestSlot, SLOT } from '../stats/counters.ts';
import { type AccessLogWriter, CACHE_RESULT } from '../stats/log-ring.ts';
import { keepDictionary } from './coding.ts';
import { type Exchange, TIMED_EVERY } from './exchange.ts';
import type { Outcome } from './outcome.ts';
import { OVER, type Step } from './step.ts';
import { endTrace } from './trace.ts';

const HIT_SLOT = requestSlot('GET', 200);

const OUTCOME_SLOT: Record<Outcome, number> = {
  none: -1,
  hit: SLOT.cacheHits,
  miss: SLOT.cacheMisses,
  stale: SLOT.cacheStale,
  pass: SLOT.cachePasses,
  collapsed: SLOT.cacheCollapsed,
  revalidated: SLOT.cacheMisses,
};

const OUTCOME_LOG: Record<Outcome, number> = {
  none: CACHE_RESULT.NONE,
  hit: CACHE_RESULT.HIT,
  miss: CACHE_RESULT.MISS,
  stale: CACHE_RESULT.STALE,
  pass: CACHE_RESULT.PASS,
  collapsed: CACHE_RESULT.COLLAPSED,
  revalidated: CACHE_RESULT.REVALIDATED,
};

const WAF_LOG: Record<WafResult, number> = { none: 0, passed: 1, would_block: 2, blocked: 3, response_blocked: 3 };

/** Counts and logs the request and lets go of all that it held. */
export function finish(x: Exchange): Step {
  const { cache, counters, log } = x.context;
  cache.unpin();
  x.rest?.abort();
  if (x.dictionary !== undefined) keepDictionary(x, x.dictionary);
  x.releasePins();
  if (x.rows !== undefined) x.releaseRows();
  if (x.held !== undefined) x.held.discard();
  x.inspection?.requestOver();
  const slot = x.method === 'GET' && x.status === 200 ? HIT_SLOT : requestSlot(x.method, x.status);
  counters.add(x.line, slot, 1);
  counters.add(x.line, SLOT.responseBytes, x.reply.offset);
  const outcome = OUTCOME_SLOT[x.outcome];
  if (outcome >= 0) counters.add(x.line, outcome, 1);
  if (x.aborted) counters.add(x.line, SLOT.clientAborts, 1);
  if (x.contentLength > 0) counters.add(x.line, SLOT.requestBytes, x.contentLength);
  if ((x.sampled || x.detached) && x.tunnel === undefined) observe(x);
  if (x.isLogged && log !== undefined) writeLog(x, log);
  if (x.trace !== undefined) endTrace(x);
  return OVER;
}

function observe(x: Exchange): void {
  const seconds = (performance.now() - x.started) / 1000;
  x.context.counters.observe(x.line, SLOT.requestDuration, seconds, x.detached ? 1 : TIMED_EVERY);
}

function writeLog(x: Exchange, log: AccessLogWriter): void {
  const { record } = log;
  const duration = x.started === 0 ? 0 : performance.now() - x.started;
  record.time = Date.now() - duration;
  record.status = x.status;
  record.method = x.method;
  record.bytes = x.tunnel === undefined ? x.reply.offset : x.tunnel.sent;
  record.duration = duration;
  record.cache = OUTCOME_LOG[x.outcome];
  record.waf = x.inspection === undefined ? 0 : WAF_LOG[x.inspection.result];
  record.note = x.note;
  record.site = x.line === x.context.unrouted ? -1 : x.host.plan.index;
  record.client = x.address;
  record.host = x.hostField;
  record.path = x.clientPath();
  record.requestId = x.requestId === '' ? requestId(x.field('x-request-id') || undefined) : x.requestId;
  record.userAgent = x.field('user-agent');
  log.write(record);
}
