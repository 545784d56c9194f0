// The access log on the main thread: records out of every worker's ring, JSON Lines through pino, into a bounded output.
import { type Logger, pino } from 'pino';
import { AccessLogReader, type AccessRecord, CACHE_RESULTS } from './log-ring.ts';
import type { LineOutput } from './output.ts';

/** Fields that configuration may leave out of every line. */
export const REDACTABLE = ['client_ip', 'host', 'path', 'user_agent', 'request_id'] as const;
type RedactableField = (typeof REDACTABLE)[number];

/** How long to let lines gather after a wake-up, and between slices when there is more, in milliseconds. */
const GATHER_MS = 20;
/** Longest slice of formatting before other work of the main thread gets its turn, in milliseconds. */
const SLICE_MS = 4;
/** How long a ring may stay parked before it is looked at again, in milliseconds. */
const PARK_MS = 5_000;
/** Records between two looks at the clock. */
const SLICE_RECORDS = 64;

export interface AccessLogOptions {
  /** Rings by worker; a worker's ring outlives the worker. */
  readonly rings: readonly SharedArrayBuffer[];
  readonly output: LineOutput;
  /** Name of a site by index. */
  siteName(index: number): string;
  /** Share of requests that the writers log; stands in each line when it is below 1. */
  readonly sample?: number;
  /** Fields to leave out: any of `client_ip`, `host`, `path`, `user_agent`, `request_id`. */
  readonly redact?: readonly string[];
}

export interface AccessLog {
  /** Lines lost so far, by reason. */
  dropped(): { ring_full: number; output_full: number };
  /** Writes what is left and stops; waits for the output at most `timeoutMs`. Call it after the workers have ended. */
  close(timeoutMs: number): Promise<void>;
}

/**
 * Starts to drain the rings. Next to nothing runs while there is nothing to log: a look every five seconds.
 * @throws RangeError when `redact` names a field that does not exist
 */
export function startAccessLog(options: AccessLogOptions): AccessLog {
  return new Drain(options);
}

class Drain implements AccessLog {
  readonly #readers: readonly AccessLogReader[];
  /** Rings to drain in the next slice; the others are parked, each with one wait outstanding. */
  readonly #awake = new Set<AccessLogReader>();
  readonly #output: LineOutput;
  readonly #logger: Logger;
  readonly #format: (record: AccessRecord) => object;
  #outputDropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: AccessLogOptions) {
    this.#readers = options.rings.map((ring) => new AccessLogReader(ring));
    this.#output = options.output;
    this.#format = formatter(options);
    this.#logger = createLineLogger({
      write: (line) => {
        if (!options.output.write(line)) this.#outputDropped++;
      },
    });
    for (const reader of this.#readers) this.#park(reader);
  }

  dropped(): { ring_full: number; output_full: number } {
    const ringFull = this.#readers.reduce((sum, reader) => sum + reader.dropped, 0);
    return { ring_full: ringFull, output_full: this.#outputDropped };
  }

  async close(timeoutMs: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const reader of this.#readers) {
      reader.unpark();
      this.#drain(reader, Number.POSITIVE_INFINITY);
    }
    await this.#output.flush(timeoutMs);
  }

  #park(reader: AccessLogReader): void {
    const rung = reader.park(PARK_MS);
    if (rung) void rung.then(() => this.#wake(reader));
    else this.#wake(reader);
  }

  #wake(reader: AccessLogReader): void {
    if (this.#closed) return;
    this.#awake.add(reader);
    this.#timer ??= setTimeout(() => this.#slice(), GATHER_MS).unref();
  }

  #slice(): void {
    this.#timer = undefined;
    const deadline = performance.now() + SLICE_MS;
    const drained: AccessLogReader[] = [];
    for (const reader of this.#awake) if (this.#drain(reader, deadline)) drained.push(reader);
    for (const reader of drained) this.#awake.delete(reader);
    if (this.#awake.size > 0) this.#timer = setTimeout(() => this.#slice(), 0).unref();
    for (const reader of drained) this.#park(reader);
  }

  /** Formats records until the ring is empty (true) or the time is over (false). */
  #drain(reader: AccessLogReader, deadline: number): boolean {
    for (let count = 1; ; count++) {
      const record = reader.read();
      if (!record) return true;
      this.#logger.info(this.#format(record));
      if (count % SLICE_RECORDS === 0 && performance.now() > deadline) return false;
    }
  }
}

/** A pino that adds the level and nothing else. */
function createLineLogger(stream: { write(line: string): void }): Logger {
  return pino({ base: null, timestamp: false, formatters: { level: (level) => ({ level }) } }, stream);
}

function formatter(options: AccessLogOptions): (record: AccessRecord) => object {
  const redacted = new Set(options.redact);
  const unknown = [...redacted].find((name) => !(REDACTABLE as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`log.redact: there is no field "${unknown}"; it may name ${REDACTABLE.join(', ')}`);
  }
  const keep = (field: RedactableField, value: string) => (value === '' || redacted.has(field) ? undefined : value);
  const sample = options.sample !== undefined && options.sample < 1 ? options.sample : undefined;
  // JSON leaves undefined members out.
  return (record) => ({
    time: new Date(record.time).toISOString(),
    event: 'access',
    request_id: keep('request_id', record.requestId),
    site: options.siteName(record.site) || undefined,
    client_ip: keep('client_ip', record.client),
    method: record.method,
    host: keep('host', record.host),
    path: keep('path', record.path),
    status: record.status,
    bytes: record.bytes,
    duration_ms: Math.round(record.duration * 1000) / 1000,
    cache: CACHE_RESULTS[record.cache],
    user_agent: keep('user_agent', record.userAgent),
    sample: record.status < 500 ? sample : undefined,
  });
}
