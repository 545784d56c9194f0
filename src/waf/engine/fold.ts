/**
 * Rules that ask TX for what the configuration has set once for all, such as those that pass over the rules of higher
 * paranoia levels, answer the same for every request. What never matches, what is never reached and what only leads to
 * the next rule is left out of the plan.
 */
import type { Rule, RuleSelection } from '../lang/rule.ts';
import type { Outline, Outlined } from './outline.ts';
import { isNothing, isTold } from './setup.ts';

/** Whether the first link of a rule matches, its chain and actions left aside. */
export type Answer = (link: Rule) => boolean;

export interface FoldTerms {
  /** By phase, each begun at its first rule. */
  readonly outlines: readonly Outline[];
  readonly answer: Answer;
  /** By rule number 1 for those that are selected. */
  readonly select: (selection: RuleSelection) => Uint8Array;
}

/** The outlines without the rules that make no difference. */
export function foldConstants(terms: FoldTerms): readonly Outline[] {
  const answers = new Map<Rule, boolean>();
  const answer = (link: Rule): boolean => {
    let known = answers.get(link);
    if (known === undefined) {
      known = terms.answer(link);
      answers.set(link, known);
    }
    return known;
  };
  let { outlines } = terms;
  // what is left out writes nothing, so that more may be constant
  for (;;) {
    const written = new Written(outlines);
    const removable = removableBy(outlines, terms.select);
    const folded = outlines.map((outline) => foldPhase(outline, written, answer, removable));
    if (folded.every((outline, phase) => outline.length === outlines[phase].length)) return folded;
    outlines = folded;
  }
}

/** The names in TX that rules may set while a request is inspected. */
class Written {
  readonly #names = new Set<string>();
  /** Of names that macros make up: what stands before the first macro. */
  readonly #beginnings: string[] = [];

  constructor(outlines: readonly Outline[]) {
    for (const { rule } of outlines.flat()) for (const link of linksOf(rule)) this.#add(link);
  }

  #add(link: Rule): void {
    if (link.capture) for (let group = 0; group < 10; group++) this.#names.add(String(group));
    for (const action of link.actions) {
      if (action.kind !== 'setvar' || action.collection !== 'tx') continue;
      const name = action.name.toLowerCase();
      const macro = name.indexOf('%{');
      if (macro === -1) this.#names.add(name);
      else this.#beginnings.push(name.slice(0, macro));
    }
  }

  has(name: string): boolean {
    const key = name.toLowerCase();
    return this.#names.has(key) || this.#beginnings.some((beginning) => key.startsWith(beginning));
  }
}

function linksOf(rule: Rule): Rule[] {
  return rule.chain === undefined ? [rule] : [rule, ...linksOf(rule.chain)];
}

/** Whether `ctl` may take the rule away, by its number. */
function removableBy(outlines: readonly Outline[], select: FoldTerms['select']): (number: number) => boolean {
  const selections: Uint8Array[] = [];
  for (const { rule } of outlines.flat()) {
    for (const { actions } of linksOf(rule)) {
      for (const action of actions) {
        if (action.kind !== 'ctl') continue;
        const { control } = action;
        if (control.option === 'remove-rule' || control.option === 'remove-target') {
          selections.push(select(control.rules));
        }
      }
    }
  }
  return (number) => selections.some((selected) => selected[number] === 1);
}

function foldPhase(
  outline: Outline,
  written: Written,
  answer: Answer,
  removable: (number: number) => boolean,
): Outline {
  const reached = new Uint8Array(outline.length + 1);
  const leads = new Uint8Array(outline.length);
  const stays = new Uint8Array(outline.length);
  reached[0] = 1;
  for (const [at, outlined] of outline.entries()) {
    if (reached[at] === 0) continue;
    const constant = constantAnswer(outlined.rule, written, answer);
    const leadsOn = constant === true && onlyLeads(outlined.rule) && !removable(outlined.number);
    if (!leadsOn) reached[at + 1] = 1;
    if (constant !== false) reached[Math.min(outlined.nextAfterMatch, outline.length)] = 1;
    leads[at] = leadsOn ? 1 : 0;
    stays[at] = constant === false || leadsOn ? 0 : 1;
  }
  // a leap over rules that are reached from elsewhere has to stay
  for (const [at, { nextAfterMatch }] of outline.entries()) {
    if (leads[at] === 1 && reached.subarray(at + 1, nextAfterMatch).includes(1)) stays[at] = 1;
  }
  return compacted(outline, stays);
}

function compacted(outline: Outline, stays: Uint8Array): Outline {
  const places: number[] = [];
  let count = 0;
  for (const stay of stays) {
    places.push(count);
    count += stay;
  }
  return outline
    .filter((_, at) => stays[at] === 1)
    .map((outlined): Outlined => ({ ...outlined, nextAfterMatch: places[outlined.nextAfterMatch] ?? count }));
}

/** Whether a match does nothing but lead to another rule. */
function onlyLeads(rule: Rule): boolean {
  return !isTold(rule) && linksOf(rule).every(({ actions, capture }) => !capture && actions.every(isNothing));
}

/** What the rule comes to for every request; undefined where that is not known, or where links set variables on the way. */
function constantAnswer(rule: Rule, written: Written, answer: Answer): boolean | undefined {
  for (const link of linksOf(rule)) {
    if (link.operator !== undefined || link.targets.length > 0) {
      if (!isConstant(link, written)) return undefined;
      if (!answer(link)) return false;
    }
    const sets = link.capture || link.actions.some(({ kind }) => kind === 'setvar');
    if (link.chain !== undefined && sets) return undefined;
  }
  return true;
}

/** Whether the link asks only for what nothing writes. */
function isConstant({ targets, operator }: Rule, written: Written): boolean {
  if (operator === undefined || operator.name === 'geolookup') return false;
  for (const { variable, selector, exclude } of targets) {
    if (variable !== 'tx' || selector?.kind !== 'text' || exclude || written.has(selector.text)) return false;
  }
  for (const [, name] of operator.argument.matchAll(/%\{([^{}]*)\}/g)) {
    const found = /^tx[.:](.+)$/i.exec(name.trim());
    if (found === null || written.has(found[1])) return false;
  }
  return true;
}
