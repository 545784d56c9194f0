import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainAddress } from '../http/ip-address.ts';
import { addAddress } from './address.ts';
import { KeyedHash } from './hash.ts';
import { compileKey, type KeyTerms } from './key.ts';
import type { LimitSubject } from './subject.ts';

function wordsOf(address: string, prefix: number): string {
  const hash = new KeyedHash([5, 6]);
  hash.begin();
  addAddress(hash, address, prefix);
  hash.end();
  return `${hash.lo} ${hash.hi}`;
}

test('addresses of one network are one client, others are not', () => {
  const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
  const text = (parts: number[]) => plainAddress(parts.map((part) => part.toString(16)).join(':'));
  fc.assert(
    fc.property(groups, groups, fc.integer({ min: 16, max: 128 }), (a, b, prefix) => {
      const bits = (parts: number[]) => parts.map((part) => part.toString(2).padStart(16, '0')).join('');
      const [x, y] = [text(a), text(b)];
      if (x.includes('.') || y.includes('.')) return;
      const near = text([...a.slice(0, 4), ...b.slice(4)]);
      if (!near.includes('.')) assert.equal(wordsOf(x, 64), wordsOf(near, 64));
      const same = bits(a).slice(0, prefix) === bits(b).slice(0, prefix);
      assert.equal(wordsOf(x, prefix) === wordsOf(y, prefix), same);
    }),
    { numRuns: 300 },
  );
  assert.notEqual(wordsOf('10.0.0.1', 64), wordsOf('10.0.0.2', 64));
  assert.equal(wordsOf('2001:db8::1', 64), wordsOf('2001:db8::ffff:1:2:3', 64));
  assert.notEqual(wordsOf('2001:db8:0:1::1', 64), wordsOf('2001:db8::1', 64));
  assert.notEqual(wordsOf('', 64), wordsOf('1:2:3:4:5:6:7:8:9', 64));
});

test('the hash depends on the key, on every character, and on where texts end', () => {
  const hash = new KeyedHash([1, 2]);
  const of = (...texts: string[]) => {
    hash.begin();
    for (const text of texts) hash.text(text);
    hash.end();
    return `${hash.lo} ${hash.hi}`;
  };
  const seen = new Set<string>();
  for (let i = 0; i < 20_000; i++) seen.add(of(`10.0.${i >> 8}.${i & 255}`));
  assert.equal(seen.size, 20_000);
  assert.notEqual(of('ab', 'c'), of('a', 'bc'));
  assert.notEqual(of('a'), of('a', ''));
  assert.equal(of('x'), of('x'));
  const other = new KeyedHash([1, 3]);
  other.begin();
  other.text('x');
  other.end();
  assert.notEqual(`${other.lo} ${other.hi}`, of('x'));
});

const SUBJECT: LimitSubject = {
  method: 'GET',
  path: '/a%2fb',
  query: 'api_key=k&x=%31',
  host: { host: 'a.test' },
  clientAddress: () => '10.0.0.1',
  field: (name) => ({ 'x-key': 'v', cookie: 'a=1; sid=7' })[name] ?? '',
  ownId: () => '',
  keepRow: () => {},
};

function keyOf(terms: Partial<KeyTerms>, changes: Partial<LimitSubject> = {}): string {
  const hash = new KeyedHash([0, 0]);
  hash.begin();
  const key = compileKey({ by: ['ip'], ipv6Prefix: 64, missing: 'ip', ...terms }, () => 'DE');
  if (!key.add({ ...SUBJECT, ...changes }, hash)) return 'none';
  hash.end();
  return `${hash.lo} ${hash.hi}`;
}

test('keys by each kind: what else differs does not count', () => {
  const other = { clientAddress: () => '10.0.0.2' };
  assert.notEqual(keyOf({}), keyOf({}, other));
  for (const by of ['path', 'country', 'header:x-key', 'cookie:sid', 'query:api_key'])
    assert.equal(keyOf({ by: [by] }), keyOf({ by: [by] }, other), by);
  assert.equal(keyOf({ by: [] }), keyOf({ by: [] }, { ...other, path: '/z', query: '' }));
  assert.equal(keyOf({ by: ['path'] }), keyOf({ by: ['path'] }, { path: '/a/b' }));
  assert.notEqual(keyOf({ by: ['path'] }), keyOf({ by: ['path'] }, { path: '/a/c' }));
  assert.notEqual(keyOf({ by: ['query:api_key'] }), keyOf({ by: ['query:api_key'] }, { query: 'api_key=j' }));
  assert.equal(keyOf({ by: ['query:x'] }), keyOf({ by: ['query:x'] }, { query: '%78=1' }));
  assert.notEqual(keyOf({ by: ['ip', 'path'] }), keyOf({ by: ['ip', 'path'] }, other));
});

test('what lacks the key counts by address, with all that lack it, or not at all', () => {
  const by = ['header:x-none'];
  const other = { clientAddress: () => '10.0.0.2' };
  assert.notEqual(keyOf({ by }), keyOf({ by }, other));
  assert.equal(keyOf({ by, missing: 'together' }), keyOf({ by, missing: 'together' }, other));
  assert.equal(keyOf({ by, missing: 'skip' }), 'none');
});
