/**
 * After a worker's death: its pins return, its flights break, and when it died inside a critical section the shared
 * structures are rebuilt.
 */
import { removeLive, slotHeader, stateOf } from './entries.ts';
import type { Landing } from './landing.ts';
import {
  type Arena,
  BROKEN,
  DOUBTS,
  E_NEXT,
  E_PINS,
  FREE,
  H_DEAD_HI,
  H_DEAD_LO,
  H_DOUBTS,
  H_HIGH_WATER,
  H_LOCK,
  LIVE,
  Q_FLIGHT,
  S_WAIT_HI,
  S_WAIT_LO,
  STREAMING,
  W_HELD,
  WAITING,
} from './layout.ts';
import { acquireWithin, release, takeOver } from './lock.ts';
import { hazardOf, ledgerOf } from './pin.ts';
import { headOf, nextOf } from './queue.ts';
import { rebuild } from './rebuild.ts';
import type { Slab } from './slab.ts';

export interface Recovery {
  /** Workers that joined flights which broke: ids 0..31, 32..62. */
  waitersLo: number;
  waitersHi: number;
  /**
   * False: another worker holds the lock for too long, most likely dead too. The recovery is noted and is done by the next call for
   * any worker; the id must not be used before.
   */
  done: boolean;
}

/** Critical sections are far shorter; the main thread must not stand still for longer. */
const PATIENCE_MS = 50;

/** Main only. Recovers worker `dead`, and whoever else is noted as dead and could not be recovered so far. */
export function recover(a: Arena, slab: Slab, landing: Landing, dead: number): Recovery {
  const { words } = a;
  words[dead < 32 ? H_DEAD_LO : H_DEAD_HI] |= 1 << (dead & 31);
  const recovery: Recovery = { waitersLo: 0, waitersHi: 0, done: true };
  const workers = deadWorkers(a);
  const holder = workers.find((worker) => takeOver(a, worker));
  if (holder === undefined && !acquireWithin(a, PATIENCE_MS)) return { ...recovery, done: false };
  for (const worker of workers) {
    collectWaiters(a, worker, recovery);
    returnPins(a, worker);
  }
  if (holder !== undefined) rebuild(a, slab, holder);
  for (const worker of workers) breakFlights(a, landing, worker);
  words[H_DEAD_LO] = 0;
  words[H_DEAD_HI] = 0;
  resolveDoubts(a, slab);
  release(a);
  // A release may have woken just the worker that died, which then passed it on to nobody.
  Atomics.notify(words, H_LOCK);
  return recovery;
}

function deadWorkers(a: Arena): number[] {
  const workers: number[] = [];
  for (let worker = 1; worker <= a.workers; worker++) {
    const mask = a.words[worker < 32 ? H_DEAD_LO : H_DEAD_HI];
    if ((mask & (1 << (worker & 31))) !== 0) workers.push(worker);
  }
  return workers;
}

/** By the entry table, since the queues may be in pieces. */
function collectWaiters(a: Arena, worker: number, recovery: Recovery): void {
  for (let id = 1; id <= a.words[H_HIGH_WATER]; id++) {
    if (!isFlightOf(a, id, worker)) continue;
    recovery.waitersLo |= a.words[slotHeader(a, id) + S_WAIT_LO];
    recovery.waitersHi |= a.words[slotHeader(a, id) + S_WAIT_HI];
  }
}

function isFlightOf(a: Arena, id: number, worker: number): boolean {
  const state = stateOf(a, id);
  return (state === WAITING || state === STREAMING) && a.words[a.entry(id) + E_NEXT] >>> 24 === worker;
}

function returnPins(a: Arena, worker: number): void {
  const { words } = a;
  const hazard = hazardOf(a, worker);
  const ledger = ledgerOf(a, worker);
  for (let line = 0; line < a.ledgerSize; line++) {
    const id = words[ledger + line];
    if (id > 0) Atomics.sub(words, a.entry(id) + E_PINS, 1);
    // It died while changing this count: before or after, nobody knows.
    else if (id < 0) doubt(a, -id);
    words[ledger + line] = 0;
  }
  words[hazard + W_HELD] = 0;
  Atomics.store(words, hazard, 0);
}

function breakFlights(a: Arena, landing: Landing, worker: number): void {
  for (let id = headOf(a, Q_FLIGHT); id !== 0; ) {
    const next = nextOf(a, id);
    if (isFlightOf(a, id, worker)) landing.land(id, BROKEN);
    id = next;
  }
}

/** When the list is full the entry stays pinned by nobody for ever: a leak, never a wrong byte. */
function doubt(a: Arena, id: number): void {
  for (let at = H_DOUBTS; at < H_DOUBTS + DOUBTS; at++) {
    if (a.words[at] !== 0) continue;
    a.words[at] = id;
    return;
  }
}

/**
 * Sets right the pin counts in doubt, by counting ledger lines. The entry is taken out of service first: then, under the
 * lock and with nobody about to pin it, its pins only fall, so an unchanged count before and after is exact. Entries for
 * which that cannot be had now stay on the list.
 */
export function resolveDoubts(a: Arena, slab: Slab): void {
  const { words } = a;
  for (let at = H_DOUBTS; at < H_DOUBTS + DOUBTS; at++) {
    const id = words[at];
    if (id === 0) continue;
    if (stateOf(a, id) === LIVE) removeLive(a, slab, id);
    if (stateOf(a, id) !== FREE && !settle(a, id)) continue;
    words[at] = 0;
  }
}

function settle(a: Arena, id: number): boolean {
  const { words } = a;
  const pins = a.entry(id) + E_PINS;
  const before = Atomics.load(words, pins);
  let counted = 0;
  for (let worker = 0; worker <= a.workers; worker++) {
    if (Atomics.load(words, hazardOf(a, worker)) === id) return false;
    const ledger = ledgerOf(a, worker);
    for (let line = 0; line < a.ledgerSize; line++) {
      const held = Atomics.load(words, ledger + line);
      if (held === -id) return false;
      if (held === id) counted++;
    }
  }
  if (Atomics.load(words, pins) !== before) return false;
  Atomics.sub(words, pins, before - counted);
  return true;
}
