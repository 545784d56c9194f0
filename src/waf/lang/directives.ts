/** Directives that are rules or are about rules. */

import { parseActionList, type WrittenAction } from './action-list.ts';
import { checkActions, checkDefaults, type Draft, idOf, phaseOf } from './build.ts';
import { unescaped, type Word } from './lines.ts';
import { Misuse } from './mistakes.ts';
import { parseOperator } from './operator.ts';
import type { Phase, Place, Target } from './rule.ts';
import { parseRanges } from './selection.ts';
import { parseTargets } from './targets.ts';
import { checkUpdate, type Update } from './updates.ts';

/** What the directives of all files add up to. */
export class RuleBook {
  readonly items: (Draft | { readonly marker: string; readonly place: Place })[] = [];
  readonly updates: Update[] = [];
  readonly #defaults = new Map<Phase, readonly WrittenAction[]>();
  /** Rules of a phase for which there is no SecDefaultAction yet. */
  readonly #waiting: { readonly draft: Draft; readonly isLink: boolean }[] = [];
  readonly #places = new Map<number, Place>();
  /** The last link of a chain that goes on. */
  #open: Draft | undefined;
  #links = 0;

  /** Where a chain that goes on was begun. */
  get openChain(): Place | undefined {
    return this.#open?.place;
  }

  /** Ends a chain that nothing follows. */
  closeChain(): void {
    this.#open = undefined;
  }

  /** SecRule, SecAction. @throws Misuse */
  add(place: Place, targets: readonly Target[], operatorText: string | undefined, actionText: string): void {
    const open = this.#open;
    this.#open = undefined;
    const operator = operatorText === undefined ? undefined : parseOperator(operatorText);
    const actions = parseActionList(actionText);
    const phase = open?.phase ?? phaseOf(actions) ?? 2;
    const id = open === undefined ? idOf(actions) : 0;
    const draft: Draft = { place, targets, operator, actions, defaults: [], id, phase, chain: undefined };
    const defaults = this.#defaults.get(phase);
    if (defaults === undefined) this.#waiting.push({ draft, isLink: open !== undefined });
    else draft.defaults = defaultsFor(defaults, open !== undefined);
    if (actions.some(({ name }) => name === 'chain')) this.#open = draft;
    checkActions(actions, place);
    if (open === undefined) this.#begin(draft);
    else {
      const disruptive = actions.find(({ name }) => DISRUPTIVE.has(name));
      if (disruptive !== undefined)
        throw new Misuse(`${disruptive.name} in a rule of a chain`, 'put it into the first rule of the chain');
      this.#links += 1;
      if (this.#links > MOST_LINKS) throw new Misuse(`a chain of over ${MOST_LINKS} rules`, 'write fewer rules');
      open.chain = draft;
    }
  }

  #begin(draft: Draft): void {
    const { id, place } = draft;
    if (id === 0) throw new Misuse('the rule has no id', 'add "id:NUMBER" with a number that no other rule has');
    const earlier = this.#places.get(id);
    if (earlier !== undefined)
      throw new Misuse(
        `rule ${id} is there already`,
        `give it another id; the first is at ${earlier.file}:${earlier.line}`,
      );
    this.#links = 0;
    this.#places.set(id, place);
    this.items.push(draft);
  }

  mark(place: Place, marker: string): void {
    this.items.push({ marker, place });
  }

  /**
   * SecDefaultAction, for the rules of its phase that follow, and for those before it that have none yet. ModSecurity 3
   * knows one a phase, for all rules, and version 2 several, for those that follow.
   *
   * @throws Misuse
   */
  setDefaults(place: Place, text: string): void {
    const actions = parseActionList(text);
    checkDefaults(actions, place);
    const phase = phaseOf(actions) ?? 2;
    const defaults = actions.filter(({ name }) => name !== 'phase');
    if (!this.#defaults.has(phase)) {
      for (const { draft, isLink } of this.#waiting)
        if (draft.phase === phase) draft.defaults = defaultsFor(defaults, isLink);
    }
    this.#defaults.set(phase, defaults);
  }
}

/** The links of a chain have no defaults but transformations. */
function defaultsFor(defaults: readonly WrittenAction[], isLink: boolean): readonly WrittenAction[] {
  return isLink ? defaults.filter(({ name }) => name === 't') : defaults;
}

const MOST_LINKS = 200;
const DISRUPTIVE = new Set(['allow', 'block', 'deny', 'drop', 'pass', 'redirect']);

type Handler = (book: RuleBook, words: readonly Word[], place: Place, name: string) => void;

/** By name in lower case, with how many words may follow. */
export const RULE_DIRECTIVES: Readonly<Record<string, { least: number; most: number; run: Handler }>> = {
  secrule: {
    least: 2,
    most: 3,
    run: (book, [targets, operator, actions], place) =>
      book.add(place, parseTargets(targets.text), operator.text, actions?.text ?? ''),
  },
  secaction: { least: 1, most: 1, run: (book, [actions], place) => book.add(place, [], undefined, actions.text) },
  secmarker: { least: 1, most: 1, run: (book, [name], place) => book.mark(place, name.text) },
  secdefaultaction: { least: 1, most: 1, run: (book, [actions], place) => book.setDefaults(place, actions.text) },
  secruleremovebyid: {
    least: 1,
    most: 10_000,
    run: (book, words) => {
      const ranges = parseRanges(words.map(({ text }) => text).join(' '));
      book.updates.push({ kind: 'remove', rules: { by: 'id', ranges } });
    },
  },
  secruleremovebytag: {
    least: 1,
    most: 1,
    run: (book, [tag]) => book.updates.push({ kind: 'remove', rules: { by: 'tag', pattern: tag.text } }),
  },
  secruleremovebymsg: {
    least: 1,
    most: 1,
    run: (book, [msg]) =>
      book.updates.push({ kind: 'remove', rules: { by: 'msg', pattern: unescaped(msg.text, '"') } }),
  },
  secruleupdatetargetbyid: { least: 2, most: 3, run: updateTargets },
  secruleupdatetargetbytag: { least: 2, most: 3, run: updateTargets },
  secruleupdatetargetbymsg: { least: 2, most: 3, run: updateTargets },
  secruleupdateactionbyid: {
    least: 2,
    most: 2,
    run: (book, [which, list], place) => {
      const actions = parseActionList(list.text);
      checkUpdate(actions);
      checkActions(actions, place);
      const { ids, link } = withLink(which.text);
      book.updates.push({ kind: 'actions', place, ids: parseRanges(ids), link, actions });
    },
  },
};

function updateTargets(book: RuleBook, words: readonly Word[], _: Place, name: string): void {
  const [which, added, replaced] = words.map(({ text }) => unescaped(text, '"'));
  const by = name.slice(-3) === 'tag' ? 'tag' : name.slice(-3) === 'msg' ? 'msg' : 'id';
  const { ids, link } = by === 'id' ? withLink(which) : { ids: '', link: 0 };
  book.updates.push({
    kind: 'targets',
    rules: by === 'id' ? { by, ranges: parseRanges(ids) } : { by, pattern: which },
    link,
    targets: parseTargets(added),
    replaced: replaced === undefined ? [] : parseTargets(replaced),
  });
}

/** `942100:1` is the second rule of a chain. */
function withLink(text: string): { ids: string; link: number } {
  const found = /^(\s*\d+\s*):(\d{1,4})\s*$/.exec(text);
  return found === null ? { ids: text, link: 0 } : { ids: found[1], link: Number(found[2]) };
}
