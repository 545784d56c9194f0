import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChartResults, chart, titleOf } from './chart.ts';
import { connectionBytes, type Memory } from './memory.ts';

const DOCS = join(import.meta.dirname, '..', '..', 'docs');
const BEGIN = '<!-- results: begin -->';
const END = '<!-- results: end -->';

export interface Results extends ChartResults {
  rounds: number;
  seconds: number;
  versions: Readonly<Record<string, string>>;
  memory: readonly Memory[];
}

/** Puts the results of a run into docs/performance.md, between its two marks, and its chart beside it. */
export function writePage(results: Results, tables: string): void {
  const file = join(DOCS, 'performance.md');
  writeFileSync(file, insert(readFileSync(file, 'utf8'), section(results, tables)));
  writeFileSync(join(DOCS, 'performance.svg'), chart(results));
}

/** The page with other text between its marks. Throws when it has none. */
export function insert(page: string, text: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error('docs/performance.md has no marks for the results');
  return `${page.slice(0, from)}${BEGIN}\n\n${text}\n\n${page.slice(to)}`;
}

function section(results: Results, tables: string): string {
  const { date, machine, rounds, seconds, versions, memory } = results;
  const run = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Measured on ${date.slice(0, 10)}: ${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}; medians of ${rounds} rounds of ${seconds} s, all servers in turn. ${run.join(', ')}.`,
    '![CPU time per request as a multiple of lb, by case and server](performance.svg)',
    'CPU microseconds per request, and as a multiple of lb: above 1 lb is cheaper. `±` is half the range over the rounds.',
    costs(results),
    ...(memory.length === 0 ? [] : [weights(memory)]),
    'Requests a second, latencies and what was left out:',
    `\`\`\`text\n${tables.trimEnd()}\n\`\`\``,
  ].join('\n\n');
}

/** A row for each case, a column for each server. */
export function costs({ cases }: ChartResults): string {
  const servers = [...new Set(cases.flatMap((work) => work.servers.map(({ server }) => server)))];
  const rows = cases.map((work) => {
    const cells = servers.map((name) => {
      const found = work.servers.find(({ server }) => server === name);
      if (found === undefined) return '';
      const { cpuMicrosPerRequest: micros, cpuToLb, noise } = found;
      const ratio = cpuToLb === undefined || name === 'lb' ? '' : ` (${cpuToLb.toFixed(2)})`;
      return `${micros.toFixed(micros < 100 ? 1 : 0)}${ratio} ±${Math.round(noise * 100)} %`;
    });
    return [titleOf(work), ...cells];
  });
  return markdown(['case', ...servers], rows);
}

function weights(memory: readonly Memory[]): string {
  const bytes = (value: number | undefined) => (value === undefined ? '' : Math.round(value).toLocaleString('en'));
  const rows = memory.map(({ server, idle, perObject, perConnection }) => [
    server,
    (idle / 2 ** 20).toFixed(0),
    bytes(perObject),
    connectionBytes(perConnection),
  ]);
  return markdown(['server', 'MB at first', 'bytes for an object of 1 KB', 'bytes for an idle connection'], rows);
}

function markdown(head: readonly string[], rows: readonly string[][]): string {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
