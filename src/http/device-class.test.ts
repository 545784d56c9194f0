import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DeviceClass, DeviceClasses, deviceClass } from './device-class.ts';

const CHROME = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0';

const CASES: readonly (readonly [DeviceClass, string, string?])[] = [
  ['desktop', ''],
  ['desktop', `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME} Safari/537.36`, '?0'],
  ['desktop', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15'],
  ['desktop', 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0'],
  ['desktop', `Mozilla/5.0 (Linux; Android 9; BRAVIA 4K VH2) ${CHROME} Safari/537.36`],
  ['desktop', `Mozilla/5.0 (Linux; Android 9; AFTMM) ${CHROME} Safari/537.36`],
  ['desktop', 'Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/538.1 Version/6.0 TV Safari/538.1'],
  ['mobile', `Mozilla/5.0 (Linux; Android 10; K) ${CHROME} Mobile Safari/537.36`, '?1'],
  ['mobile', `Mozilla/5.0 (Linux; Android 10; K) ${CHROME} Mobile Safari/537.36`],
  ['mobile', 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1'],
  ['mobile', 'Opera/9.80 (J2ME/MIDP; Opera Mini/7.1/28.3392; U; en) Presto/2.8.119'],
  ['mobile', 'Mozilla/5.0 (Android 13; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0'],
  ['mobile', `Mozilla/5.0 (Linux; Android 9; CUBOT_NOTE_20) ${CHROME} Mobile Safari/537.36`],
  ['mobile', `Mozilla/5.0 (X11; Linux x86_64) ${CHROME} Safari/537.36`, '?1'],
  ['tablet', `Mozilla/5.0 (Linux; Android 13; SM-X200) ${CHROME} Safari/537.36`, '?0'],
  ['tablet', 'Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1'],
  ['tablet', 'Mozilla/5.0 (Android 13; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0'],
  ['bot', 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'],
  [
    'bot',
    `Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) ${CHROME} Mobile Safari/537.36 (compatible; Googlebot/2.1)`,
    '?1',
  ],
  ['bot', 'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)'],
  ['bot', 'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)'],
  ['bot', 'Mozilla/5.0 (compatible; Baiduspider/2.0)'],
  ['bot', 'curl/8.5.0'],
  ['bot', 'python-requests/2.32.0'],
];

test('devices by what they say', () => {
  for (const [expected, agent, hint = ''] of CASES) assert.equal(deviceClass(agent, hint), expected, agent);
});

test('remembered answers are the same, however many agents there are', () => {
  const devices = new DeviceClasses();
  for (let i = 0; i < 10_000; i++) assert.equal(devices.of(`Mozilla/5.0 (X11; ${i})`, ''), 'desktop');
  for (const [expected, agent, hint = ''] of [...CASES, ...CASES]) assert.equal(devices.of(agent, hint), expected);
  assert.equal(devices.of(`Googlebot${'x'.repeat(100_000)}`.replace('bot', 'bot/'), ''), 'bot');
});

test('a hostile agent takes no time', () => {
  const started = performance.now();
  for (const text of ['android', 'silk', 'cu', 'tv ', 'aft']) deviceClass(text.repeat(70), '');
  assert.ok(performance.now() - started < 100);
});
