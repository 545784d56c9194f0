import { createHmac, randomBytes } from 'node:crypto';

/** Counters of addresses in each of two rows; an address has one in each, and the smaller one counts. */
const BUCKETS = 1 << 16;

/** Words: the total of each thread, ports with their number in front, then the two rows. */
const MAX_THREADS = 64;
const MAX_PORTS = 15;
const PORTS = MAX_THREADS;
const ROWS = PORTS + 1 + MAX_PORTS;
const KEY_BYTES = 16;
const KEY = (ROWS + 2 * BUCKETS) * 4;

/** Memory for the connections of all threads. Pages that are never counted in take none. */
export function createConnectionCounts(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(KEY + KEY_BYTES);
  // secret: nobody outside can find addresses that share a counter
  new Uint8Array(memory, KEY).set(randomBytes(KEY_BYTES));
  return memory;
}

/**
 * Numbers of connections that all threads share: exact in all; by address an estimate that is never too low while closes
 * are told, since addresses may share a counter.
 */
export class ConnectionCounts {
  readonly #words: Int32Array;
  readonly #key: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, ROWS + 2 * BUCKETS);
    this.#key = new Uint8Array(memory, KEY);
  }

  /** Connections of all threads. */
  total(): number {
    let sum = 0;
    for (let thread = 0; thread < MAX_THREADS; thread++) sum += Atomics.load(this.#words, thread);
    return sum;
  }

  add(thread: number, change: 1 | -1): void {
    Atomics.add(this.#words, thread, change);
  }

  /** A thread is gone, and its connections with it. Which addresses they were of is not known: those begin anew. */
  forget(thread: number): void {
    Atomics.store(this.#words, thread, 0);
    for (let i = ROWS; i < this.#words.length; i++) if (this.#words[i] !== 0) Atomics.store(this.#words, i, 0);
  }

  /** Ports on which clients connect, for a census. */
  setPorts(ports: readonly number[]): void {
    const some = ports.slice(0, MAX_PORTS);
    for (const [i, port] of some.entries()) Atomics.store(this.#words, PORTS + 1 + i, port);
    Atomics.store(this.#words, PORTS, some.length);
  }

  ports(): number[] {
    const length = Atomics.load(this.#words, PORTS);
    return Array.from({ length }, (_, i) => Atomics.load(this.#words, PORTS + 1 + i));
  }

  /** Counts a connection of an address. @returns the number with it */
  open(address: string): number {
    const [a, b] = this.#bucketsOf(address);
    return Math.min(Atomics.add(this.#words, a, 1), Atomics.add(this.#words, b, 1)) + 1;
  }

  close(address: string): void {
    for (const bucket of this.#bucketsOf(address)) {
      // after `forget` there may be none to take away
      if (Atomics.sub(this.#words, bucket, 1) <= 0) Atomics.add(this.#words, bucket, 1);
    }
  }

  count(address: string): number {
    const [a, b] = this.#bucketsOf(address);
    return Math.min(Atomics.load(this.#words, a), Atomics.load(this.#words, b));
  }

  /** Puts the counts right by what `take` brings: an address for each connection that stands. */
  correct(take: () => Iterable<string>): void {
    const before = this.#words.slice(ROWS);
    const truth = new Int32Array(2 * BUCKETS);
    for (const address of take()) for (const bucket of this.#bucketsOf(address)) truth[bucket - ROWS]++;
    for (let i = 0; i < truth.length; i++) {
      // what was opened meanwhile stays on top
      if (truth[i] !== before[i]) Atomics.add(this.#words, ROWS + i, truth[i] - before[i]);
    }
  }

  #bucketsOf(address: string): [number, number] {
    const hash = createHmac('md5', this.#key).update(networkOf(address)).digest();
    return [ROWS + hash.readUInt16LE(0), ROWS + BUCKETS + hash.readUInt16LE(2)];
  }
}

/** What counts as one address: IPv4 as it is, of IPv6 the first 64 bits, which one client has all of. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head, tail = ''] = address.split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  while (address.includes('::') && groups.length + last.length < 8) groups.push('0');
  const first = [...groups, ...last].slice(0, 4);
  return `${first.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::`;
}
