import assert from 'node:assert/strict';
import { test } from 'node:test';
import { earlyLinks } from './link-hints.ts';

test('only links that may be sent ahead are kept', () => {
  const kept = [
    '</a.css>; rel=preload; as=style',
    '<https://cdn.test>; rel="preconnect"; crossorigin',
    '</m.js>;rel=modulepreload',
  ];
  const others = [
    '</next>; rel=next',
    '</>; rel="preload canonical"',
    '</x>',
    'nonsense; rel=preload',
    '</y>; rel=dns-prefetch',
  ];
  assert.deepEqual(earlyLinks([...kept, ...others]), kept);
  assert.deepEqual(earlyLinks([kept.join(', '), others.join(',')]), kept);
});

test('commas in targets and quoted strings part nothing', () => {
  const links = ['</a,b.css>; rel=preload', '</c>; title="x, \\" y"; rel=preload'];
  assert.deepEqual(earlyLinks([links.join(', ')]), links);
});

test('there are at most so many, and so many bytes', () => {
  const many = Array.from({ length: 50 }, (_, i) => `</${i}>; rel=preload`);
  assert.equal(earlyLinks(many).length, 20);
  const large = Array.from({ length: 4 }, (_, i) => `</${i}${'x'.repeat(1000)}>; rel=preload`);
  assert.equal(earlyLinks(large).length, 3);
});
