/** The rules of a phase in order and where they lead, before anything of them is compiled. */
import type { Rule, RuleSet } from '../lang/rule.ts';

export interface Outlined {
  readonly rule: Rule;
  /** Its number among all rules. */
  readonly number: number;
  /** The place in the outline where the phase goes on after a match. */
  readonly nextAfterMatch: number;
}

export type Outline = readonly Outlined[];

export function outlineOf(items: RuleSet['items'], phase: number): Outline {
  const outline: Outlined[] = [];
  let number = 0;
  for (const [at, item] of items.entries()) {
    if (item.kind !== 'rule') continue;
    if (item.phase === phase) {
      outline.push({ rule: item, number, nextAfterMatch: placeAfter(item, items, at, outline.length) });
    }
    number++;
  }
  return outline;
}

/**
 * Where `skip` and `skipAfter` lead to within a phase.
 *
 * @param at the rule's place among all items
 * @param position its place in the outline
 */
function placeAfter(rule: Rule, items: RuleSet['items'], at: number, position: number): number {
  if (rule.skipAfter === '') return position + 1 + rule.skip;
  let next = position + 1;
  for (let i = at + 1; i < items.length; i++) {
    const item = items[i];
    if (item.kind === 'marker') {
      if (item.name === rule.skipAfter) return next;
    } else if (item.phase === rule.phase) {
      next++;
      if (String(item.id) === rule.skipAfter) return next;
    }
  }
  return next;
}
