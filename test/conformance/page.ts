import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { knownVerdicts, readBaseline } from './baseline.ts';
import { PROFILES } from './profiles.ts';
import { REASONS } from './reasons.ts';
import { KINDS, loadGroups, loadPublished, SUITE_VERSION } from './suite.ts';
import { groupsTable, markdownTable, publishedColumns, totalsTable } from './table.ts';
import type { Verdict } from './verdict.ts';

const PATH = join(import.meta.dirname, '..', '..', 'docs', 'conformance.md');

/** The page as it lies in docs/, and as it would be with its generated parts made anew from the stored list. */
export async function conformancePage(): Promise<{ current: string; expected: string }> {
  const current = readFileSync(PATH, 'utf8');
  const groups = await loadGroups();
  const { profiles } = readBaseline();
  const lb = PROFILES.map(({ id, title }) => ({ name: title, verdicts: knownVerdicts(groups, profiles[id]) }));
  const columns = [...lb, ...publishedColumns(groups, await loadPublished())];
  const parts: Record<string, string> = {
    settings: `\`\`\`json\n${JSON.stringify(PROFILES[0].settings)}\n\`\`\``,
    totals: totalsTable(columns),
    groups: KINDS.map((kind) => groupsTable(groups, kind, columns)).join('\n\n'),
    shortfalls: shortfallsTable(lb[0].verdicts, lb[1].verdicts),
    answers: answersTable(lb[0].verdicts),
    own: ownTable(),
  };
  let expected = current.replaceAll(/(?<=http-cache-tests` )\d+\.\d+\.\d+/g, SUITE_VERSION);
  for (const [name, text] of Object.entries(parts)) expected = replacePart(expected, name, text);
  return { current, expected };
}

export function writePage(text: string): void {
  writeFileSync(PATH, text);
}

function replacePart(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}: made by npm run conformance -->`, `<!-- end of ${name} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/conformance.md has no place for ${name}`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}

/** Required and optimal tests that lb does not pass, with the reason; those that it passes only with settings come last. */
function shortfallsTable(judged: ReadonlyMap<string, Verdict>, byDefault: ReadonlyMap<string, Verdict>): string {
  const all = [...judged.values()].filter(({ kind }) => kind !== 'check');
  const never = all.filter(({ outcome }) => outcome !== 'passed');
  const withSettings = all.filter(
    ({ test, outcome }) => outcome === 'passed' && byDefault.get(test.id)?.outcome !== 'passed',
  );
  const rows = [
    ...never.map(({ test, kind }) => [`\`${test.id}\``, kind, REASONS[test.id] ?? 'Not done.']),
    ...withSettings.map(({ test, kind }) => [
      `\`${test.id}\``,
      kind,
      `Passed with the settings above. ${REASONS[test.id] ?? ''}`.trim(),
    ]),
  ];
  return rows.length === 0 ? 'None.' : markdownTable(['test', 'kind', 'why lb does not pass it'], rows, 3);
}

/** Questions without a right answer that lb answers with no. */
function answersTable(judged: ReadonlyMap<string, Verdict>): string {
  const rows = [...judged.values()]
    .filter(({ kind, outcome }) => kind === 'check' && outcome !== 'passed')
    .map(({ test }) => [`\`${test.id}\``, REASONS[test.id] ?? 'Not done.']);
  return markdownTable(['question', 'why the answer is no'], rows, 2);
}

/** The project's own tests, which name the tests of the newer suite that they stand for in brackets. */
function ownTable(): string {
  const files = globSync('*.test.ts', { cwd: import.meta.dirname }).sort();
  const rows = files.flatMap((file) => {
    const source = readFileSync(join(import.meta.dirname, file), 'utf8');
    return namedTests(source).map(({ name, ids }) => [
      name,
      ids.map((id) => `\`${id}\``).join(', '),
      `[${file}](../test/conformance/${file})`,
    ]);
  });
  return markdownTable(['what lb does', 'tests of the newer suite', 'where'], rows, 3);
}

/** The names of tests in a source text that end with ids in brackets. */
export function namedTests(source: string): { name: string; ids: string[] }[] {
  const named = /(['"`])([A-Za-z0-9](?:(?!\1)[^\n\\])*?) \[([a-z][\w=, -]+)\]\1/g;
  return [...source.matchAll(named)].map(([, , name, ids]) => ({ name, ids: ids.split(/, */) }));
}
