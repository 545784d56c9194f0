import { Writable } from 'node:stream';
import { styleText } from 'node:util';

/** What a line of the access log tells, as far as it is shown. */
interface Request {
  event?: string;
  /** When it arrived. */
  time: string;
  method: string;
  path: string;
  /** 0 where the client went away before an answer. */
  status: number;
  duration_ms: number;
  cache: string;
}

const COLORS: Readonly<Record<string, 'green' | 'yellow' | 'cyan' | 'red'>> = {
  HIT: 'green',
  STALE: 'green',
  COLLAPSED: 'cyan',
  REVALIDATED: 'cyan',
  MISS: 'yellow',
  ERROR: 'red',
};

const WIDTHS = { method: 7, path: 26, status: 7, cache: 12, ms: 8 };

/** Above the lines of `LiveLines`. */
export const HEADING = row('METHOD', 'PATH', 'STATUS', 'CACHE'.padEnd(WIDTHS.cache), 'MS', 'HITS');

/**
 * Takes the access log, JSON Lines in whole lines, and writes one readable line a request, with the hit ratio so far:
 * hits among all requests.
 */
export class LiveLines extends Writable {
  requests = 0;
  hits = 0;
  readonly #out: NodeJS.WritableStream;
  readonly #color: boolean;

  constructor(out: NodeJS.WritableStream, color: boolean) {
    super({ decodeStrings: false });
    this.#out = out;
    this.#color = color;
  }

  override _write(lines: string, _encoding: string, done: (error?: Error | null) => void): void {
    const events = lines.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Request]));
    const answers = events.filter(({ event }) => event === 'access').sort((a, b) => end(a) - end(b));
    const shown = answers.map((request) => `${this.#format(request)}\n`);
    this.#out.write(shown.join(''), () => done());
  }

  #format({ method, path, status, cache, duration_ms }: Request): string {
    this.requests++;
    if (cache === 'HIT' || cache === 'STALE') this.hits++;
    const result = cache.padEnd(WIDTHS.cache);
    const color = COLORS[cache];
    const shown = this.#color && color ? styleText(color, result, { validateStream: false }) : result;
    return row(
      method,
      shorten(path),
      status === 0 ? 'gone' : String(status),
      shown,
      milliseconds(duration_ms),
      this.ratio(),
    );
  }

  /** `12 of 16 (75%)`. */
  ratio(): string {
    const percent = this.requests === 0 ? 0 : Math.round((100 * this.hits) / this.requests);
    return `${this.hits} of ${this.requests} (${percent}%)`;
  }
}

function row(method: string, path: string, status: string, cache: string, ms: string, hits: string): string {
  const left = method.padEnd(WIDTHS.method) + path.padEnd(WIDTHS.path) + status.padEnd(WIDTHS.status);
  return `${left}${cache}${ms.padStart(WIDTHS.ms)}   ${hits}`;
}

/** When it was answered, ms since 1970. Each edge thread logs by itself, so lines that come together lie by thread. */
function end({ time, duration_ms }: Request): number {
  return Date.parse(time) + duration_ms;
}

/** The path in its column; terminals must not see control characters, which a URL may not hold anyway. */
function shorten(path: string): string {
  const most = WIDTHS.path - 2;
  const plain = path.replace(/\p{C}/gu, '?');
  return plain.length > most ? `${plain.slice(0, most - 1)}…` : plain;
}

function milliseconds(ms: number): string {
  return ms < 1 ? '<1' : ms.toFixed(0);
}
