/**
 * Runs the suite `http-cache-tests` against lb, twice: with everything on that the standard allows, and with nothing set.
 * Prints how many tests pass by group, beside the published results of other caches, and what is other than stored.
 *
 *     npm run conformance                  exits with 1 when a test passes no longer
 *     npm run conformance -- --update      stores the results, and writes the tables of docs/conformance.md
 *     npm run conformance -- --docs        writes these tables alone, from the stored results
 */
import { parseArgs } from 'node:util';
import { compare, readBaseline, writeBaseline } from '../test/conformance/baseline.ts';
import { measure } from '../test/conformance/measure.ts';
import { conformancePage, writePage } from '../test/conformance/page.ts';
import { PROFILES, type ProfileId } from '../test/conformance/profiles.ts';
import { KINDS, loadGroups, loadPublished, type RawResults } from '../test/conformance/suite.ts';
import { groupsTable, publishedColumns, totalsTable } from '../test/conformance/table.ts';
import { verdicts } from '../test/conformance/verdict.ts';

const { values } = parseArgs({
  options: { update: { type: 'boolean', default: false }, docs: { type: 'boolean', default: false } },
});
const groups = await loadGroups();

if (!values.docs) {
  const results = await runAll();
  await printTables(results);
  if (values.update) writeBaseline(groups, results);
  else printChanges(results);
}
if (values.update || values.docs) writePage((await conformancePage()).expected);

async function runAll(): Promise<Record<ProfileId, RawResults>> {
  const closers: (() => void | Promise<void>)[] = [];
  try {
    const run = { after: (close: () => void | Promise<void>) => void closers.push(close) };
    const results = PROFILES.map(async ({ id, settings }) => [id, await measure(run, settings)] as const);
    return Object.fromEntries(await Promise.all(results)) as Record<ProfileId, RawResults>;
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function printTables(results: Record<ProfileId, RawResults>): Promise<void> {
  const lb = PROFILES.map(({ id, title }) => ({ name: title, verdicts: verdicts(groups, results[id]) }));
  const columns = [...lb, ...publishedColumns(groups, await loadPublished())];
  const tables = [...KINDS.map((kind) => groupsTable(groups, kind, columns)), totalsTable(columns)];
  console.log(
    `${tables.join('\n\n')}\n\nlb was run just now; the other results are published ones, of these versions.`,
  );
}

function printChanges(results: Record<ProfileId, RawResults>): void {
  for (const { id, title } of PROFILES) {
    const { regressions, improvements } = compare(readBaseline().profiles[id], verdicts(groups, results[id]));
    for (const line of regressions) console.log(`lost (${title}): ${line}`);
    for (const line of improvements) console.log(`won (${title}): ${line}`);
    if (regressions.length > 0) process.exitCode = 1;
  }
}
