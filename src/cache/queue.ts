/** Doubly linked lists of entries, threaded through E_PREV and E_NEXT; an entry is in at most one. Under the lock. */
import { type Arena, E_NEXT, E_PREV, H_QUEUES, ID_MASK } from './layout.ts';

const HIGH = ~ID_MASK;
const HEAD = 0;
const TAIL = 1;
const COUNT = 2;
const UNITS = 3;

/** 0 when the entry is in no queue. */
export function queueOf(a: Arena, id: number): number {
  return (a.words[a.entry(id) + E_PREV] >>> 24) & 7;
}
export function headOf(a: Arena, kind: number): number {
  return a.words[H_QUEUES + 4 * kind + HEAD];
}
export function tailOf(a: Arena, kind: number): number {
  return a.words[H_QUEUES + 4 * kind + TAIL];
}
export function countOf(a: Arena, kind: number): number {
  return a.words[H_QUEUES + 4 * kind + COUNT];
}
/** 64-byte units of storage of the entries in the queue. */
export function unitsIn(a: Arena, kind: number): number {
  return a.words[H_QUEUES + 4 * kind + UNITS];
}
export function nextOf(a: Arena, id: number): number {
  return a.words[a.entry(id) + E_NEXT] & ID_MASK;
}
export function prevOf(a: Arena, id: number): number {
  return a.words[a.entry(id) + E_PREV] & ID_MASK;
}

/** Empties the queue's header (rebuild). */
export function resetQueue(a: Arena, kind: number): void {
  a.words.fill(0, H_QUEUES + 4 * kind, H_QUEUES + 4 * kind + 4);
}

/** Puts an entry that is in no queue at the head. */
export function pushHead(a: Arena, kind: number, id: number, units: number): void {
  const words = a.words;
  const q = H_QUEUES + 4 * kind;
  const e = a.entry(id);
  const head = words[q + HEAD];
  words[e + E_PREV] = (words[e + E_PREV] & 0xf800_0000) | (kind << 24);
  words[e + E_NEXT] = (words[e + E_NEXT] & HIGH) | head;
  a.kill?.('queue.push');
  if (head === 0) words[q + TAIL] = id;
  else {
    const h = a.entry(head) + E_PREV;
    words[h] = (words[h] & HIGH) | id;
  }
  words[q + HEAD] = id;
  words[q + COUNT]++;
  words[q + UNITS] += units;
}

/** Takes an entry out of its queue; `units` as given to `pushHead`. */
export function unlink(a: Arena, id: number, units: number): void {
  const words = a.words;
  const e = a.entry(id);
  const q = H_QUEUES + 4 * queueOf(a, id);
  const prev = words[e + E_PREV] & ID_MASK;
  const next = words[e + E_NEXT] & ID_MASK;
  if (prev === 0) words[q + HEAD] = next;
  else {
    const p = a.entry(prev) + E_NEXT;
    words[p] = (words[p] & HIGH) | next;
  }
  a.kill?.('queue.unlink');
  if (next === 0) words[q + TAIL] = prev;
  else {
    const n = a.entry(next) + E_PREV;
    words[n] = (words[n] & HIGH) | prev;
  }
  words[q + COUNT]--;
  words[q + UNITS] -= units;
  words[e + E_PREV] &= 0xf800_0000;
  words[e + E_NEXT] &= HIGH;
}

/** Moves an entry from its queue to the head of `kind`. */
export function moveTo(a: Arena, kind: number, id: number, units: number): void {
  unlink(a, id, units);
  pushHead(a, kind, id, units);
}
