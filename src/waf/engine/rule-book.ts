/** Which rules an exclusion is about, by their numbers in the plan. */
import type { Rule, RuleSelection } from '../lang/rule.ts';

export class RuleNumbers {
  readonly #rules: readonly Rule[];
  readonly #selections = new Map<string, Uint8Array>();

  /** @param rules the first links, in the order of their numbers */
  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  /**
   * By rule number 1 for those that are selected.
   *
   * @throws Error for a pattern that is none
   */
  select(selection: RuleSelection): Uint8Array {
    const key = JSON.stringify(selection);
    let selected = this.#selections.get(key);
    if (selected === undefined) {
      const test = selectionTest(selection);
      selected = Uint8Array.from(this.#rules, (rule) => (test(rule) ? 1 : 0));
      this.#selections.set(key, selected);
    }
    return selected;
  }
}

function selectionTest(selection: RuleSelection): (rule: Rule) => boolean {
  if (selection.by === 'id') {
    return (rule) => selection.ranges.some(([from, to]) => rule.id >= from && rule.id <= to);
  }
  const pattern = compilePattern(selection.pattern);
  if (selection.by === 'tag') return (rule) => rule.tags.some((tag) => pattern.test(tag));
  return (rule) => pattern.test(rule.msg);
}

function compilePattern(source: string): RegExp {
  try {
    return new RegExp(source);
  } catch {
    throw new Error(`${source} is no valid pattern`);
  }
}
