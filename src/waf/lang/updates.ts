/** What SecRuleRemoveBy..., SecRuleUpdateTargetBy... and SecRuleUpdateActionById do, whatever stands before or after. */

import type { WrittenAction } from './action-list.ts';
import { type Draft, phaseOf } from './build.ts';
import { Misuse } from './mistakes.ts';
import type { IdRange, Place, RuleSelection, Target } from './rule.ts';
import { compileSelection } from './selection.ts';

/** One of these directives. */
export type Update =
  | { readonly kind: 'remove'; readonly rules: RuleSelection }
  | {
      readonly kind: 'targets';
      readonly rules: RuleSelection;
      /** Which link of a chain, from 0. */
      readonly link: number;
      readonly targets: readonly Target[];
      /** Targets that these stand for in place of being added. */
      readonly replaced: readonly Target[];
    }
  | {
      readonly kind: 'actions';
      readonly place: Place;
      readonly ids: readonly IdRange[];
      readonly link: number;
      readonly actions: readonly WrittenAction[];
    };

/** The drafts that remain, changed. */
export function applyUpdates(drafts: readonly Draft[], updates: readonly Update[]): Draft[] {
  let left = [...drafts];
  for (const update of updates) {
    if (update.kind === 'actions') {
      const isMeant = draftTest({ by: 'id', ranges: update.ids });
      for (const draft of left) if (isMeant(draft)) appendActions(draft, update.link, update.actions);
      continue;
    }
    const isMeant = draftTest(update.rules);
    if (update.kind === 'remove') left = left.filter((draft) => !isMeant(draft));
    else for (const draft of left) if (isMeant(draft)) updateTargets(draft, update);
  }
  return left;
}

/** A test by what a draft says of itself and SecDefaultAction for it. */
function draftTest(selection: RuleSelection): (draft: Draft) => boolean {
  const test = compileSelection(selection);
  return ({ id, actions, defaults }) => {
    const named = (name: string): string[] =>
      [...defaults, ...actions].filter((action) => action.name === name).map(({ value }) => value ?? '');
    return test({ id, tags: selection.by === 'tag' ? named('tag') : [], msg: named('msg').at(-1) ?? '' });
  };
}

function linkOf(draft: Draft, link: number): Draft | undefined {
  let found: Draft | undefined = draft;
  for (let left = link; left > 0 && found !== undefined; left -= 1) found = found.chain;
  return found;
}

function updateTargets(draft: Draft, update: Extract<Update, { kind: 'targets' }>): void {
  const link = linkOf(draft, update.link);
  if (link === undefined || link.operator === undefined) return;
  const replaced = new Set(update.replaced.map((target) => JSON.stringify(target)));
  link.targets = [...link.targets.filter((target) => !replaced.has(JSON.stringify(target))), ...update.targets];
}

function appendActions(draft: Draft, link: number, actions: readonly WrittenAction[]): void {
  const found = linkOf(draft, link);
  if (found !== undefined) found.actions = [...found.actions, ...actions];
}

/** Checks what SecRuleUpdateActionById is given. @throws Misuse */
export function checkUpdate(actions: readonly WrittenAction[]): void {
  if (actions.some(({ name }) => name === 'id') || phaseOf(actions) !== undefined)
    throw new Misuse('the id and the phase of a rule stay as they are', 'remove id and phase from the list');
  if (actions.some(({ name }) => name === 'chain'))
    throw new Misuse('a rule cannot become a chain afterwards', 'remove chain from the list');
}
