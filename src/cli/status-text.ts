import type { Status } from '../admin/status.ts';
import type { OriginState } from '../admin/types.ts';
import { type Column, type Painter, paintIf, type Style, safeText, tableLines } from './columns.ts';
import { bytesText, countText, millisecondsText, percentText, shortText, spanText } from './figures.ts';

const INDENT = 10;

/** The status for people. @param width of the terminal */
export function statusText(status: Status, color: boolean, width?: number): string {
  const paint = paintIf(color);
  const room = width === undefined ? undefined : width - INDENT;
  const sections: [string, string[]][] = [
    ['lb', summary(status, paint)],
    ['listen', status.listeners.map(({ address, tls }) => `${tls ? 'https' : 'http'}://${address}`)],
    ['cache', [cacheLine(status)]],
    ['disks', diskLines(status, paint, room)],
    ['workers', workerLines(status, paint, room)],
    ['sites', siteLines(status, paint, room)],
    ['origins', originLines(status, paint, room)],
    ['limits', limitLines(status, paint, room)],
    ['firewall', firewallLines(status, paint, room)],
    ['countries', countryLines(status, paint, room)],
    ['bots', botLines(status, paint, room)],
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([name, lines]) => lines.map((line, i) => `${(i === 0 ? name : '').padEnd(INDENT)}${line}\n`).join(''))
    .join('\n');
}

function summary({ version, node, pid, uptime_seconds, ready, reasons, generation, memory }: Status, paint: Painter) {
  const state = ready ? paint('green', 'ready') : paint('red', `not ready: ${reasons.join(', ')}`);
  const reloads = generation === 1 ? '' : `, configuration ${generation}`;
  return [
    `${version}, ${state}, up ${spanText(uptime_seconds)}${reloads}`,
    `process ${pid}, Node ${node}, ${bytesText(memory.resident_bytes)} resident`,
  ];
}

function cacheLine({ cache }: Status): string {
  const used = `${bytesText(cache.used_bytes)} of ${bytesText(cache.memory_bytes)} used`;
  const objects = `${countText(cache.objects)} object${cache.objects === 1 ? '' : 's'}`;
  const evicted = `${countText(cache.evictions)} evicted`;
  return `${used}, ${objects}, hit ratio ${percentText(cache.hit_ratio)}, ${evicted}, ${cache.flights} fetches under way`;
}

function headed(columns: readonly Column[], rows: readonly string[][], paint: Painter, width?: number): string[] {
  if (rows.length === 0) return [];
  const [titles, ...lines] = tableLines(columns, rows, width);
  return [paint('dim', titles), ...lines];
}

function workerLines({ workers }: Status, paint: Painter, width?: number): string[] {
  const columns = [
    { title: 'thread' },
    { title: 'state' },
    { title: 'busy', right: true },
    { title: 'under way', right: true },
    { title: 'heap', right: true },
    { title: 'up', right: true },
    { title: 'restarts', right: true },
  ];
  const rows = workers.map((worker) => [
    String(worker.id),
    worker.up ? paint('green', 'up') : paint('red', 'down'),
    percentText(worker.busy),
    countText(worker.active_requests),
    bytesText(worker.heap_bytes),
    spanText(worker.uptime_seconds),
    worker.restarts === 0 ? '0' : paint('yellow', String(worker.restarts)),
  ]);
  return headed(columns, rows, paint, width);
}

function diskLines({ disks }: Status, paint: Painter, width?: number): string[] {
  const columns = [
    { title: 'folder', fills: true },
    { title: 'state' },
    { title: 'used', right: true },
    { title: 'of', right: true },
    { title: 'objects', right: true },
    { title: 'written', right: true },
    { title: 'evicted', right: true },
    { title: '' },
  ];
  const rows = disks.map((disk) => [
    safeText(disk.folder),
    paint(disk.state === 'failed' ? 'red' : 'green', disk.state),
    bytesText(disk.used_bytes),
    bytesText(disk.limit_bytes),
    countText(disk.objects),
    countText(disk.writes),
    countText(disk.evictions),
    safeText(disk.reason ?? ''),
  ]);
  return headed(columns, rows, paint, width);
}

function siteLines({ sites }: Status, paint: Painter, width?: number): string[] {
  const columns = [
    { title: 'site', fills: true },
    { title: 'requests', right: true },
    { title: 'errors', right: true },
    { title: 'hit ratio', right: true },
  ];
  const rows = sites.map(({ name, requests, errors, hit_ratio }) => [
    safeText(name),
    countText(requests),
    errors === 0 ? '0' : paint('red', countText(errors)),
    percentText(hit_ratio),
  ]);
  return headed(columns, rows, paint, width);
}

function limitLines({ limits }: Status, paint: Painter, width?: number): string[] {
  const columns = [
    { title: 'site' },
    { title: 'limit', fills: true },
    { title: 'passed', right: true },
    { title: 'refused', right: true },
    { title: 'would refuse', right: true },
    { title: 'allowed', right: true },
  ];
  const rows = limits.map(({ site, name, passed, refused, would_refuse, allowed }) => [
    safeText(site),
    safeText(name),
    totalText(passed),
    refused === 0 ? '0' : paint('yellow', totalText(refused)),
    totalText(would_refuse),
    totalText(allowed),
  ]);
  return headed(columns, rows, paint, width);
}

function firewallLines({ firewalls }: Status, paint: Painter, width?: number): string[] {
  const columns = [
    { title: 'site', fills: true },
    { title: 'blocked', right: true },
    { title: 'would block', right: true },
    { title: 'below the threshold', right: true },
  ];
  const rows = firewalls.map(({ site, blocked, would_block, passed }) => [
    safeText(site),
    blocked === 0 ? '0' : paint('yellow', totalText(blocked)),
    totalText(would_block),
    totalText(passed),
  ]);
  return headed(columns, rows, paint, width);
}

const STATE_STYLES: Readonly<Record<OriginState['state'], Style>> = {
  up: 'green',
  down: 'red',
  ejected: 'red',
  open: 'red',
  unknown: 'dim',
};

function originLines({ origins }: Status, paint: Painter, width?: number): string[] {
  const columns = [
    { title: 'site' },
    { title: 'origin', fills: true },
    { title: 'state' },
    { title: 'latency', right: true },
    { title: 'under way', right: true },
    { title: 'requests', right: true },
    { title: 'errors', right: true },
    { title: '' },
  ];
  const rows = origins.map((origin) => [
    safeText(origin.site),
    safeText(origin.url) + (origin.backup ? ' (backup)' : ''),
    paint(STATE_STYLES[origin.state], origin.state),
    orDash(origin.latency_ms, millisecondsText),
    orDash(origin.under_way, countText),
    orDash(origin.requests, totalText),
    orDash(origin.errors, totalText),
    safeText(origin.reason ?? ''),
  ]);
  return headed(columns, rows, paint, width);
}

/** As a whole number as long as that is short. */
function totalText(value: number): string {
  return value < 1000 ? countText(value) : shortText(value);
}

function orDash(value: number | null, text: (value: number) => string): string {
  return value === null ? '-' : text(value);
}

function countryLines({ countries }: Status, paint: Painter, width?: number): string[] {
  const columns = [
    { title: 'site', fills: true },
    { title: 'refused', right: true },
  ];
  const rows = countries.map(({ site, refused }) => [safeText(site), paint('yellow', totalText(refused))]);
  return headed(columns, rows, paint, width);
}

function botLines({ bots }: Status, paint: Painter, width?: number): string[] {
  const columns = [
    { title: 'site', fills: true },
    { title: 'class' },
    { title: 'allowed', right: true },
    { title: 'limited', right: true },
    { title: 'challenged', right: true },
    { title: 'passed it', right: true },
    { title: 'blocked', right: true },
    { title: 'would refuse', right: true },
  ];
  const rows = bots.map((bot) => [
    safeText(bot.site),
    safeText(bot.class),
    totalText(bot.allowed),
    totalText(bot.rate_limited),
    totalText(bot.challenged),
    totalText(bot.challenge_passed),
    bot.blocked === 0 ? '0' : paint('yellow', totalText(bot.blocked)),
    totalText(bot.would_refuse),
  ]);
  return headed(columns, rows, paint, width);
}
