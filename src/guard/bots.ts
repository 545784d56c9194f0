import { BOT_ACTIONS, BOT_CLASSES, type BotAction, type BotClass } from '../base/bot-classes.ts';
import { botNote } from '../base/guard-note.ts';
import type { Challenge } from '../bot/challenge.ts';
import type { Agent, AgentCache } from '../bot/classify.ts';
import { ROBOTS_PATH, robotsText } from '../bot/robots.ts';
import { scoreOf } from '../bot/signals.ts';
import { Standings, type Verifier } from '../bot/verify.ts';
import type { BotsConfig } from '../config/bot-config.ts';
import { compileGlobs, type PathMatcher } from '../http/glob.ts';
import { pathForms } from '../http/path-forms.ts';
import { plainGlob, plainPath } from '../http/plain-path.ts';
import { BOT_RESULTS, type BotResult } from '../stats/guard-table.ts';
import type { Addon, GuardRequest, Verdict } from './addon.ts';

/** What the addon of a site needs of its thread. */
export interface BotTools {
  readonly agents: AgentCache;
  readonly verifier: Verifier;
  readonly challenge: Challenge;
  /** What clients meet whose action is `rate_limit`. */
  readonly limit: Addon | undefined;
  /** Adds one to a slot behind the first of `botRequests`. */
  readonly count: (offset: number) => void;
  readonly report: BotReport;
}

/** Told of requests that were not simply let in. */
export type BotReport = (x: GuardRequest, botClass: BotClass, score: number, result: BotResult) => void;

const ALLOW = 0;
const DEFAULTS: Partial<Record<BotClass, BotAction>> = { scanner: 'block', fake: 'block' };

/** Anybody may have it, and what proves the ownership of a domain. */
const OPEN = ['/robots.txt', '/.well-known/acme-challenge/*'];

const FAKE = BOT_CLASSES.indexOf('fake');

const BLOCKED: Verdict = {
  status: 403,
  fields: [],
  reason: 'bot',
  problem: { detail: 'this site does not serve automated clients of this kind' },
};

const RESULT = Object.fromEntries(BOT_RESULTS.map((result, i) => [result, i])) as Record<BotResult, number>;

/** What becomes of requests by what kind of client they come from. */
export class BotsAddon implements Addon {
  readonly name = 'bots';
  readonly #tools: BotTools;
  readonly #standings: Standings;
  readonly #isEnforced: boolean;
  readonly #robots: Verdict | undefined;
  readonly #isOpen: PathMatcher;
  readonly #isOpenPlain: PathMatcher;
  /** By class, the number of the action that is configured, -1 for none. */
  readonly #given: readonly number[];
  /** By class, where none is. */
  readonly #usual: readonly number[];
  /** By score. */
  readonly #byScore: readonly number[];

  constructor(config: BotsConfig, tools: BotTools) {
    const { actions, thresholds, exclude, mode, robots } = config;
    this.#tools = tools;
    this.#standings = new Standings(config, tools.verifier);
    this.#isEnforced = mode === 'enforce';
    this.#isOpen = compileGlobs([...OPEN, ...exclude]);
    this.#isOpenPlain = compileGlobs([...OPEN, ...exclude].map(plainGlob));
    const numberOf = (action: BotAction | undefined) => BOT_ACTIONS.indexOf(action as BotAction);
    this.#given = BOT_CLASSES.map((name) => numberOf(actions[name]));
    this.#usual = BOT_CLASSES.map((name) => numberOf(DEFAULTS[name] ?? 'allow'));
    this.#byScore = Array.from({ length: 101 }, (_, score) =>
      Math.max(
        ALLOW,
        ...thresholds.map((threshold) => (score >= threshold.score ? numberOf(threshold.action) : ALLOW)),
      ),
    );
    if (robots === undefined) return;
    const body = { contentType: 'text/plain; charset=utf-8', content: robotsText(robots) };
    this.#robots = { status: 200, fields: [], reason: 'robots', body };
  }

  check(x: GuardRequest): Verdict | undefined {
    const agent = this.#tools.agents.of(x.field('user-agent'));
    const { browser } = agent;
    if (browser !== undefined) return this.#meet(x, agent.number, scoreOf(x, browser), false);
    return this.#checkBot(x, agent);
  }

  #checkBot(x: GuardRequest, agent: Agent): Verdict | undefined {
    if (!this.#standings.isAbout(agent)) return this.#meet(x, agent.number, agent.score, false);
    const standing = this.#standings.of(agent, x.clientAddress());
    if (standing === 'fake') return this.#meet(x, FAKE, 100, false);
    return this.#meet(x, agent.number, standing === 'verified' ? 0 : agent.score, standing !== 'unclaimed');
  }

  /** @param isKnown the operator has been asked, or is: no threshold is for it */
  #meet(x: GuardRequest, botClass: number, score: number, isKnown: boolean): Verdict | undefined {
    x.note |= botNote(botClass, score);
    if (this.#robots !== undefined && x.path === ROBOTS_PATH && (x.method === 'GET' || x.method === 'HEAD'))
      return this.#robots;
    const given = this.#given[botClass];
    const usual = this.#usual[botClass];
    const action = given >= 0 ? given : isKnown ? usual : Math.max(usual, this.#byScore[score]);
    if (action === ALLOW || this.#isExcluded(x.path)) {
      this.#count(botClass, 'allowed');
      return undefined;
    }
    return this.#act(x, botClass, score, BOT_ACTIONS[action]);
  }

  /** However an origin may read the path. */
  #isExcluded(path: string): boolean {
    if (!pathForms(path).every(this.#isOpen)) return false;
    const plain = plainPath(path);
    return plain === path || (plain !== undefined && this.#isOpenPlain(plain));
  }

  #act(x: GuardRequest, botClass: number, score: number, action: BotAction): Verdict | undefined {
    const { verdict, result } = this.#outcomeOf(x, action);
    const isRefused = verdict !== undefined;
    const told = isRefused && !this.#isEnforced ? 'would_refuse' : result;
    this.#count(botClass, told);
    if (isRefused || action === 'log') this.#tools.report(x, BOT_CLASSES[botClass], score, told);
    return this.#isEnforced ? verdict : undefined;
  }

  #outcomeOf(x: GuardRequest, action: BotAction): { verdict?: Verdict; result: BotResult } {
    switch (action) {
      case 'log':
        return { result: 'logged' };
      case 'rate_limit': {
        const opinion = this.#tools.limit?.check(x);
        return typeof opinion === 'object' ? { verdict: opinion, result: 'rate_limited' } : { result: 'allowed' };
      }
      case 'challenge': {
        const verdict = this.#tools.challenge.check(x);
        return verdict === undefined ? { result: 'challenge_passed' } : { verdict, result: 'challenged' };
      }
      default:
        return { verdict: BLOCKED, result: 'blocked' };
    }
  }

  #count(botClass: number, result: BotResult): void {
    this.#tools.count(botClass * BOT_RESULTS.length + RESULT[result]);
  }
}
