import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Edge, findCycles, importGraph } from './graph.ts';
import { importsOf } from './parse.ts';
import { violation } from './rules.ts';

test('every kind of import is found, with its line and whether it remains at run time', () => {
  const source = `import type { A } from './a.ts';
import { type B, c } from './b.ts';
import './d.ts';
export * from './e.ts';
export type { F } from './f.ts';
export const g = () => import('./g.ts');
import { type I } from './i.ts';
import j from "@scope/j/part";
export { local };
const local = \`import './no.ts'\`; // import './no.ts'
`;
  const found = importsOf('x.ts', source).map(({ specifier, line, typeOnly }) => [specifier, line, typeOnly]);
  assert.deepEqual(found, [
    ['./a.ts', 1, true],
    ['./b.ts', 2, false],
    ['./d.ts', 3, false],
    ['./i.ts', 7, true],
    ['@scope/j/part', 8, false],
    ['./e.ts', 4, false],
    ['./f.ts', 5, true],
    ['./g.ts', 6, false],
  ]);
  assert.throws(() => importsOf('x.ts', 'import {'), SyntaxError);
});

const cases: { from: string; to: string; typeOnly?: boolean; external?: boolean; why?: RegExp }[] = [
  { from: 'src/http/age.ts', to: 'src/base/clock.ts' },
  { from: 'src/http/age.ts', to: 'src/http/date.ts' },
  { from: 'src/base/clock.ts', to: 'src/http/age.ts', why: /`base` may import nothing/ },
  { from: 'src/cache/slab.ts', to: 'src/http/age.ts', why: /`cache` may import `base`/ },
  { from: 'src/request/lookup.ts', to: 'src/transport/uws.ts', why: /`request` may import/ },
  { from: 'src/transport/uws.ts', to: 'src/request/pipeline.ts', typeOnly: true },
  { from: 'src/transport/uws.ts', to: 'src/request/pipeline.ts', why: /types alone/ },
  { from: 'src/transport/load-uws.ts', to: 'native-bindings/glibc-compat/index.ts' },
  { from: 'src/request/lookup.ts', to: 'src/request/respond.ts', why: /steps/ },
  { from: 'src/request/pipeline.ts', to: 'src/request/respond.ts' },
  { from: 'src/main.ts', to: 'src/cli/run.ts' },
  { from: 'src/main.ts', to: 'workers/edge.ts', why: /`workers` is never imported/ },
  { from: 'src/cli/run.ts', to: 'workers/edge.ts', why: /`workers` is never imported/ },
  { from: 'src/new/part.ts', to: 'src/base/clock.ts', why: /give `new` a line/ },
  { from: 'src/http/age.ts', to: 'test/help.ts', why: /not part of the program/ },
  { from: 'src/http/age.test.ts', to: 'workers/edge.ts' },
  { from: 'src/http/age.ts', to: 'zod', external: true, why: /imports no package/ },
  { from: 'src/config/schema.ts', to: 'zod', external: true },
  { from: 'src/request/lookup.ts', to: 'uWebSockets.js', external: true, why: /only `transport`/ },
];

for (const { from, to, typeOnly = false, external = false, why } of cases) {
  test(`${from} ${why ? 'may not import' : 'may import'} ${typeOnly ? 'types of ' : ''}${to}`, () => {
    const found = violation({ from, to, typeOnly, external, line: 1 });
    if (why) assert.match(found ?? 'allowed', why);
    else assert.equal(found, undefined);
  });
}

test('cycles are found, the shortest of each group; types form none', () => {
  const sources = new Map([
    ['a.ts', "import './b.ts';"],
    ['b.ts', "import './c.ts'; import './d.ts';"],
    ['c.ts', "import './a.ts';"],
    ['d.ts', "import './c.ts';"],
    ['e.ts', "import './f.ts';"],
    ['f.ts', "import type { E } from './e.ts';"],
    ['g.ts', "import './g.ts';"],
    ['sub/h.ts', "import '../a.ts';"],
  ]);
  const edges: Edge[] = importGraph(sources);
  assert.deepEqual(findCycles(edges), [
    ['a.ts', 'b.ts', 'c.ts', 'a.ts'],
    ['g.ts', 'g.ts'],
  ]);
});
