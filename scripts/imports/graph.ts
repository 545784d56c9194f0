import { posix } from 'node:path';
import { importsOf } from './parse.ts';

export interface Edge {
  from: string;
  /** A path of the project, or a package's name when `external`. */
  to: string;
  external: boolean;
  line: number;
  typeOnly: boolean;
}

/**
 * Builds the import graph of a set of files.
 *
 * @param sources text by path; paths are relative to the project's root, with forward slashes
 */
export function importGraph(sources: ReadonlyMap<string, string>): Edge[] {
  const edges: Edge[] = [];
  for (const [from, source] of sources) {
    for (const { specifier, line, typeOnly } of importsOf(from, source)) {
      if (specifier.startsWith('node:')) continue;
      const external = !specifier.startsWith('.');
      const to = external ? packageName(specifier) : posix.join(posix.dirname(from), specifier);
      edges.push({ from, to, external, line, typeOnly });
    }
  }
  return edges;
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/**
 * Finds import cycles: one shortest cycle for each group of files that reach each other (Tarjan's strongly connected
 * components). Imports of types alone vanish at run time and form no cycle.
 *
 * @returns each cycle as the paths along it, the first repeated at the end
 */
export function findCycles(edges: readonly Edge[]): string[][] {
  const targets = new Map<string, string[]>();
  for (const edge of edges) {
    if (edge.external || edge.typeOnly) continue;
    const known = targets.get(edge.from);
    if (known) known.push(edge.to);
    else targets.set(edge.from, [edge.to]);
  }
  return components(targets).map((group) => shortestCycle(targets, group));
}

function components(targets: ReadonlyMap<string, string[]>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): number => {
    const mine = order.size;
    let lowest = mine;
    order.set(node, mine);
    low.set(node, mine);
    stack.push(node);
    for (const next of targets.get(node) ?? []) {
      if (!order.has(next)) lowest = Math.min(lowest, visit(next));
      else if (stack.includes(next)) lowest = Math.min(lowest, low.get(next) ?? lowest);
    }
    low.set(node, lowest);
    if (lowest === mine) {
      const group = stack.splice(stack.indexOf(node));
      if (group.length > 1 || targets.get(node)?.includes(node)) found.push(group);
    }
    return lowest;
  };
  for (const node of targets.keys()) if (!order.has(node)) visit(node);
  return found;
}

function shortestCycle(targets: ReadonlyMap<string, string[]>, group: readonly string[]): string[] {
  const inside = new Set(group);
  const [start = ''] = [...group].sort();
  const paths: string[][] = [[start]];
  const seen = new Set<string>();
  for (const path of paths) {
    for (const next of targets.get(path.at(-1) as string) ?? []) {
      if (next === start) return [...path, start];
      if (!inside.has(next) || seen.has(next)) continue;
      seen.add(next);
      paths.push([...path, next]);
    }
  }
  return [...group];
}
