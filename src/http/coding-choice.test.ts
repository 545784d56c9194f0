import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { acceptanceOf, chooseCoding, dictionaryCodings, isTaken } from './coding-choice.ts';
import { CODINGS, type Coding, type ContentCoding } from './content-coding.ts';

test('weights of what is named, refused, meant by a star or left unsaid', () => {
  const cases: [value: string, zstd: number, br: number, gzip: number, identity: number][] = [
    ['', 0, 0, 0, 1],
    ['gzip', 0, 0, 1, 0.0005],
    ['GZIP;q=0.5, X-GZIP;Q=0.25', 0, 0, 0.25, 0.0005],
    ['br;q=0.001', 0, 0.001, 0, 0.0005],
    ['identity', 0, 0, 0, 1],
    ['identity;q=0', 0, 0, 0, 0],
    ['*;q=0', 0, 0, 0, 0],
    ['gzip, *;q=0', 0, 0, 1, 0],
    ['*', 1, 1, 1, 1],
    ['*;q=0.3, br;q=0', 0.3, 0, 0.3, 0.3],
    ['gzip;q=2', 0, 0, 0, 0.0005],
    ['gzip;level=9', 0, 0, 0, 0.0005],
    [' , gzip ,, ', 0, 0, 1, 0.0005],
    ['deflate, foo', 0, 0, 0, 0.0005],
  ];
  for (const [value, zstd, br, gzip, identity] of cases) {
    deepEqual(acceptanceOf(value), { zstd, br, gzip, identity, dcz: 0, dcb: 0 }, value);
  }
  equal(acceptanceOf('*, dcz;q=0.5').dcz, 0.5);
  equal(acceptanceOf('*').dcz, 0);
});

interface Member {
  name: string;
  weight: number;
}

const member: fc.Arbitrary<Member> = fc.record({
  name: fc.constantFrom('zstd', 'br', 'gzip', 'identity', '*', 'deflate'),
  weight: fc.constantFrom(0, 0.1, 0.5, 1),
});

const header = fc.uniqueArray(member, { selector: ({ name }) => name, maxLength: 6 });

/** RFC 9110 section 12.5.3 word by word. */
function weightOf(members: readonly Member[], coding: string): number {
  const named = members.find(({ name }) => name === coding);
  if (named !== undefined) return named.weight;
  const star = members.find(({ name }) => name === '*');
  if (star !== undefined) return star.weight;
  return coding === 'identity' ? 0.0005 : 0;
}

test('the choice is the one of a naive model', () => {
  const property = fc.property(
    header,
    fc.constantFrom<ContentCoding>('identity', 'zstd', 'br', 'gzip'),
    fc.shuffledSubarray([...CODINGS]),
    fc.boolean(),
    fc.boolean(),
    (members, stored, preference: Coding[], mayEncode, mayDecode) => {
      const value = members.map(({ name, weight }) => `${name};q=${weight}`).join(', ');
      const acceptance = acceptanceOf(value);
      const weigh = (coding: string) =>
        members.length === 0 ? Number(coding === 'identity') : weightOf(members, coding);
      // in the order in which they are liked where weights are equal
      const offered: ContentCoding[] = stored === 'identity' ? [] : [stored];
      if (mayEncode) offered.push(...preference.filter((coding) => coding !== stored));
      if (stored === 'identity' || mayDecode) offered.push('identity');
      const best = Math.max(...offered.map(weigh));
      const wanted = best === 0 ? stored : offered.find((coding) => weigh(coding) === best);
      const chosen = chooseCoding({ mayEncode, mayDecode }, stored, acceptance, preference);
      equal(chosen, wanted, `${value} of ${stored}`);
      equal(isTaken(chosen, acceptance), chosen === 'identity' || weigh(chosen) > 0);
    },
  );
  fc.assert(property, { numRuns: 2000 });
});

test('the table of values seen stays small', () => {
  for (let i = 0; i < 2000; i++) equal(acceptanceOf(`gzip;q=0.5, x${i}`).gzip, 0.5);
  equal(acceptanceOf(`gzip, ${'x'.repeat(1000)}`).gzip, 1);
});

test('codings with a dictionary: those liked as much as any other, the best first', () => {
  for (const [value, preference, expected] of [
    ['gzip, br, zstd, dcb, dcz', ['zstd', 'br'], ['dcz', 'dcb']],
    ['gzip, br, zstd, dcb, dcz', ['br', 'zstd'], ['dcb', 'dcz']],
    ['gzip, br, zstd, dcb, dcz;q=0.9', ['zstd', 'br'], ['dcb']],
    ['br;q=0.5, dcz;q=0.8, dcb;q=0.9', ['zstd', 'br'], ['dcb', 'dcz']],
    ['br, dcb;q=0.9', ['br'], []],
    ['identity, dcz;q=0.5', ['zstd'], []],
    ['dcb', ['gzip'], ['dcb']],
    ['*, dcz;q=0', ['zstd'], []],
  ] as const) {
    deepEqual(dictionaryCodings(acceptanceOf(value), preference), expected, value);
  }
});
