/** The cache: its public surface. Semantics stand at each method. */

/** Entry words open to the caller, for `word` and `setWord`; plain int32, atomic access. */
export const USER_FRESH_UNTIL = 13;
export const USER_BORN = 14;
export const USER_FLAGS = 15;
export const USER_AUX = 5;

/** States of a flight, as told by `flightState`, and outcomes for `finish`. */
export const WAITING = 1;
export const STREAMING = 2;
export const DONE = 3;
export const RELEASED = 5;
export const REFRESHED = 6;
export const FAILED = 7;
export const BROKEN = 8;

export type FlightState =
  | typeof WAITING
  | typeof STREAMING
  | typeof DONE
  | typeof RELEASED
  | typeof REFRESHED
  | typeof FAILED
  | typeof BROKEN;
export type Outcome = typeof DONE | typeof RELEASED | typeof REFRESHED | typeof FAILED | typeof BROKEN;

/** User words in the order freshUntil, born, flags, aux. */
export type UserWords = ArrayLike<number>;

export interface CacheOptions {
  /** Bytes; a hard limit on everything. */
  memory: number;
  /** Edge threads, 1 to 62; the main thread is worker 0 beside them. */
  workers: number;
  eviction: 's3fifo' | 'lru';
  /** Bytes of the largest body. */
  maxObject?: number;
  /** 8 bytes keying the hash; random by default. */
  secret?: Uint8Array;
}

export interface Claim {
  /** 0: no entry could be had, pass through uncached. */
  id: number;
  /** Of the long pin; -1 when id is 0. */
  handle: number;
  leader: boolean;
}

export interface PurgeSpec {
  /** -1: any site. */
  site: number;
  /** Lowercase; '': any host. */
  host: string;
  /** Exact target, or with `*` wildcards anywhere. */
  pattern: string;
  soft: boolean;
}

/** The constant part of a key: one per site, host and method class. */
export class KeyPrefix {
  readonly bytes: Uint8Array;
  readonly site: number;
  readonly host: string;
  constructor(bytes: Uint8Array, site: number, host: string) {
    this.bytes = bytes;
    this.site = site;
    this.host = host;
  }
}

/** A reusable key: `set` computes the hash. */
export class CacheKey {
  prefix: KeyPrefix | null = null;
  target = '';
  variant = '';
  lo = 0;
  hi = 0;
  /** target: path[?query]; variant: '' or secondary key; latin1, a character over 255 throws RangeError. */
  set(prefix: KeyPrefix, target: string, variant: string): this {
    this.prefix = prefix;
    this.target = target;
    this.variant = variant;
    return this;
  }
}

interface Row {
  key: string;
  head: Uint8Array;
  meta: Uint8Array;
  parts: Uint8Array[];
  state: number;
  words: number[];
  waiters: number;
}
interface State {
  rows: Row[];
  live: Map<string, number>;
  flights: Map<string, number>;
  bans: number;
}
const states = new WeakMap<SharedArrayBuffer, State>();
const EMPTY = new Uint8Array(0);
const nameOf = (key: CacheKey) =>
  `${Buffer.from(key.prefix?.bytes ?? EMPTY).toString('hex')}|${key.target}|${key.variant}`;

export function createCache(options: CacheOptions): SharedArrayBuffer {
  const sab = new SharedArrayBuffer(Math.min(options.memory, 4096));
  states.set(sab, { rows: [], live: new Map(), flights: new Map(), bans: 0 });
  return sab;
}

export function openCache(sab: SharedArrayBuffer, workerId: number): Cache {
  return new Cache(sab, workerId);
}

export class Purge {
  readonly #state: State;
  constructor(state: State) {
    this.#state = state;
  }
  /** Main only. From its return on every lookup and join on every thread obeys. Returns the purge sequence. */
  add(_spec: PurgeSpec): number {
    this.#state.live.clear();
    this.#state.flights.clear();
    this.#state.bans++;
    return this.#state.bans;
  }
  /** Main only: walks a slice of the table, applying bans; old bans retire. */
  sweep(_budgetEntries: number): void {}
}

export class Cache {
  readonly workerId: number;
  readonly purge: Purge;
  readonly #state: State;

  constructor(sab: SharedArrayBuffer, workerId: number) {
    const state = states.get(sab);
    if (state === undefined) throw new Error('not a cache of this thread');
    this.#state = state;
    this.workerId = workerId;
    this.purge = new Purge(state);
  }
  prefix(bytes: Uint8Array, site: number, host: string): KeyPrefix {
    return new KeyPrefix(bytes, site, host);
  }
  #row(id: number): Row {
    return this.#state.rows[id - 1];
  }
  #add(key: CacheKey, state: number): number {
    const row = { key: nameOf(key), head: EMPTY, meta: EMPTY, parts: [], state, words: [0, 0, 0, 0], waiters: 0 };
    return this.#state.rows.push(row);
  }
  lookup(key: CacheKey): number {
    return this.#state.live.get(nameOf(key)) ?? 0;
  }
  unpin(): void {}
  hold(id: number): number {
    return id;
  }
  drop(_handle: number): void {}
  generation(_id: number): number {
    return 1;
  }
  word(id: number, which: number): number {
    return this.#row(id).words[[13, 14, 15, 5].indexOf(which)];
  }
  setWord(id: number, which: number, value: number): void {
    this.#row(id).words[[13, 14, 15, 5].indexOf(which)] = value;
  }
  head(id: number): Uint8Array {
    return this.#row(id).head;
  }
  meta(id: number): Uint8Array {
    return this.#row(id).meta;
  }
  bodyLength(id: number): number {
    return this.#row(id).parts.reduce((n, p) => n + p.length, 0);
  }
  /** The declared length, -1 while unknown. */
  totalLength(_id: number): number {
    return -1;
  }
  body(id: number, from: number): Uint8Array {
    return Buffer.concat(this.#row(id).parts).subarray(from);
  }
  claim(key: CacheKey): Claim {
    const flight = this.#state.flights.get(nameOf(key));
    const id = flight ?? this.#add(key, WAITING);
    this.#row(id).waiters |= 1 << this.workerId;
    this.#state.flights.set(nameOf(key), id);
    return { id, handle: id, leader: flight === undefined };
  }
  flightState(id: number): FlightState {
    return this.#row(id).state as FlightState;
  }
  open(id: number, head: Uint8Array, meta: Uint8Array, _length: number): boolean {
    Object.assign(this.#row(id), { head: head.slice(), meta: meta.slice(), state: STREAMING });
    return true;
  }
  append(id: number, chunk: Uint8Array): boolean {
    this.#row(id).parts.push(chunk.slice());
    return true;
  }
  finish(id: number, outcome: Outcome, key?: CacheKey, words?: UserWords): boolean {
    const row = this.#row(id);
    row.state = outcome;
    if (words) row.words = Array.from(words);
    this.#state.flights.delete(row.key);
    if (outcome === DONE) this.#state.live.set(key ? nameOf(key) : row.key, id);
    return true;
  }
  put(key: CacheKey, head: Uint8Array, meta: Uint8Array, body: Uint8Array, words: UserWords, _seq?: number): number {
    const id = this.#add(key, DONE);
    Object.assign(this.#row(id), { head: head.slice(), meta: meta.slice(), parts: [body.slice()] });
    this.#row(id).words = Array.from(words);
    this.#state.live.set(nameOf(key), id);
    return id;
  }
  /** A copy of a LIVE entry with another head and meta, replacing it. */
  replaceHead(id: number, key: CacheKey, head: Uint8Array, meta: Uint8Array, words: UserWords): number {
    return this.put(key, head, meta, this.body(id, 0), words);
  }
  /** Masks of the workers that wait on a flight: ids 0..31, 32..62. */
  waiters(id: number): [lo: number, hi: number] {
    return [this.#row(id).waiters, 0];
  }
  /** The current purge sequence, for `put`. */
  purgeSequence(): number {
    return this.#state.bans;
  }
  remove(key: CacheKey): boolean {
    return this.#state.live.delete(nameOf(key));
  }
  recover(_workerId: number): { waitersLo: number; waitersHi: number } {
    return { waitersLo: 0, waitersHi: 0 };
  }
  audit(): void {}
  stats(): Record<string, number> {
    return { objects: this.#state.live.size };
  }
  objectsOfSite(_site: number): number {
    return this.#state.live.size;
  }
}
