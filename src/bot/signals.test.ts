import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify } from './classify.ts';
import { findSignals, type Signal, type SignalSubject, scoreOf } from './signals.ts';

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';

const PLAIN = { accept: 'text/html,*/*;q=0.8', 'accept-language': 'de', 'accept-encoding': 'gzip, deflate, br, zstd' };
const SECURE = {
  ...PLAIN,
  'sec-ch-ua': '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"',
  'sec-ch-ua-mobile': '?0',
  'sec-ch-ua-platform': '"Windows"',
  'sec-fetch-mode': 'navigate',
};

function signals(agent: string, fields: Record<string, string>, changes: Partial<SignalSubject> = {}): Signal[] {
  const x = {
    method: 'GET',
    scheme: 'https',
    protocol: '2',
    field: (name: string) => fields[name] ?? '',
    ...changes,
  } as const;
  const found: Signal[] = [];
  const claim = classify(agent).browser ?? assert.fail(agent);
  findSignals(x, claim, (signal) => found.push(signal));
  return found;
}

test('browsers as they are have nothing against them', () => {
  assert.deepEqual(signals(CHROME, SECURE), []);
  assert.deepEqual(signals(CHROME, PLAIN, { scheme: 'http', protocol: '1.1' }), [], 'without TLS they send less');
  assert.deepEqual(signals(FIREFOX, { ...PLAIN, 'sec-fetch-mode': 'navigate' }), []);
  const edge = { ...SECURE, 'sec-ch-ua': '"Microsoft Edge";v="142", "Chromium";v="142", "Not A;Brand";v="24"' };
  assert.deepEqual(signals(`${CHROME} Edg/142.0.0.0`, edge), []);
});

test('a WebSocket and a question for leave (CORS) come with fewer fields', () => {
  const { accept: _, ...rest } = PLAIN;
  assert.deepEqual(signals(CHROME, { ...rest, upgrade: 'websocket', connection: 'upgrade' }), []);
  assert.deepEqual(signals(CHROME, { ...PLAIN, origin: 'https://a.test' }, { method: 'OPTIONS' }), []);
});

test('what is missing or contradicts itself', () => {
  const cases: readonly (readonly [string, Record<string, string>, Partial<SignalSubject>, Signal[]])[] = [
    [CHROME, {}, { scheme: 'http' }, ['no_accept', 'no_accept_language', 'no_accept_encoding']],
    [CHROME, PLAIN, {}, ['no_client_hints', 'no_fetch_metadata']],
    [CHROME, PLAIN, { scheme: 'http', protocol: '1.0' }, ['http_1_0']],
    [CHROME, { ...SECURE, 'sec-ch-ua': '"Chromium";v="120"' }, {}, ['other_version']],
    [CHROME, { ...SECURE, 'sec-ch-ua': '"Chrome";v="142"' }, {}, ['other_brand']],
    [CHROME, { ...SECURE, 'sec-ch-ua-platform': '"Linux"' }, {}, ['other_platform']],
    [CHROME, { ...SECURE, 'sec-ch-ua': '"HeadlessChrome";v="142", "Chromium";v="142"' }, {}, ['headless_hint']],
    [FIREFOX, SECURE, {}, ['hints_of_another']],
    [CHROME.replace('142', '41'), PLAIN, { scheme: 'http' }, ['old_browser']],
  ];
  for (const [agent, fields, changes, expected] of cases) assert.deepEqual(signals(agent, fields, changes), expected);
});

test('the score is their sum, 100 at the most', () => {
  const claim = classify(CHROME).browser ?? assert.fail();
  const x = { method: 'GET', scheme: 'https', protocol: '1.0', field: () => '' } as const;
  assert.equal(scoreOf(x, claim), 100);
  assert.equal(
    scoreOf({ ...x, protocol: '2', field: (name) => (SECURE as Record<string, string>)[name] ?? '' }, claim),
    0,
  );
});
