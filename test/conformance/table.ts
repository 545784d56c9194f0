import { APART, KINDS, type Kind, type PublishedCache, type SuiteGroup } from './suite.ts';
import { scoreOf, type Verdict, verdicts } from './verdict.ts';

/** A cache as a column of the tables. */
export interface Column {
  name: string;
  verdicts: ReadonlyMap<string, Verdict>;
}

/** Other caches by their published results. */
export function publishedColumns(groups: readonly SuiteGroup[], caches: readonly PublishedCache[]): Column[] {
  return caches.map(({ name, version, results }) => ({
    name: `${name} ${shortVersion(version)}`,
    verdicts: verdicts(groups, results),
  }));
}

/** All caches, with how many tests of each kind they pass; the group that stands apart has a column of its own. */
export function totalsTable(columns: readonly Column[]): string {
  const [first] = columns;
  const head = [
    'cache',
    ...KINDS.map((kind) => `${kind} (of ${count(first, kind, false).of})`),
    `Surrogate-Control (of ${countApart(first).of})`,
  ];
  const rows = columns.map((column) => [
    column.name,
    ...KINDS.map((kind) => String(count(column, kind, false).passed)),
    String(countApart(column).passed),
  ]);
  return markdownTable(head, rows);
}

/** The groups with tests of a kind, with how many of them each cache passes. */
export function groupsTable(groups: readonly SuiteGroup[], kind: Kind, columns: readonly Column[]): string {
  const scoreIn = (column: Column, group: string) =>
    scoreOf([...column.verdicts.values()].filter((verdict) => verdict.group === group))[kind];
  const rows = groups
    .map(({ id, name }) => ({ name, scores: columns.map((column) => scoreIn(column, id)) }))
    .filter(({ scores }) => scores[0].of > 0)
    .map(({ name, scores }) => [name, String(scores[0].of), ...scores.map(({ passed }) => String(passed))]);
  return markdownTable([kind, 'tests', ...columns.map(({ name }) => name)], rows);
}

function count(column: Column, kind: Kind, apart: boolean): { passed: number; of: number } {
  return scoreOf([...column.verdicts.values()].filter(({ group }) => (group === APART) === apart))[kind];
}

/** Required and optimal tests of the group that stands apart. */
function countApart(column: Column): { passed: number; of: number } {
  const [required, optimal] = [count(column, 'required', true), count(column, 'optimal', true)];
  return { passed: required.passed + optimal.passed, of: required.of + optimal.of };
}

/** `2.4.46-1ubuntu1` without what the distribution added. */
function shortVersion(version: string): string {
  return version.replace(/^(\d+\.[\d.]*\d).*$/, '$1');
}

/** A Markdown table that also reads well as it stands: first column to the left, all others to the right. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[], left = 1): string {
  const widths = head.map((cell, i) => Math.max(3, cell.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i < left ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i < left ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}
