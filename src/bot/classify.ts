/** What a client is by its User-Agent. */

import { createRequire } from 'node:module';
import type crawlers from 'crawler-user-agents';
import { isbot } from 'isbot';
import { BOT_CLASSES, type BotClass } from '../base/bot-classes.ts';
import { type Engine, engineOf } from './engines.ts';
import { PatternIndex } from './patterns.ts';

/** What is known of a User-Agent. */
export interface Agent {
  readonly botClass: BotClass;
  /** Of the class. */
  readonly number: number;
  /** How little it is a person's browser, by its name alone: 0 to 100. */
  readonly score: number;
  /** The operator who can be asked whether it is theirs. */
  readonly engine: Engine | undefined;
  /** Of what looks like a browser. */
  readonly browser: BrowserClaim | undefined;
  /** Lowercase, for words in it. */
  readonly text: string;
}

/** What a User-Agent says of its browser. */
export interface BrowserClaim {
  readonly family: 'chromium' | 'firefox' | 'safari' | 'other';
  /** 0 where it is not said. */
  readonly major: number;
  readonly isMobile: boolean;
  /** As in Sec-CH-UA-Platform, lowercase; '' where it is not clear. */
  readonly platform: string;
}

/** Scores of clients that say what they are, where nobody has confirmed it. */
const SCORES: Readonly<Record<BotClass, number>> = {
  browser: 0,
  search: 30,
  preview: 30,
  monitor: 30,
  feed: 30,
  ai: 50,
  seo: 50,
  library: 70,
  unknown: 70,
  headless: 80,
  scanner: 100,
  fake: 100,
};

/** Characters of a User-Agent that are looked at. */
const LONGEST = 512;

/** Ahead of all lists. */
const OWN: readonly (readonly [RegExp, BotClass])[] = [
  [/headlesschrome|phantomjs|slimerjs|puppeteer|playwright|selenium|webdriver|cypress\/|htmlunit|jsdom/i, 'headless'],
  [
    /sqlmap|nikto|nuclei|masscan|zgrab|zmeu|wpscan|acunetix|nessus|openvas|dirbuster|gobuster|feroxbuster|\bffuf|fuzz faster|wfuzz|whatweb|nmap|metasploit|commix|arachni|netsparker|l9explore|l9scan|censysinspect|paloaltonetworks|expanse/i,
    'scanner',
  ],
  // what proves who owns a site, or looks after it, however much it scans
  [
    /let's encrypt|google-trust-services|digicert dcv|sectigo|hstspreload|ssl ?labs|securityheaders|cloudflare-|akismet|vaultpress|sucuri|cookiebot|cookiehub|iubenda|unshorten|kube-probe|healthchecker|googlehc|^prometheus|lighthouse/i,
    'monitor',
  ],
  [
    /^(?:curl|libcurl|wget|python|aiohttp|httpx|java|jakarta|apache-http|php|guzzle|ruby|faraday|perl|libwww|lwp|go-http|okhttp|dart|node|undici|axios|got|postman\w*|insomnia|httpie|reqwest|rust|hyper|winhttp|powershell|dotnet|restsharp)\b/i,
    'library',
  ],
  // apps on telephones
  [/^Dalvik\/|\bCFNetwork\/\S+ Darwin\//, 'library'],
];

/** By tag of the list, the first that an entry has. */
const BY_TAG: readonly (readonly [string, BotClass])[] = [
  ['browser-automation', 'headless'],
  ['ai-crawler', 'ai'],
  ['search-engine', 'search'],
  ['social-preview', 'preview'],
  ['monitoring', 'monitor'],
  ['feed-reader', 'feed'],
  ['scanner', 'scanner'],
  ['seo', 'seo'],
  ['advertising', 'seo'],
  ['archiver', 'seo'],
  ['academic', 'seo'],
  ['http-library', 'library'],
];

type Crawler = (typeof crawlers)[number] & { readonly tags?: readonly string[] };

let index: PatternIndex<BotClass> | undefined;
let aiNames: readonly string[] | undefined;

/** The list is read when a site first asks for it, and not kept. */
function readCrawlers(): readonly Crawler[] {
  const require = createRequire(import.meta.url);
  const path = require.resolve('crawler-user-agents');
  const list = require(path) as readonly Crawler[];
  delete require.cache[path];
  return list;
}

function classOfTags(tags: readonly string[] = []): BotClass {
  return BY_TAG.find(([tag]) => tags.includes(tag))?.[1] ?? 'unknown';
}

function load(): PatternIndex<BotClass> {
  const list = readCrawlers();
  aiNames = list
    .filter(({ tags }) => classOfTags(tags) === 'ai')
    .map(({ pattern }) => plainName(pattern))
    .filter((name) => name !== '');
  return new PatternIndex(list.map(({ pattern, tags }) => [pattern, classOfTags(tags)]));
}

/** A pattern as the name that robots.txt knows the crawler by; '' where it is none. */
function plainName(pattern: string): string {
  const name = pattern.replace(/\[(\w)\w\]/g, '$1').replace(/\\\/$|\\/g, '');
  return /^[A-Za-z_][\w.-]*$/.test(name) ? name : '';
}

/** Names of AI crawlers for robots.txt. */
export function aiCrawlers(): readonly string[] {
  index ??= load();
  return aiNames ?? [];
}

/** @param text a whole User-Agent, '' for none */
export function classify(text: string): Agent {
  const cut = text.length > LONGEST ? text.slice(0, LONGEST) : text;
  const botClass = classOf(cut);
  return {
    botClass,
    number: BOT_CLASSES.indexOf(botClass),
    score: SCORES[botClass],
    engine: botClass === 'search' || botClass === 'preview' || botClass === 'ai' ? engineOf(cut) : undefined,
    browser: botClass === 'browser' ? claimOf(cut) : undefined,
    text: cut.toLowerCase(),
  };
}

function classOf(text: string): BotClass {
  if (text === '') return 'unknown';
  const own = OWN.find(([pattern]) => pattern.test(text));
  if (own !== undefined) return own[1];
  // the list has words of browsers too, so that it only tells which bot one is
  if (!isbot(text)) return /^(?:Mozilla|Opera)\//.test(text) ? 'browser' : 'unknown';
  index ??= load();
  return index.find(text) ?? 'unknown';
}

function claimOf(text: string): BrowserClaim {
  const isMobile = /\bMobile\b|\bAndroid\b/.test(text);
  const version = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0);
  const chromium = version(/\bChrom(?:e|ium)\/(\d{1,4})/);
  const firefox = version(/\bFirefox\/(\d{1,4})/);
  const safari = version(/\bVersion\/(\d{1,4})[.\d]*(?: Mobile\/\w+)? Safari\//);
  const platform = platformOf(text);
  if (chromium > 0) return { family: 'chromium', major: chromium, isMobile, platform };
  if (firefox > 0) return { family: 'firefox', major: firefox, isMobile, platform };
  return { family: safari > 0 ? 'safari' : 'other', major: safari, isMobile, platform };
}

function platformOf(text: string): string {
  const found = /Windows NT|Android|CrOS|iPhone|iPad|Macintosh|Linux/.exec(text)?.[0];
  const names: Record<string, string> = {
    'Windows NT': 'windows',
    Android: 'android',
    CrOS: 'chrome os',
    Macintosh: 'macos',
    iPhone: 'ios',
    iPad: 'ios',
  };
  if (/Linux; Android/.test(text)) return 'android';
  return found === 'Linux' ? 'linux' : (names[found ?? ''] ?? '');
}

/** Agents kept a thread, in two generations: what is not asked for any more goes. */
const MOST = 4096;

/** Remembers what User-Agents are. */
export class AgentCache {
  #young = new Map<string, Agent>();
  #old = new Map<string, Agent>();

  of(text: string): Agent {
    return this.#young.get(text) ?? this.#find(text);
  }

  /** Reads the lists now, which takes some 50 ms once, and not when the first bot comes. */
  warm(): void {
    classify('a crawler that no list knows');
  }

  #find(text: string): Agent {
    const agent = this.#old.get(text) ?? classify(text);
    // a long one would have others pay for it
    if (text.length > 2 * LONGEST) return agent;
    if (this.#young.size >= MOST / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, agent);
    return agent;
  }
}
