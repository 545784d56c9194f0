import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequestCacheControl } from './cache-control.ts';
import { decideReuse, type Reuse, type StoredState } from './reuse.ts';

const NOW = 1000;

function stored(age: number, remaining: number, overrides: Partial<StoredState> = {}): StoredState {
  const state = {
    freshUntil: NOW + remaining,
    born: NOW - age,
    alwaysRevalidate: false,
    mayServeStale: true,
    staleWhileRevalidate: 0,
  };
  return { ...state, ...overrides };
}

const cases: [string, StoredState, string | undefined, Reuse][] = [
  ['fresh', stored(10, 1), undefined, 'fresh'],
  ['at the end of its lifetime', stored(10, 0), undefined, 'validate'],
  ['stale', stored(10, -1), undefined, 'validate'],
  ['no-cache in the response', stored(10, 50, { alwaysRevalidate: true }), undefined, 'validate'],
  ['within stale-while-revalidate', stored(10, -4, { staleWhileRevalidate: 5 }), undefined, 'refresh'],
  ['after stale-while-revalidate', stored(10, -5, { staleWhileRevalidate: 5 }), undefined, 'validate'],
  ['no-cache in the request', stored(10, 50), 'no-cache', 'validate'],
  ['no-store in the request', stored(10, 50), 'no-store', 'validate'],
  ['max-age=0', stored(0, 50), 'max-age=0', 'validate'],
  ['max-age below the age', stored(10, 50), 'max-age=9', 'validate'],
  ['max-age of the age', stored(10, 50), 'max-age=10', 'fresh'],
  ['max-age below the age with max-stale', stored(10, 50), 'max-age=9, max-stale', 'validate'],
  ['min-fresh not met', stored(10, 50), 'min-fresh=51', 'validate'],
  ['min-fresh met', stored(10, 50), 'min-fresh=50', 'fresh'],
  ['min-fresh against stale-while-revalidate', stored(10, -1, { staleWhileRevalidate: 5 }), 'min-fresh=1', 'validate'],
  ['max-stale enough', stored(10, -5), 'max-stale=5', 'stale'],
  ['max-stale exceeded', stored(10, -6), 'max-stale=5', 'validate'],
  ['max-stale without limit', stored(10, -6000), 'max-stale', 'stale'],
  ['max-stale against must-revalidate', stored(10, -1, { mayServeStale: false }), 'max-stale', 'validate'],
];
for (const [name, state, directives, expected] of cases) {
  test(`reuse: ${name}`, () => {
    const request = directives === undefined ? undefined : parseRequestCacheControl(directives);
    assert.equal(decideReuse(state, NOW, request), expected);
  });
}
