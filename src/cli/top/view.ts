import { type Column, type Painter, safeText, tableLines } from '../columns.ts';
import { bytesText, millisecondsText, percentText, shortText } from '../figures.ts';
import { statusStyle } from '../log-text.ts';
import type { TopOrigin, TopReport } from './report.ts';
import type { Ranked } from './tally.ts';

/** URLs that are shown where there is no terminal to fill. */
const MOST_URLS = 22;

/** Lines for people. @param size of the terminal; without one nothing is cut */
export function topLines(report: TopReport, paint: Painter, size?: { columns: number; rows: number }): string[] {
  const width = size?.columns;
  const head = [...summary(report, paint), ''];
  const origins = section(
    ORIGIN_COLUMNS,
    report.origins.map((origin) => originCells(origin, paint)),
    paint,
    width,
  );
  const clients = section(ranked('client'), report.clients.slice(0, 5).map(cells), paint, width);
  const room = size === undefined ? MOST_URLS : size.rows - 2 - head.length - origins.length - clients.length;
  const urls = section(ranked('url'), report.urls.slice(0, Math.max(3, room - 2)).map(cells), paint, width);
  return [...head, ...origins, ...urls, ...clients];
}

function summary(
  { requests, errors, bytes, hit_ratio, statuses, cache, sample, lost }: TopReport,
  paint: Painter,
): string[] {
  const part = (text: string, name: string) => `${paint('bold', text)} ${name}`;
  const rates = [
    part(shortText(requests), 'requests/s'),
    part(percentText(hit_ratio), 'from cache'),
    errors > 0 ? paint('red', `${shortText(errors)} errors/s`) : '0 errors/s',
    part(bytesText(bytes), '/s out').replace(' /s', '/s'),
  ];
  const byStatus = statuses
    .slice(0, 8)
    .map(({ status, requests: count }) => `${paint(statusStyle(status), String(status))} ${shortText(count)}/s`);
  const all = cache.reduce((sum, one) => sum + one.requests, 0);
  const byResult = cache.map(({ result, requests: count }) => `${result} ${percentText(count / all)}`);
  const notes = [
    ...(sample < 1 ? [`from ${percentText(sample)} of the requests`] : []),
    ...(lost > 0 ? [paint('yellow', `${shortText(lost)} lines lost: --sample makes them fewer`)] : []),
  ];
  return [
    rates.join('   '),
    ...(byStatus.length > 0 ? [byStatus.join('   ')] : []),
    ...(byResult.length > 0 ? [byResult.join('   ')] : []),
    ...(notes.length > 0 ? [notes.join(', ')] : []),
  ];
}

/** A table with a line under it; nothing where there are no rows. */
function section(columns: readonly Column[], rows: string[][], paint: Painter, width?: number): string[] {
  if (rows.length === 0) return [];
  const [titles, ...lines] = tableLines(columns, rows, width);
  return [paint('dim', titles), ...lines, ''];
}

function ranked(title: string): Column[] {
  const numbers = ['req/s', 'bytes/s', 'errors/s', 'misses/s', 'time'].map((name) => ({ title: name, right: true }));
  return [...numbers, { title, fills: true }];
}

function cells({ key, requests, bytes, errors, misses, duration_ms, error }: Ranked): string[] {
  // a figure that may be another key's is marked
  const name = error > 0.5 ? `~${safeText(key)}` : safeText(key);
  const figures = [shortText(requests), bytesText(bytes), shortText(errors), shortText(misses)];
  return [...figures, millisecondsText(duration_ms), name];
}

const ORIGIN_COLUMNS: readonly Column[] = [
  { title: 'req/s', right: true },
  { title: 'errors/s', right: true },
  { title: 'under way', right: true },
  { title: 'latency', right: true },
  { title: 'state' },
  { title: 'origin', fills: true },
];

function originCells(
  { site, url, state, requests, errors, under_way, latency_ms }: TopOrigin,
  paint: Painter,
): string[] {
  const or = (value: number | null, text: (value: number) => string) => (value === null ? '-' : text(value));
  const shown = state === 'up' ? paint('green', state) : paint(state === 'unknown' ? 'dim' : 'red', state);
  const figures = [
    or(requests, shortText),
    or(errors, shortText),
    or(under_way, shortText),
    or(latency_ms, millisecondsText),
  ];
  return [...figures, shown, `${safeText(url)} (${safeText(site)})`];
}
