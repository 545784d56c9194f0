import assert from 'node:assert/strict';
import test from 'node:test';
import { prefersHtml } from './accept.ts';

const CASES: readonly [accept: string, isPage: boolean][] = [
  ['', false],
  ['*/*', false],
  ['text/*', false],
  ['text/html', true],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
  ['TEXT/HTML ; Q=0.5', true],
  ['text/html;q=0', false],
  ['text/html;q=2', false],
  ['application/json', false],
  ['application/json, text/html;q=0.9', false],
  ['application/problem+json;q=0.5, text/html', true],
  ['application/json, text/html', true],
  ['text/htmlx', false],
];

for (const [accept, isPage] of CASES) {
  test(`"${accept}" asks ${isPage ? 'for a page' : 'for no page'}`, () => assert.equal(prefersHtml(accept), isPage));
}
