/** The rows of the settings table about bots. */

import { BOT_ACTIONS, BOT_CLASSES, type BotClass } from '../base/bot-classes.ts';
import type { Setting } from './setting.ts';

const MEANING: Readonly<Record<BotClass, string>> = {
  browser: 'clients that look like browsers with a person in front of them',
  search: 'crawlers of search engines',
  ai: 'crawlers and fetchers of AI services',
  preview: 'what fetches previews of links for social networks and messengers',
  monitor: 'what watches whether sites are up',
  seo: 'crawlers for SEO, advertising, archives and research',
  feed: 'readers of feeds',
  library: 'HTTP libraries and command-line tools, such as curl',
  headless: 'browsers that a program drives',
  scanner: 'scanners for vulnerabilities and of the whole internet',
  fake: 'clients that claim to be a crawler whose operator disowns their address',
  unknown: 'other bots, and clients that send no User-Agent',
};

/** What is done with a class of which configuration says nothing; the others are let in. */
const DEFAULTS: Partial<Record<BotClass, string>> = { scanner: 'block', fake: 'block' };

/** All of them, in the order of the documentation. */
export const BOT_SETTINGS: readonly Setting[] = [
  {
    path: 'addons.bots.mode',
    scope: 'site',
    type: 'enum',
    values: ['enforce', 'log', 'off'],
    default: 'enforce',
    prose: 'Whether bots meet what is configured for them, or are only counted and logged as if they did.',
  },
  ...BOT_CLASSES.map(
    (name): Setting => ({
      path: `addons.bots.actions.${name}`,
      scope: 'site',
      type: 'enum',
      values: BOT_ACTIONS,
      defaultText: `\`${DEFAULTS[name] ?? 'allow'}\`, or what a threshold says`,
      prose: `What becomes of ${MEANING[name]}.`,
    }),
  ),
  ...BOT_ACTIONS.slice(1).map(
    (action): Setting => ({
      path: `addons.bots.thresholds.${action}`,
      scope: 'site',
      type: 'integer',
      defaultText: 'none',
      min: 1,
      max: 100,
      prose: `Score from which this is done with requests of classes without an action of their own. 0 is a person's browser, 100 surely none.`,
    }),
  ),
  {
    path: 'addons.bots.exclude',
    scope: 'site',
    type: 'globs',
    defaultText: 'none',
    prose: 'Paths that anybody may ask for, by globs as in `rules[].match`. `/robots.txt` is one always.',
  },
  {
    path: 'addons.bots.requests_per_minute',
    scope: 'site',
    type: 'integer',
    default: 60,
    min: 1,
    max: 1_000_000,
    prose:
      'Requests that each client address may make where the action is `rate_limit`; as many at once as in ten seconds.',
  },
  {
    path: 'addons.bots.verify',
    scope: 'site',
    type: 'boolean',
    default: true,
    prose:
      'Whether DNS is asked if a crawler of a search engine is what it says: the name of its address must be one of the engine, and lead back to the address. Until that is known it is let in.',
  },
  {
    path: 'addons.bots.ranges',
    scope: 'site',
    type: 'paths',
    default: [],
    prose:
      'Files with the networks that operators of crawlers publish, as JSON with `prefixes` or one network a line. `gptbot.json` is for clients with `gptbot` in their User-Agent, and so on.',
  },
  {
    path: 'addons.bots.challenge.difficulty',
    scope: 'site',
    type: 'integer',
    default: 16,
    min: 4,
    max: 24,
    prose: 'Zero bits that a browser has to find. 16 takes well under a second, each one more twice as long.',
  },
  {
    path: 'addons.bots.challenge.ttl',
    scope: 'site',
    type: 'duration',
    default: '12h',
    min: 60,
    max: 30 * 86_400,
    unit: 's',
    prose: 'How long a passed challenge counts.',
  },
  {
    path: 'addons.bots.challenge.cookie',
    scope: 'site',
    type: 'cookie',
    default: 'lb_clearance',
    prose: 'Cookie that says so. Origins see it as any other.',
  },
  {
    path: 'addons.bots.challenge.secret',
    scope: 'site',
    type: 'string',
    defaultText: 'a new one for each process',
    env: 'LB_CHALLENGE_SECRET',
    secret: true,
    prose:
      'What signs challenges and cookies, at least 16 characters: the same for several lbs in front of one site, or to have cookies outlive a restart.',
  },
  {
    path: 'addons.bots.robots',
    scope: 'site',
    type: 'strings',
    default: [],
    prose:
      'Has lb answer `/robots.txt`: user agents that may not crawl anything, and `block-ai` for all AI crawlers that are known.',
  },
  {
    path: 'addons.bots.robots_file',
    scope: 'site',
    type: 'file',
    defaultText: 'none',
    prose: 'File with what else `/robots.txt` is to say, in place of what the origin has there.',
  },
];
