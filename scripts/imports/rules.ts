import { posix } from 'node:path';
import type { Edge } from './graph.ts';
import { IMPORT_TABLE, NEVER_IMPORTED, NO_PACKAGES, PACKAGE_OWNERS, STEPS } from './table.ts';

/** The part of the program that a file belongs to; undefined for tests, benchmarks and scripts. */
export function partOf(path: string): string | undefined {
  if (path.endsWith('.test.ts')) return undefined;
  const [top, second] = path.split('/');
  if (top === 'workers' || top === 'native-bindings') return top;
  if (top !== 'src' || !second) return undefined;
  return second.endsWith('.ts') ? posix.basename(second, '.ts') : second;
}

/**
 * Checks one import against the table.
 *
 * @returns why it is not allowed, or undefined
 */
export function violation(edge: Edge): string | undefined {
  const part = partOf(edge.from);
  if (part === undefined) return undefined;
  if (edge.external) return packageViolation(part, edge);
  if (/(^|\/)\.\.\//.test(edge.to)) return 'leads out of the project';
  if (edge.to.endsWith('.test.ts')) return 'is a test';
  const target = partOf(edge.to);
  if (target === undefined) return 'is not part of the program';
  if (target === part) return stepViolation(edge);
  const rule = IMPORT_TABLE[part];
  if (!rule) return `has no rule: give \`${part}\` a line in scripts/imports/table.ts`;
  if (NEVER_IMPORTED.includes(target)) return `\`${target}\` is never imported`;
  if (rule.imports.includes('any') || rule.imports.includes(target)) return undefined;
  if (rule.types?.includes(target)) {
    return edge.typeOnly ? undefined : `\`${part}\` may import types alone from \`${target}\``;
  }
  return `\`${part}\` may import ${list(rule.imports)}`;
}

function packageViolation(part: string, edge: Edge): string | undefined {
  if (NO_PACKAGES.includes(part)) return `\`${part}\` imports no package`;
  const owners = PACKAGE_OWNERS[edge.to];
  if (!owners || edge.typeOnly || owners.includes(part)) return undefined;
  return `only ${list(owners)} may import this package`;
}

function stepViolation(edge: Edge): string | undefined {
  return isStep(edge.from) && isStep(edge.to) ? 'steps of the pipeline never import each other' : undefined;
}

function isStep(path: string): boolean {
  return path.startsWith('src/request/') && STEPS.includes(posix.basename(path, '.ts'));
}

function list(parts: readonly string[]): string {
  return parts.length > 0 ? parts.map((part) => `\`${part}\``).join(', ') : 'nothing';
}
