import assert from 'node:assert/strict';
import test from 'node:test';
import { escapeHtml, messagePage, PAGE_POLICY } from './html.ts';

test('markup in texts is text', () => {
  assert.equal(escapeHtml(`<a b="c" d='e'>&`), '&#60;a b=&#34;c&#34; d=&#39;e&#39;&#62;&#38;');
  const page = messagePage('<b>', '<script>', '<i>');
  assert.ok(!/<(script|b|i)>/.test(page));
  assert.match(messagePage('403', '', ''), /<h1>403<\/h1>\n\n<\/main>/);
  assert.match(PAGE_POLICY, /^default-src 'none'; style-src 'sha256-[\w+/]+=*'/);
});
