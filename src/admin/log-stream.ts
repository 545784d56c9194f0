// GET /logs?filter=EXPRESSION&sample=0.1: lines of the access log as they come, as JSON Lines or server-sent events.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AccessLine } from '../stats/access-log.ts';
import { compileFilter, FilterError, type LinePredicate } from './log-filter.ts';
import { sendProblem } from './respond.ts';
import type { AdminDeps } from './types.ts';

/** Bytes that may wait for a slow reader; lines beyond are lost, and counted. */
const MAX_WAITING = 1 << 20;
/** Readers at a time. */
const MAX_READERS = 32;
/** Milliseconds after which a silent reader's connection is tried. */
const KEEP_ALIVE = 30_000;
/** Milliseconds between signs of life of an event stream. */
const HEARTBEAT = 15_000;

const USE = 'write /logs, with filter=EXPRESSION and sample=0.1 where wanted, percent-encoded';

interface LogQuery {
  readonly wanted: LinePredicate;
  readonly sample: number;
}

/** Those who read at the moment; the listener ends them when it closes. */
export class LogReaders {
  readonly #readers = new Set<ServerResponse>();

  answer(deps: AdminDeps, request: IncomingMessage, response: ServerResponse): void {
    const query = parseQuery(request.url ?? '');
    if (typeof query === 'string') {
      sendProblem(response, 400, query);
    } else if (this.#readers.size >= MAX_READERS) {
      response.setHeader('Retry-After', '5');
      sendProblem(response, 503, `${MAX_READERS} others read the log already`);
    } else {
      this.#stream(deps, query, request, response);
    }
  }

  #stream(deps: AdminDeps, query: LogQuery, request: IncomingMessage, response: ServerResponse): void {
    const asEvents = (request.headers.accept ?? '').includes('text/event-stream');
    response.writeHead(200, {
      'Content-Type': asEvents ? 'text/event-stream' : 'application/jsonl',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    response.flushHeaders();
    request.socket.setKeepAlive(true, KEEP_ALIVE);
    this.#readers.add(response);
    const reader = new Reader(response, query, asEvents);
    const leave = deps.lines.listen(reader);
    response.on('close', () => {
      leave();
      reader.end();
      this.#readers.delete(response);
    });
  }

  /** Ends all streams. */
  close(): void {
    for (const response of this.#readers) response.end();
  }
}

/** One stream of lines; what its reader does not take is dropped. */
class Reader {
  readonly sample: number;
  readonly #response: ServerResponse;
  readonly #wanted: LinePredicate;
  readonly #asEvents: boolean;
  readonly #heartbeat: NodeJS.Timeout | undefined;
  #gathered = '';
  #scheduled = false;
  #lost = 0;
  #ended = false;

  constructor(response: ServerResponse, { wanted, sample }: LogQuery, asEvents: boolean) {
    this.#response = response;
    this.#wanted = wanted;
    this.sample = sample;
    this.#asEvents = asEvents;
    if (asEvents) this.#heartbeat = setInterval(() => this.#write(':\n\n'), HEARTBEAT).unref();
  }

  onLine(line: AccessLine): void {
    if (this.#ended || !this.#wanted(line)) return;
    if (this.#gathered.length + this.#response.writableLength > MAX_WAITING) {
      this.#lost++;
      return;
    }
    if (this.#lost > 0) this.#tellLost();
    this.#write(this.#format('access', line));
  }

  onLost(lines: number): void {
    this.#lost += lines;
    if (this.#gathered.length + this.#response.writableLength <= MAX_WAITING) this.#tellLost();
  }

  end(): void {
    this.#ended = true;
    clearInterval(this.#heartbeat);
  }

  #tellLost(): void {
    this.#write(this.#format('lost', { time: new Date().toISOString(), event: 'lost', lines: this.#lost }));
    this.#lost = 0;
  }

  #format(event: string, value: object): string {
    const text = JSON.stringify(value);
    return this.#asEvents ? `event: ${event}\ndata: ${text}\n\n` : `${text}\n`;
  }

  /** What comes in one turn of the event loop goes out in one piece. */
  #write(text: string): void {
    this.#gathered += text;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#ended) this.#response.write(this.#gathered);
      this.#gathered = '';
    });
  }
}

function parseQuery(target: string): LogQuery | string {
  const mark = target.indexOf('?');
  const parameters = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
  const unknown = [...parameters.keys()].find((name) => name !== 'filter' && name !== 'sample');
  if (unknown !== undefined) return `unknown parameter "${unknown}": ${USE}`;
  const sample = parameters.get('sample') ?? '1';
  if (!/^(0?\.\d+|1(\.0+)?)$/.test(sample) || Number(sample) === 0) {
    return `sample is the share of requests that is wanted, above 0 and up to 1, not "${sample}"`;
  }
  const filter = parameters.get('filter') ?? '';
  try {
    return { wanted: filter === '' ? () => true : compileFilter(filter), sample: Number(sample) };
  } catch (error) {
    if (error instanceof FilterError) return `filter, column ${error.column}: ${error.message}`;
    throw error;
  }
}
