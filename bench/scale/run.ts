/** What grows with threads, objects, sites, purges and connections: npm run bench:scale -- --help */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { banRows, objectRows, type Row, threadRows } from './cache-scale.ts';
import { siteRows } from './site-scale.ts';

const HELP = `What a look-up costs as things grow, in processor time.

  npm run bench:scale -- [--parts threads,objects,sites,purges,connections] [--objects 10000000] [--json FILE]

  --parts     all but connections by default; that part runs npm run bench:connections
  --objects   the greatest number of objects; the machine needs memory of about 400 bytes for each
`;

const PARTS = 'threads,objects,sites,purges';

function table(rows: readonly Row[]): string {
  const names = Object.keys(rows[0]);
  const line = (cells: readonly unknown[]) => `| ${cells.join(' | ')} |`;
  return [line(names), line(names.map(() => '---:')), ...rows.map((row) => line(Object.values(row)))].join('\n');
}

async function measure(part: string, objects: number): Promise<Row[] | undefined> {
  if (part === 'threads') return threadRows();
  if (part === 'objects') return objectRows([10_000, 100_000, 1_000_000, 10_000_000].filter((n) => n <= objects));
  if (part === 'sites') return siteRows([1, 100, 1000, 10_000]);
  if (part === 'purges') return banRows([0, 1000, 10_000, 100_000]);
  if (part !== 'connections') throw new Error(`no part ${part}`);
  spawnSync('npm', ['run', 'bench:connections'], { stdio: 'inherit' });
  return undefined;
}

const { values } = parseArgs({
  options: {
    parts: { type: 'string', default: PARTS },
    objects: { type: 'string', default: '10000000' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else {
  const results: Record<string, Row[]> = {};
  for (const part of values.parts.split(',')) {
    const rows = await measure(part, Number(values.objects));
    if (rows === undefined) continue;
    results[part] = rows;
    console.log(`\n${part}\n\n${table(rows)}`);
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, undefined, 2)}\n`);
}
