import { cacheNow } from '../base/clock.ts';
import { HARD_BAN, NO_BAN } from '../cache/cache.ts';
import { codingTerms } from '../compress/terms.ts';
import { DiskFault } from '../disk/fault.ts';
import type { DiskRecord } from '../disk/record.ts';
import { claimLoad, findOnDisk, isWorthMemory, loadLater, loadNow } from '../fill/disk-load.ts';
import type { FlightClient } from '../fill/flights.ts';
import { PROXY_NAME, parseTail } from '../fill/head.ts';
import { SLOT } from '../stats/counters.ts';
import { admit } from './admit.ts';
import { compressionOf } from './coding.ts';
import { DiskBody } from './disk-body.ts';
import type { Exchange } from './exchange.ts';
import { FOLLOW, LOOKUP, RESPOND, type Step, WAIT } from './step.ts';

const NOBODY: FlightClient = { onFlight() {} };

const HIT = `${PROXY_NAME}; hit; detail=disk`;

/**
 * Answers from a disk what memory does not have. What is fresh goes from the disk to the client. Small bodies that are worth it
 * are brought into memory instead, and looked up there once more; so is whatever cannot go out just as it is.
 */
export function disk(x: Exchange): Step {
  const { record } = x.disk;
  x.disk.record = undefined;
  if (record === undefined) return ask(x);
  if (!record.isSmall) return serveLarge(x, record);
  if (x.disk.key === x.key && !isWorthMemory(x.context, x.key, record)) {
    const step = serveSmall(x, record);
    if (step !== undefined) return step;
  }
  const isLoaded = loadNow(x.context, x.disk.key, record);
  if (isLoaded === undefined) return load(x, record);
  if (isLoaded) found(x);
  return LOOKUP;
}

/** Undefined where it is to take the way over memory. */
function serveSmall(x: Exchange, record: DiskRecord): Step | undefined {
  try {
    if (!record.openNow()) return load(x, record);
    // the way over memory tells by the purges in the log what they are about
    if (record.sequence - x.context.cache.purgeSequence() < 0) return undefined;
    const body = new DiskBody(x, record, record.body());
    return isPlain(x, record, body) ? answer(x, body) : undefined;
  } catch (error) {
    record.close();
    if (!(error instanceof DiskFault)) throw error;
    return LOOKUP;
  }
}

function found(x: Exchange): void {
  x.disk.status = HIT;
  x.context.counters.add(x.line, SLOT.diskHits, 1);
}

/** The disk still reads its index, and is asked for this key alone. */
function ask(x: Exchange): Step {
  const { lo, hi } = x.disk.key;
  const { disks } = x.context;
  const asked = disks?.reader.loading(x.disk.key) ?? -1;
  if (disks === undefined || asked < 0) return LOOKUP;
  if (!admit(x)) return RESPOND;
  x.detach();
  x.disk.cancel = disks.ask(asked, lo, hi, () => {
    x.disk.cancel = undefined;
    x.proceed(LOOKUP);
  });
  return WAIT;
}

/** Brings the entry into memory, unless somebody does so, or fetches it, already. */
function load(x: Exchange, record: DiskRecord): Step {
  if (!admit(x)) {
    record.close();
    return RESPOND;
  }
  const { cache, flights } = x.context;
  const claim = claimLoad(x.context, x.disk.key, record);
  if (claim.id === 0) return LOOKUP;
  x.detach();
  const flight = flights.enter(claim);
  flight.clients.add(x);
  x.flight = flight;
  if (!claim.leader) {
    x.outcome = 'collapsed';
    return FOLLOW;
  }
  const isStored = cache.lookup(x.disk.key) !== 0;
  cache.unpin();
  if (isStored) {
    record.close();
    flights.standDown(flight);
    x.leaveFlight();
    return LOOKUP;
  }
  found(x);
  loadLater(x.context, flight, x.disk.key, record);
  return WAIT;
}

function serveLarge(x: Exchange, record: DiskRecord): Step {
  try {
    if (record.openNow()) return begin(x, record);
  } catch (error) {
    record.close();
    if (!(error instanceof DiskFault)) throw error;
    return LOOKUP;
  }
  if (!admit(x)) {
    record.close();
    return RESPOND;
  }
  x.detach();
  let isGone = false;
  x.disk.cancel = () => {
    isGone = true;
    record.close();
  };
  const goOn = (step: () => Step): void => {
    if (isGone) return;
    x.disk.cancel = undefined;
    x.attempt(() => x.proceed(step()));
  };
  record.open().then(
    () => goOn(() => begin(x, record)),
    (error: unknown) => {
      if (!(error instanceof DiskFault)) x.context.onBug(error as Error);
      goOn(() => {
        record.close();
        return LOOKUP;
      });
    },
  );
  return WAIT;
}

/** The head is there. */
function begin(x: Exchange, record: DiskRecord): Step {
  x.now = cacheNow();
  const body = new DiskBody(x, record);
  if (!isPlain(x, record, body) || isPurged(x, record)) {
    body.release();
    return useMemory(x);
  }
  // should a block turn out to be damaged before anything has left, the origin is asked
  if (!admit(x)) {
    body.release();
    return RESPOND;
  }
  return answer(x, body);
}

function answer(x: Exchange, body: DiskBody): Step {
  x.disk.body = body;
  x.view = body.view;
  x.entry = 0;
  x.outcome = 'hit';
  x.cacheStatus = HIT;
  x.context.counters.add(x.line, SLOT.diskHits, 1);
  return RESPOND;
}

/** Whether it goes out as it is: fresh, for a client that has no say, and not coded on its way. */
function isPlain(x: Exchange, { prelude, length }: DiskRecord, { view }: DiskBody): boolean {
  const [freshUntil, , flags] = prelude.userWords;
  // parts of it are not the resource
  if (x.disk.key !== x.key) return false;
  if (flags !== 0 || x.now >= freshUntil || (!x.host.plan.simple && x.mayDirect())) return false;
  const config = x.host.plan.compression === undefined ? undefined : compressionOf(x);
  if (config === undefined) return true;
  const { mayEncode, stored } = codingTerms(config, view.meta.status, parseTail(view.tail), length);
  return !mayEncode && stored === 'identity';
}

/** Whether a purge that the disk has not applied yet concerns it. Where that cannot be told it counts as purged. */
function isPurged({ context: { cache, flights }, key }: Exchange, { sequence, prelude }: DiskRecord): boolean {
  if (sequence - cache.purgeSequence() >= 0) return false;
  const claim = cache.claim(key);
  if (claim.id === 0) return true;
  const flight = flights.enter(claim);
  const verdict = claim.leader ? cache.verdictSince(claim.id, sequence, prelude.tags) : HARD_BAN;
  if (claim.leader) flights.standDown(flight);
  flights.leave(flight, NOBODY);
  return verdict !== NO_BAN;
}

/** What is stale, or is to be made into something else, is brought into memory: once, should that have no room for it. */
function useMemory(x: Exchange): Step {
  const record = findOnDisk(x.context, x.disk.key);
  x.disk.giveUp();
  return record === undefined ? LOOKUP : load(x, record);
}
