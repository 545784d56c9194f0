import { BOT_CLASSES, type BotAction, type BotClass } from '../base/bot-classes.ts';
import { botNote } from '../base/guard-note.ts';
import type { Challenge } from '../bot/challenge.ts';
import type { Agent, AgentCache } from '../bot/classify.ts';
import { BotPolicy } from '../bot/policy.ts';
import { ROBOTS_PATH, robotsText } from '../bot/robots.ts';
import { scoreOf } from '../bot/signals.ts';
import { Standings, type Verifier } from '../bot/verify.ts';
import type { BotsConfig } from '../config/bot-config.ts';
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
  readonly #policy: BotPolicy;

  constructor(config: BotsConfig, tools: BotTools) {
    const { mode, robots } = config;
    this.#tools = tools;
    this.#standings = new Standings(config, tools.verifier);
    this.#isEnforced = mode === 'enforce';
    this.#policy = new BotPolicy(config);
    if (robots === undefined) return;
    const body = { contentType: 'text/plain; charset=utf-8', content: robotsText(robots) };
    this.#robots = { status: 200, fields: [], reason: 'robots', body };
  }

  check(x: GuardRequest): Verdict | undefined {
    const agent = this.#tools.agents.of(x.field('user-agent'));
    const { browser } = agent;
    if (browser !== undefined && !this.#standings.isNamed(agent))
      return this.#meet(x, agent.number, scoreOf(x, browser), false);
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
    const action = this.#policy.actionFor(botClass, score, isKnown, x.path);
    if (action !== 'allow') return this.#act(x, botClass, score, action);
    this.#count(botClass, 'allowed');
    return undefined;
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
