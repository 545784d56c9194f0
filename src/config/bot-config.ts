/** Countries and bots of a site, as configuration has them. */

import type { BotAction, BotClass } from '../base/bot-classes.ts';

/** Which countries are let in. A country on neither list meets `otherwise`. */
export interface CountryTerms {
  /** Two capitals; XX for those that are not known. */
  allow: string[];
  block: string[];
  otherwise: 'allow' | 'block';
  status: number;
}

export interface GeoConfig extends CountryTerms {
  /** The first that matches counts in place of the site's own terms. */
  paths: GeoPath[];
  /** Request field that tells origins the country; undefined for none. */
  header: string | undefined;
}

export interface GeoPath extends CountryTerms {
  match: string[];
  /** `lb.json:5:15`. */
  source: string;
}

export interface BotsConfig {
  /** `log`: nothing is refused, but counted and logged as if it were. */
  mode: 'enforce' | 'log';
  /** By class, those that are given. */
  actions: Partial<Record<BotClass, BotAction>>;
  /** Scores from which an action is taken, the strictest last; classes that have an action of their own aside. */
  thresholds: { action: BotAction; score: number }[];
  /** Globs of paths that are not looked at. */
  exclude: string[];
  /** Requests a minute and address, of clients whose action is `rate_limit`. */
  requestsPerMinute: number;
  /** Whether crawlers of search engines are asked for by DNS. */
  verify: boolean;
  /** Published networks of crawlers, by a word of their User-Agent, lowercase. */
  ranges: { word: string; networks: string[] }[];
  robots: RobotsConfig | undefined;
  /** What of it was read from files. */
  files: string[];
}

export interface ChallengeConfig {
  /** Bits that must be zero. */
  difficulty: number;
  /** Seconds that a passed challenge counts. */
  ttl: number;
  cookie: string;
  /** Signs puzzles and cookies; a secret: never log or print it. */
  secret: string;
}

export interface RobotsConfig {
  /** User agents that may not crawl anything. */
  disallow: string[];
  /** Also those of all AI crawlers that are known. */
  blockAi: boolean;
  /** What else the file says; '' for nothing. */
  text: string;
}
