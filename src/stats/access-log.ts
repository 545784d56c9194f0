// The access log on the main thread: records out of every worker's ring, as JSON Lines through pino into a bounded
// output, and as lines for whoever listens.
import { type Logger, pino } from 'pino';
import { type AccessLine, type LineTerms, lineMaker } from './access-line.ts';
import { AccessLogReader, type AccessRecord, Sampler } from './log-ring.ts';
import type { LineOutput } from './output.ts';

export { type AccessLine, REDACTABLE } from './access-line.ts';

/** How long to let lines gather after a wake-up, and between slices when there is more, in milliseconds. */
const GATHER_MS = 20;
/** Longest slice of formatting before other work of the main thread gets its turn, in milliseconds. */
const SLICE_MS = 4;
/** How long a ring may stay parked before it is looked at again, in milliseconds. */
const PARK_MS = 5_000;
/** Records between two looks at the clock. */
const SLICE_RECORDS = 64;

export interface AccessLogOptions extends LineTerms {
  /** Rings by worker; a worker's ring outlives the worker. */
  readonly rings: readonly SharedArrayBuffer[];
  /** Where the log goes; undefined where it is off, and lines are only for those who listen. */
  readonly output: LineOutput | undefined;
  /** Share of requests that the writers log; stands in each line when it is below 1. */
  readonly sample?: number;
}

/** Whoever wants lines as they come. */
export interface LineListener {
  /** Share of all requests, 0 to 1. */
  readonly sample: number;
  onLine(line: AccessLine): void;
  /** Lines were lost before they got here, since edges answer faster than they are read. */
  onLost(lines: number): void;
}

/** The lines of requests as they are answered. */
export interface LineSource {
  /** Edges write records, whether the log is on or not, until the returned function is called. */
  listen(listener: LineListener): () => void;
}

export interface AccessLog extends LineSource {
  /** Lines lost so far, by reason. */
  dropped(): { ring_full: number; output_full: number };
  /** Writes what is left and stops; waits for the output at most `timeoutMs`. Call it after the workers have ended. */
  close(timeoutMs: number): Promise<void>;
}

/**
 * Starts to drain the rings. Next to nothing runs while there is nothing to log: a look every five seconds, and none
 * where the log is off and nobody listens.
 * @throws RangeError when `redact` names a field that does not exist
 */
export function startAccessLog(options: AccessLogOptions): AccessLog {
  return new Drain(options);
}

interface Listening {
  readonly listener: LineListener;
  /** Of what the writers are asked for; several listeners may want different shares. */
  readonly sampler: Sampler;
  readonly sample: number | undefined;
}

class Drain implements AccessLog {
  readonly #readers: readonly AccessLogReader[];
  /** Rings to drain in the next slice; the others are parked, each with one wait outstanding, or left alone. */
  readonly #awake = new Set<AccessLogReader>();
  readonly #left = new Set<AccessLogReader>();
  readonly #listening = new Set<Listening>();
  readonly #output: LineOutput | undefined;
  readonly #logger: Logger;
  readonly #line: (record: AccessRecord, sample?: number) => AccessLine;
  readonly #sample: number | undefined;
  #outputDropped = 0;
  /** Of the rings, as far as listeners have been told. */
  #told = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: AccessLogOptions) {
    this.#readers = options.rings.map((ring) => new AccessLogReader(ring));
    this.#output = options.output;
    this.#line = lineMaker(options);
    this.#sample = options.sample !== undefined && options.sample < 1 ? options.sample : undefined;
    this.#logger = createLineLogger({
      write: (line) => {
        if (options.output?.write(line) === false) this.#outputDropped++;
      },
    });
    for (const reader of this.#readers) this.#park(reader);
  }

  dropped(): { ring_full: number; output_full: number } {
    return { ring_full: this.#ringDropped(), output_full: this.#outputDropped };
  }

  #ringDropped(): number {
    return this.#readers.reduce((sum, reader) => sum + reader.dropped, 0);
  }

  listen(listener: LineListener): () => void {
    const sample = listener.sample < 1 ? listener.sample : undefined;
    const listening = { listener, sampler: new Sampler(), sample };
    if (this.#listening.size === 0) this.#told = this.#ringDropped();
    this.#listening.add(listening);
    this.#ask();
    for (const reader of this.#left) this.#park(reader);
    return () => {
      if (this.#listening.delete(listening)) this.#ask();
    };
  }

  /** The writers sample for whoever wants most; what others want of it is worked out here. */
  #ask(): void {
    const all = [...this.#listening];
    const most = Math.max(0, ...all.map(({ listener }) => listener.sample));
    for (const { listener, sampler } of all) sampler.share = most === 0 ? 0 : listener.sample / most;
    for (const reader of this.#readers) reader.stream(most);
  }

  async close(timeoutMs: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const reader of this.#readers) {
      reader.unpark();
      this.#drain(reader, Number.POSITIVE_INFINITY);
    }
    await this.#output?.flush(timeoutMs);
  }

  #park(reader: AccessLogReader): void {
    const isOfUse = this.#output !== undefined || this.#listening.size > 0;
    if (!isOfUse) this.#left.add(reader);
    else {
      this.#left.delete(reader);
      const rung = reader.park(PARK_MS);
      if (rung) void rung.then(() => this.#wake(reader));
      else this.#wake(reader);
    }
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
    if (this.#listening.size > 0) this.#tellLost();
    if (this.#awake.size > 0) this.#timer = setTimeout(() => this.#slice(), 0).unref();
    for (const reader of drained) this.#park(reader);
  }

  #tellLost(): void {
    const lost = this.#ringDropped();
    if (lost === this.#told) return;
    for (const { listener } of this.#listening) listener.onLost(lost - this.#told);
    this.#told = lost;
  }

  /** Formats records until the ring is empty (true) or the time is over (false). */
  #drain(reader: AccessLogReader, deadline: number): boolean {
    for (let count = 1; ; count++) {
      const record = reader.read();
      if (!record) return true;
      if (record.forLog && this.#output !== undefined) {
        this.#logger.info(this.#line(record, record.status < 500 ? this.#sample : undefined));
      }
      if (record.streamed) this.#stream(record);
      if (count % SLICE_RECORDS === 0 && performance.now() > deadline) return false;
    }
  }

  #stream(record: AccessRecord): void {
    for (const { listener, sampler, sample } of this.#listening) {
      if (sampler.take()) listener.onLine(this.#line(record, sample));
    }
  }
}

/** A pino that adds the level and nothing else. */
function createLineLogger(stream: { write(line: string): void }): Logger {
  return pino({ base: null, timestamp: false, formatters: { level: (level) => ({ level }) } }, stream);
}
