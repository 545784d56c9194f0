import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileNames, QUERY_PRESETS, QueryFilter, type QueryRules } from './query-key.ts';

const apply = (rules: Partial<QueryRules>, query: string) =>
  new QueryFilter({ include: undefined, exclude: [], sort: false, ...rules }).apply(query);

test('names, with any characters for *', () => {
  const matches = compileNames(['a', 'b*', '*c', 'd*e*f', '*g*']);
  for (const name of ['a', 'b', 'bx', 'c', 'xc', 'def', 'dxexf', 'deef', 'g', 'xgx']) assert.ok(matches(name), name);
  for (const name of ['', 'A', 'ax', 'cx', 'df', 'dfe', 'de', 'ef']) assert.ok(!matches(name), name);
  assert.ok(compileNames(['*'])(''));
  assert.ok(!compileNames([])('a'));
  assert.ok(!compileNames(['ab*ba'])('aba'));
});

test('parameters that are dropped, and what is left of the query', () => {
  const rules = { exclude: [':tracking'] };
  const cases: readonly (readonly [string, string])[] = [
    ['', ''],
    ['a=1', 'a=1'],
    ['utm_source=x', ''],
    ['utm_source=x&a=1', 'a=1'],
    ['a=1&utm_source=x', 'a=1'],
    ['a=1&utm_source=x&utm_medium=y&b=2&gclid=z&c', 'a=1&b=2&c'],
    ['utm_source=x&&gclid', ''],
    ['&gclid=1&a', '&a'],
    ['a&gclid=1&', 'a&'],
    ['UTM_SOURCE=x', 'UTM_SOURCE=x'],
    ['utm%5Fsource=x&%75tm_medium&a%5B%5D=1', 'a%5B%5D=1'],
    ['%zz=1&gclid=%zz', '%zz=1'],
    ['gclid=a=b;c&x=gclid', 'x=gclid'],
    ['a=1&a=2&a', 'a=1&a=2&a'],
    ['=gclid', '=gclid'],
  ];
  for (const [query, expected] of cases) assert.equal(apply(rules, query), expected, query);
});

test('parameters that alone stay', () => {
  assert.equal(apply({ include: ['q', 'f_*'] }, 'x=1&q=a%20b&f_a&q=2&y'), 'q=a%20b&f_a&q=2');
  assert.equal(apply({ include: [] }, 'a=1&b'), '');
  assert.equal(apply({ include: ['*'], exclude: ['b'] }, 'a&b&'), 'a&');
  assert.equal(apply({ include: ['first name'] }, 'first+name=A&first%20name=B&first'), 'first+name=A&first%20name=B');
});

test('the order of names, and that of equal names as sent', () => {
  assert.equal(apply({ sort: true }, 'b=2&a=2&c&a=1'), 'a=2&a=1&b=2&c');
  assert.equal(apply({ sort: true }, 'b[]=1&a&b%5B%5D=2&b[]=3'), 'a&b[]=1&b%5B%5D=2&b[]=3');
  const query = 'a=2&a=1&b';
  assert.equal(apply({ sort: true }, query), query);
  assert.equal(apply({ sort: true, exclude: ['x'] }, 'b&x&a'), 'a&b');
});

test('the preset names nothing that sites use for purposes of their own', () => {
  const isTracking = compileNames([...(QUERY_PRESETS.get(':tracking') ?? [])]);
  for (const name of ['id', 'ref', 'source', 'q', 'page', 'lang', 'campaign', 'token', 'utm', 'ga', 'cid'])
    assert.ok(!isTracking(name), name);
  for (const name of ['utm_id', 'gclid', 'fbclid', 'mc_eid', 'msclkid', '_hsenc']) assert.ok(isTracking(name), name);
});

test('a long query takes no more than its length', () => {
  const query = Array.from({ length: 20_000 }, (_, i) => `utm_${i}=x&a${i % 7}`).join('&');
  const started = performance.now();
  assert.equal(apply({ exclude: [':tracking'], include: ['a*b*c*d', 'a1'], sort: true }, query).length > 0, true);
  assert.ok(performance.now() - started < 1000);
});
