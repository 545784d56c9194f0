// The metrics table of docs/operations.md, made from the table of metrics.
import { DURATION_BUCKETS, METRIC_ROWS, type MetricRow } from './table.ts';

const BEGIN = '<!-- metrics: made from src/stats/table.ts -->';
const END = '<!-- end of metrics -->';

/** Puts the metrics table between its two marks in a page of Markdown. Throws when a mark is missing. */
export function withMetricsTable(page: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the page has no "${BEGIN}" ... "${END}"`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${metricsTable()}\n${page.slice(end)}`;
}

function metricsTable(): string {
  const head = '| metric | type | labels | meaning |\n|---|---|---|---|\n';
  const rows = METRIC_ROWS.map((row) => `| \`${row.name}\` | ${row.type} | ${labelsOf(row)} | ${row.help} |\n`);
  const buckets = `\nBuckets of the histograms, in seconds: ${DURATION_BUCKETS.join(', ')}.\n`;
  return head + rows.join('') + buckets;
}

function labelsOf(row: MetricRow): string {
  const own = Object.entries(row.labels ?? {}).map(([label, values]) => `\`${label}\` (${values.join(', ')})`);
  return (row.scope === 'process' ? own : [`\`${row.scope}\``, ...own]).join(', ');
}
