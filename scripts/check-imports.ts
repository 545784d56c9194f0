/**
 * Checks every import against the table in `imports/table.ts`, and that no files import each other in a circle.
 * Exits with 1 and one line for each finding when something is wrong.
 */
import { globSync, readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { findCycles, importGraph } from './imports/graph.ts';
import { violation } from './imports/rules.ts';

const FOLDERS = ['src', 'workers', 'native-bindings', 'test', 'bench', 'loadtest', 'scripts'];

const paths = globSync(`{${FOLDERS.join()}}/**/*.ts`, { exclude: ['**/node_modules/**'] }).map((path) =>
  path.replaceAll(sep, '/'),
);
const edges = importGraph(new Map(paths.map((path) => [path, readFileSync(path, 'utf8')])));

const findings = edges.flatMap((edge) => {
  const why = violation(edge);
  return why ? [`${edge.from}:${edge.line}: imports ${edge.to}: ${why}`] : [];
});
const cycles = findCycles(edges).map((cycle) => `import cycle: ${cycle.join(' -> ')}`);

for (const finding of [...findings, ...cycles]) console.error(finding);
if (findings.length + cycles.length > 0) process.exitCode = 1;
else console.log(`${paths.length} files, ${edges.length} imports: in order, no cycle`);
