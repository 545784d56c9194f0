import { BOT_ACTIONS, BOT_CLASSES, type BotAction, type BotClass } from '../base/bot-classes.ts';
import type { BotsConfig } from '../config/bot-config.ts';
import { compileGlobs, type PathMatcher } from '../http/glob.ts';
import { pathForms } from '../http/path-forms.ts';
import { plainGlob, plainPath } from '../http/plain-path.ts';

/** What becomes of classes of which configuration says nothing; the others are let in. */
const DEFAULTS: Partial<Record<BotClass, BotAction>> = { scanner: 'block', fake: 'block' };

/** Anybody may have it, and what proves the ownership of a domain. */
const OPEN = ['/robots.txt', '/.well-known/acme-challenge/*'];

const ALLOW = 0;

/** What a site does with clients of a class and score. */
export class BotPolicy {
  readonly #isOpen: PathMatcher;
  readonly #isOpenPlain: PathMatcher;
  /** By class, the number of the action that is configured, -1 for none. */
  readonly #given: readonly number[];
  /** By class, where none is. */
  readonly #usual: readonly number[];
  /** By score. */
  readonly #byScore: readonly number[];

  constructor({ actions, thresholds, exclude }: Pick<BotsConfig, 'actions' | 'thresholds' | 'exclude'>) {
    const open = [...OPEN, ...exclude];
    this.#isOpen = compileGlobs(open);
    this.#isOpenPlain = compileGlobs(open.map(plainGlob));
    const numberOf = (action: BotAction | undefined) => BOT_ACTIONS.indexOf(action as BotAction);
    this.#given = BOT_CLASSES.map((name) => numberOf(actions[name]));
    this.#usual = BOT_CLASSES.map((name) => numberOf(DEFAULTS[name] ?? 'allow'));
    this.#byScore = Array.from({ length: 101 }, (_, score) => {
      const reached = thresholds.filter((threshold) => score >= threshold.score);
      return Math.max(ALLOW, ...reached.map(({ action }) => numberOf(action)));
    });
  }

  /**
   * @param botClass its number @param score 0 to 100
   * @param isKnown the operator has been asked, or is: no threshold is for it
   */
  actionFor(botClass: number, score: number, isKnown: boolean, path: string): BotAction {
    const given = this.#given[botClass];
    const usual = this.#usual[botClass];
    const action = given >= 0 ? given : isKnown ? usual : Math.max(usual, this.#byScore[score]);
    return action === ALLOW || this.#isExcluded(path) ? 'allow' : BOT_ACTIONS[action];
  }

  /** However an origin may read the path. */
  #isExcluded(path: string): boolean {
    if (!pathForms(path).every(this.#isOpen)) return false;
    const plain = plainPath(path);
    return plain === path || (plain !== undefined && this.#isOpenPlain(plain));
  }
}
