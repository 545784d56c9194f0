// A ring of access records in a SharedArrayBuffer, one writer (an edge thread) and one reader (the main thread).
//
//   header   64 bytes of Int32, one cache line: head, dropped, then unused    written by the writer
//   header   64 bytes of Int32, one cache line: tail, parked, streamed, then unused   written by the reader
//   records  a power of two of bytes
//
// head and tail count bytes modulo 2^32; both are multiples of 8. A record never wraps: where it does not fit before
// the end of the ring, a length of 0 sends the reader back to the beginning. Record, at an 8-byte boundary:
//
//   0 Int32 bytes of the record | 4 Uint16 status | 6 Uint8 method | 7 Uint8 cache result, with 128 where not for the log, 64 where streamed, 16 x WAF result
//   8 Float64 time, ms since 1970 | 16 Float64 body bytes | 24 Float32 duration, ms | 28 Int32 site
//   32 Int32 note of the addons (base/guard-note.ts) | 36 Uint16 x 5 lengths of the strings: client, host, path, request id,
//   user agent | 46 strings, UTF-8
//
// The writer publishes with Atomics.store(head) after plain stores, and the reader frees with Atomics.store(tail) after
// its reads: both are sequentially consistent, so neither sees bytes of the other's future. A writer that dies inside
// a record never published it; its successor starts at the same head.

const HEAD = 0;
const DROPPED = 1;
const TAIL = 16;
const PARKED = 17;
/** The part of requests that somebody listens for, in parts of `WHOLE`; read by the writer at each request. */
const STREAMED = 18;
const WHOLE = 65_536;
/** Bits of the cache result's byte: the log has no use for the record; those who listen have. */
const NOT_FOR_LOG = 128;
const FOR_STREAM = 64;
/** Two bits of that byte: what the firewall has made of the request. */
const WAF_SHIFT = 4;
const WAF_BITS = 3 << WAF_SHIFT;
const HEADER_BYTES = 128;

const RECORD_FIXED = 46;
const MAX_CLIENT = 64;
const MAX_HOST = 256;
const MAX_PATH = 4096;
const MAX_REQUEST_ID = 128;
const MAX_USER_AGENT = 512;
const MAX_RECORD =
  8 * Math.ceil((RECORD_FIXED + MAX_CLIENT + MAX_HOST + MAX_PATH + MAX_REQUEST_ID + MAX_USER_AGENT) / 8);
/** UTF-8 bytes that one UTF-16 unit can take. */
const UTF8_PER_UNIT = 3;

/** How the cache took part in an answer; append only, the index is the wire number. */
export const CACHE_RESULTS = ['NONE', 'HIT', 'MISS', 'STALE', 'PASS', 'COLLAPSED', 'REVALIDATED', 'ERROR'] as const;
export type CacheResult = (typeof CACHE_RESULTS)[number];

/** Wire number of a cache result, to be kept by the caller: `record.cache = CACHE_RESULT.HIT`. */
export const CACHE_RESULT: Readonly<Record<CacheResult, number>> = {
  NONE: 0,
  HIT: 1,
  MISS: 2,
  STALE: 3,
  PASS: 4,
  COLLAPSED: 5,
  REVALIDATED: 6,
  ERROR: 7,
};

/** What the firewall has made of a request; the index is the wire number. */
export const WAF_RESULTS = ['none', 'passed', 'would_block', 'blocked'] as const;

// Append only, the index is the wire number; the first stands for any other method.
const METHODS = ['OTHER', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'CONNECT', 'TRACE', 'PROPFIND'];
const METHOD_CODES: ReadonlyMap<string, number> = new Map(METHODS.map((name, code) => [name, code]));

/** One answered request. A writer keeps one of these and fills it in anew each time, so that none is allocated. */
export interface AccessRecord {
  /** Milliseconds since 1970, when the request arrived. */
  time: number;
  status: number;
  method: string;
  /** Body bytes sent. */
  bytes: number;
  /** Milliseconds from the request head to the end of the answer. */
  duration: number;
  /** One of `CACHE_RESULT`. */
  cache: number;
  /** Index in `WAF_RESULTS`. */
  waf: number;
  /** What addons have found out about the client, as `base/guard-note.ts` has it; 0 for nothing. */
  note: number;
  /** Index of the site. */
  site: number;
  client: string;
  host: string;
  /** May carry a query; it is cut off before it is written. */
  path: string;
  requestId: string;
  /** Empty when it is not to be logged. */
  userAgent: string;
  /** Set when read: it belongs into the log. */
  forLog: boolean;
  /** Set when read: it is for those who listen. */
  streamed: boolean;
}

export function emptyRecord(): AccessRecord {
  return {
    time: 0,
    status: 0,
    method: '',
    bytes: 0,
    duration: 0,
    cache: CACHE_RESULT.NONE,
    waf: 0,
    note: 0,
    site: 0,
    client: '',
    host: '',
    path: '',
    requestId: '',
    userAgent: '',
    forLog: true,
    streamed: false,
  };
}

/**
 * Makes a ring.
 * @param bytes room for records, rounded up to a power of two, at least 16 KB, at most 1 GB
 */
export function createLogRing(bytes: number): SharedArrayBuffer {
  const size = 2 ** Math.ceil(Math.log2(Math.min(Math.max(bytes, 16_384), 2 ** 30)));
  return new SharedArrayBuffer(HEADER_BYTES + size);
}

interface Views {
  readonly words: Int32Array;
  readonly buffer: Buffer;
  readonly records: DataView;
  readonly size: number;
}

function viewsOf(ring: SharedArrayBuffer): Views {
  const size = ring.byteLength - HEADER_BYTES;
  return {
    words: new Int32Array(ring, 0, HEADER_BYTES / 4),
    buffer: Buffer.from(ring, HEADER_BYTES, size),
    records: new DataView(ring, HEADER_BYTES, size),
    size,
  };
}

/** The edge thread's end. Never blocks: a record that does not fit is dropped and counted. */
export class AccessLogWriter {
  /** Scratch record for the caller to fill in and pass to `write`. */
  readonly record: AccessRecord = emptyRecord();
  readonly #views: Views;
  readonly #logs: boolean;
  readonly #log: Sampler;
  readonly #stream = new Sampler();

  /** @param sample share of requests to log, 0 to 1, or that the log is off; answers of 500 and over are always logged */
  constructor(ring: SharedArrayBuffer, sample: number | 'off' = 1) {
    this.#views = viewsOf(ring);
    this.#logs = sample !== 'off';
    this.#log = new Sampler(sample === 'off' ? 0 : sample);
  }

  /** Whether records are of use now: the log is on, or somebody listens. A plain load, so it may lag behind by a moment. */
  get wanted(): boolean {
    return this.#logs || this.#views.words[STREAMED] !== 0;
  }

  /** Writes one record; false when nobody wants it, sampling left it out or the ring was full. */
  write(record: AccessRecord): boolean {
    const { words, buffer, records, size } = this.#views;
    const always = record.status >= 500;
    const forLog = this.#logs && (this.#log.take() || always);
    const streamed = words[STREAMED] !== 0 && this.#isStreamed(words[STREAMED] / WHOLE);
    if (!forLog && !streamed) return false;
    const mark = record.path.indexOf('?');
    const path = mark < 0 ? record.path : record.path.slice(0, mark);
    const head = words[HEAD] >>> 0;
    const start = this.#reserve(head, maximumBytes(record, path));
    if (start < 0) {
      words[DROPPED]++;
      return false;
    }
    let at = start + RECORD_FIXED;
    at += this.#string(record.client, start + 36, at, MAX_CLIENT);
    at += this.#string(record.host, start + 38, at, MAX_HOST);
    at += this.#string(path, start + 40, at, MAX_PATH);
    at += this.#string(record.requestId, start + 42, at, MAX_REQUEST_ID);
    at += this.#string(record.userAgent, start + 44, at, MAX_USER_AGENT);
    const length = (at - start + 7) & ~7;
    records.setInt32(start, length, true);
    records.setUint16(start + 4, record.status, true);
    buffer[start + 6] = METHOD_CODES.get(record.method) ?? 0;
    buffer[start + 7] =
      record.cache | (record.waf << WAF_SHIFT) | (forLog ? 0 : NOT_FOR_LOG) | (streamed ? FOR_STREAM : 0);
    records.setFloat64(start + 8, record.time, true);
    records.setFloat64(start + 16, record.bytes, true);
    records.setFloat32(start + 24, record.duration, true);
    records.setInt32(start + 28, record.site, true);
    records.setInt32(start + 32, record.note, true);
    const skipped = start === (head & (size - 1)) ? 0 : size - (head & (size - 1));
    this.#publish((head + skipped + length) | 0);
    return true;
  }

  #isStreamed(share: number): boolean {
    this.#stream.share = share;
    return this.#stream.take();
  }

  /** Where `bytes` contiguous bytes are free, marking a skip to the beginning if need be; -1 when they are not. */
  #reserve(head: number, bytes: number): number {
    const { words, records, size } = this.#views;
    const free = size - ((head - (Atomics.load(words, TAIL) >>> 0)) >>> 0);
    const position = head & (size - 1);
    const toEnd = size - position;
    if (bytes <= toEnd) return bytes <= free ? position : -1;
    if (toEnd + bytes > free) return -1;
    records.setInt32(position, 0, true);
    return 0;
  }

  #string(text: string, lengthAt: number, at: number, limit: number): number {
    const written = text === '' ? 0 : this.#views.buffer.write(text, at, limit, 'utf8');
    this.#views.records.setUint16(lengthAt, written, true);
    return written;
  }

  #publish(head: number): void {
    const { words } = this.#views;
    Atomics.store(words, HEAD, head);
    // Sequential consistency keeps this load after the store above, and the reader looks for records after it parked:
    // one of the two sees the other. While the reader is awake this costs one load.
    if (Atomics.load(words, PARKED) === 1) {
      Atomics.store(words, PARKED, 0);
      Atomics.notify(words, PARKED);
    }
  }
}

/** Takes a share of what comes, evenly. */
export class Sampler {
  /** 0 to 1. */
  share: number;
  #credit = 0;

  constructor(share = 1) {
    this.share = share;
  }

  take(): boolean {
    this.#credit += this.share;
    if (this.#credit < 1) return false;
    this.#credit -= 1;
    return true;
  }
}

function maximumBytes(record: AccessRecord, path: string): number {
  const strings =
    Math.min(record.client.length * UTF8_PER_UNIT, MAX_CLIENT) +
    Math.min(record.host.length * UTF8_PER_UNIT, MAX_HOST) +
    Math.min(path.length * UTF8_PER_UNIT, MAX_PATH) +
    Math.min(record.requestId.length * UTF8_PER_UNIT, MAX_REQUEST_ID) +
    Math.min(record.userAgent.length * UTF8_PER_UNIT, MAX_USER_AGENT);
  return Math.min((RECORD_FIXED + strings + 7) & ~7, MAX_RECORD);
}

/** The main thread's end. */
export class AccessLogReader {
  readonly #views: Views;
  readonly #record: AccessRecord = emptyRecord();

  constructor(ring: SharedArrayBuffer) {
    this.#views = viewsOf(ring);
  }

  /** Records that the writer dropped because the ring was full. */
  get dropped(): number {
    return this.#views.words[DROPPED] >>> 0;
  }

  get empty(): boolean {
    return this.#views.words[TAIL] === Atomics.load(this.#views.words, HEAD);
  }

  /** Asks the writer for a part of all requests, 0 to 1, beside those for the log. */
  stream(share: number): void {
    Atomics.store(this.#views.words, STREAMED, Math.ceil(share * WHOLE));
  }

  /** The oldest record, or undefined when there is none. The object is used again by the next call. */
  read(): AccessRecord | undefined {
    const { words, buffer, records, size } = this.#views;
    let tail = words[TAIL] >>> 0;
    if (tail === Atomics.load(words, HEAD) >>> 0) return undefined;
    let at = tail & (size - 1);
    let length = records.getInt32(at, true);
    if (length === 0) {
      tail += size - at;
      at = 0;
      length = records.getInt32(0, true);
    }
    const record = this.#record;
    record.status = records.getUint16(at + 4, true);
    record.method = METHODS[buffer[at + 6]];
    record.cache = buffer[at + 7] & ~(NOT_FOR_LOG | FOR_STREAM | WAF_BITS);
    record.waf = (buffer[at + 7] & WAF_BITS) >> WAF_SHIFT;
    record.forLog = (buffer[at + 7] & NOT_FOR_LOG) === 0;
    record.streamed = (buffer[at + 7] & FOR_STREAM) !== 0;
    record.time = records.getFloat64(at + 8, true);
    record.bytes = records.getFloat64(at + 16, true);
    record.duration = records.getFloat32(at + 24, true);
    record.site = records.getInt32(at + 28, true);
    record.note = records.getInt32(at + 32, true);
    this.#strings(record, at);
    Atomics.store(words, TAIL, (tail + length) | 0);
    return record;
  }

  #strings(record: AccessRecord, start: number): void {
    const { buffer, records } = this.#views;
    let at = start + RECORD_FIXED;
    const next = (lengthAt: number): string => {
      const from = at;
      at += records.getUint16(start + lengthAt, true);
      return from === at ? '' : buffer.toString('utf8', from, at);
    };
    record.client = next(36);
    record.host = next(38);
    record.path = next(40);
    record.requestId = next(42);
    record.userAgent = next(44);
  }

  /**
   * Waits until there is a record: parks, and the writer's next record rings. One wait at a time.
   * @param timeoutMs when to look again all the same, in case the writer died between unparking and ringing
   * @returns undefined when there is one already
   */
  park(timeoutMs: number): Promise<unknown> | undefined {
    const { words } = this.#views;
    Atomics.store(words, PARKED, 1);
    if (!this.empty) {
      Atomics.store(words, PARKED, 0);
      return undefined;
    }
    const wait = Atomics.waitAsync(words, PARKED, 1, timeoutMs);
    return wait.async ? wait.value : undefined;
  }

  /** Wakes whoever waits in `park`. */
  unpark(): void {
    Atomics.store(this.#views.words, PARKED, 0);
    Atomics.notify(this.#views.words, PARKED);
  }
}
