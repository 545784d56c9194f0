/**
 * Runs the suite `http-cache-tests` against lb, twice: with everything on that the standard allows, and with nothing set.
 * Prints how many tests pass by group, beside the published results of other caches, and what is other than stored.
 *
 *     npm run conformance                  exits with 1 when a test passes no longer
 *     npm run conformance -- --update      stores the results, and writes the tables of docs/conformance.md
 *     npm run conformance -- --docs        writes these tables alone, from the stored results
 *     npm run conformance -- --with disk,compression
 *                                          with these on, against the same stored results
 */
import { parseArgs } from 'node:util';
import { compare, readBaseline, writeBaseline } from '../test/conformance/baseline.ts';
import { measureWith } from '../test/conformance/measure.ts';
import { conformancePage, writePage } from '../test/conformance/page.ts';
import { PROFILES, type ProfileId } from '../test/conformance/profiles.ts';
import { KINDS, loadGroups, loadPublished, type RawResults } from '../test/conformance/suite.ts';
import { groupsTable, publishedColumns, totalsTable } from '../test/conformance/table.ts';
import { TIERS, type Tier } from '../test/conformance/tiers.ts';
import { verdicts } from '../test/conformance/verdict.ts';

const { values } = parseArgs({
  options: {
    update: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    with: { type: 'string', default: '' },
  },
});
const tiers = tiersOf(values.with);
if (tiers.length > 0 && values.update) {
  console.error('what is stored is without --with');
  process.exit(2);
}
const groups = await loadGroups();

if (!values.docs) {
  const results = await runAll();
  await printTables(results);
  if (values.update) writeBaseline(groups, results);
  else printChanges(results);
}
if (values.update || values.docs) writePage((await conformancePage()).expected);

function tiersOf(text: string): Tier[] {
  const names = text.split(',').filter(Boolean);
  const unknown = names.find((name) => !(TIERS as readonly string[]).includes(name));
  if (unknown === undefined) return names as Tier[];
  console.error(`--with takes ${TIERS.join(', ')}, not ${unknown}`);
  process.exit(2);
}

async function runAll(): Promise<Record<ProfileId, RawResults>> {
  const closers: (() => void | Promise<void>)[] = [];
  try {
    const run = { after: (close: () => void | Promise<void>) => void closers.push(close) };
    const measured = PROFILES.map(async ({ id, settings }) => {
      const { results, fromDisk } = await measureWith(run, settings, tiers);
      if (tiers.includes('disk')) console.log(`${id}: ${fromDisk} answers came from the disk`);
      return [id, results] as const;
    });
    return Object.fromEntries(await Promise.all(measured)) as Record<ProfileId, RawResults>;
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
