import { type Painter, type Style, safeText } from './columns.ts';
import { bytesText, millisecondsText } from './figures.ts';

/** A line of the stream: a request, or how many lines were lost. */
export type LogLine = RequestLine | { readonly event: 'lost'; readonly time: string; readonly lines: number };

export interface RequestLine {
  readonly event: 'access';
  readonly time: string;
  readonly status: number;
  readonly method: string;
  readonly bytes: number;
  readonly duration_ms: number;
  readonly cache: string;
  readonly site?: string;
  readonly host?: string;
  readonly path?: string;
  readonly client_ip?: string;
  readonly user_agent?: string;
}

const CACHE_STYLES: Readonly<Record<string, Style>> = { HIT: 'green', MISS: 'yellow', STALE: 'cyan', ERROR: 'red' };

/** A request for people, its time as local time. */
export function logText(line: LogLine, paint: Painter): string {
  const clock = new Date(line.time).toTimeString().slice(0, 8);
  if (line.event === 'lost') return `${paint('dim', clock)} ${line.lines} lines lost`;
  const { status, cache, duration_ms, bytes, method, host = '', path = '', client_ip = '' } = line;
  const parts = [
    paint('dim', clock),
    paint(statusStyle(status), String(status)),
    paint(CACHE_STYLES[cache] ?? 'dim', cache.padEnd(11)),
    millisecondsText(duration_ms).padStart(7),
    bytesText(bytes).padStart(7),
    `${method} ${safeText(host)}${safeText(path)}`,
    paint('dim', client_ip),
  ];
  return parts.join('  ').trimEnd();
}

/** How a status is coloured. */
export function statusStyle(status: number): Style {
  if (status >= 500) return 'red';
  if (status >= 400) return 'yellow';
  return status >= 300 ? 'cyan' : 'green';
}
