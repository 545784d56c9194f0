import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import type { BotClass } from '../base/bot-classes.ts';
import { AgentCache, aiCrawlers, classify } from './classify.ts';

const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)';

const BROWSERS = [
  `${WINDOWS} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36`,
  `${WINDOWS} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0`,
  `${WINDOWS.replace('Win64; x64', 'rv:145.0')} Gecko/20100101 Firefox/145.0`,
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0.6099.50 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 OPR/126.0.0.0',
  'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36',
];

const BOTS: readonly (readonly [string, BotClass])[] = [
  ['curl/8.5.0', 'library'],
  ['python-requests/2.31.0', 'library'],
  ['PostmanRuntime/7.36.0', 'library'],
  ['Shop/3 CFNetwork/1410.0.3 Darwin/22.6.0', 'library'],
  ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'search'],
  ['Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)', 'search'],
  ['Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)', 'ai'],
  ['Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)', 'ai'],
  ['CCBot/2.0 (https://commoncrawl.org/faq/)', 'ai'],
  ['facebookexternalhit/1.1', 'preview'],
  ['Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)', 'monitor'],
  ['kube-probe/1.28', 'monitor'],
  ['ELB-HealthChecker/2.0', 'monitor'],
  ["Mozilla/5.0 (compatible; Let's Encrypt validation server; +https://www.letsencrypt.org)", 'monitor'],
  ['Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)', 'seo'],
  ['Feedly/1.0 (+http://www.feedly.com/fetcher.html; 10 subscribers)', 'feed'],
  [
    `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36`,
    'headless',
  ],
  ['sqlmap/1.7.2#stable (https://sqlmap.org)', 'scanner'],
  ['Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:Port Check)', 'scanner'],
  ['Mozilla/5.0 zgrab/0.x', 'scanner'],
  ['', 'unknown'],
  ['-', 'unknown'],
  ['something else', 'unknown'],
];

test('what people use is a browser, and what says that it is a bot is one of its class', () => {
  for (const text of BROWSERS) {
    const { botClass, score, browser } = classify(text);
    assert.deepEqual([botClass, score, browser === undefined], ['browser', 0, false], text);
  }
  for (const [text, botClass] of BOTS) assert.equal(classify(text).botClass, botClass, text);
});

test('of 2,100 User-Agents that crawlers were seen with, hardly any is taken for a browser', () => {
  const list = createRequire(import.meta.url)('crawler-user-agents') as { instances?: string[] }[];
  const all = list.flatMap(({ instances = [] }) => instances);
  const missed = all.filter((text) => classify(text).botClass === 'browser');
  assert.ok(all.length > 2000);
  assert.ok(missed.length <= all.length / 200, missed.join('\n'));
});

test('what a browser says of itself', () => {
  const claims = BROWSERS.map((text) => {
    const { family, major, isMobile, platform } = classify(text).browser ?? assert.fail(text);
    return `${family} ${major} ${platform}${isMobile ? ' mobile' : ''}`;
  });
  assert.deepEqual(claims, [
    'chromium 142 windows',
    'chromium 142 windows',
    'firefox 145 windows',
    'safari 18 macos',
    'safari 18 ios mobile',
    'other 0 ios mobile',
    'chromium 142 android mobile',
    'chromium 115 android mobile',
    'chromium 142 linux',
    'chromium 138 chrome os',
  ]);
});

test('text made to take long takes no time: what is looked at is bounded', () => {
  const pieces = ['a', ' ', '/', '(', '1', 'bot', 'http://', '. ', '-', 'Mozilla/5.0 (compatible; ', 'crawler', '+('];
  const texts = pieces.flatMap((piece) => [
    piece.repeat(4000),
    `Mozilla/5.0 ${piece.repeat(4000)}`,
    `${piece.repeat(200)}!`,
  ]);
  for (const text of texts) classify(text);
  const begin = performance.now();
  for (const text of texts) classify(text);
  const each = (performance.now() - begin) / texts.length;
  assert.ok(each < 5, `${each} ms each`);
});

test('agents are remembered, as many as are of use', () => {
  const cache = new AgentCache();
  const first = cache.of('curl/8');
  assert.equal(cache.of('curl/8'), first);
  for (let i = 0; i < 10_000; i++) cache.of(`agent ${i}`);
  assert.notEqual(cache.of('curl/8'), first, 'what nobody asked for is gone');
  const long = 'x'.repeat(5000);
  assert.notEqual(cache.of(long), cache.of(long), 'long ones are not kept');
});

test('names of AI crawlers for robots.txt', () => {
  const names = aiCrawlers();
  for (const name of ['GPTBot', 'CCBot', 'Bytespider', 'PerplexityBot']) assert.ok(names.includes(name), name);
  for (const name of names) assert.match(name, /^[A-Za-z_][\w.-]*$/);
});
