import assert from 'node:assert/strict';
import { test } from 'node:test';
import { robotsText } from './robots.ts';

test('one group for all who may not crawl, and then what else the file says', () => {
  assert.equal(
    robotsText({ disallow: ['GPTBot', 'CCBot', 'gptbot'], blockAi: false, text: '' }),
    'User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /\n\nUser-agent: *\nDisallow:\n',
  );
  assert.equal(
    robotsText({ disallow: ['GPTBot'], blockAi: false, text: 'User-agent: *\nDisallow: /cart' }),
    'User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nDisallow: /cart\n',
  );
  assert.equal(robotsText({ disallow: ['*'], blockAi: false, text: '' }), 'User-agent: *\nDisallow: /\n');
  assert.equal(
    robotsText({ disallow: [], blockAi: false, text: 'Sitemap: https://a.test/s.xml\n' }),
    'Sitemap: https://a.test/s.xml\n',
  );
});

test('all AI crawlers that are known, and names that only robots.txt knows', () => {
  const text = robotsText({ disallow: [], blockAi: true, text: '' });
  for (const name of ['GPTBot', 'Google-Extended', 'Applebot-Extended', 'PerplexityBot'])
    assert.ok(text.includes(`User-agent: ${name}\n`), name);
  assert.equal(text.match(/^Disallow: \/$/gm)?.length, 1);
});
