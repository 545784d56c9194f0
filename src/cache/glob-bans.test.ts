import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Ban, HARD_BAN, NO_BAN, SOFT_BAN } from './ban-index.ts';
import { compileGlob, globMatches } from './glob.ts';
import { GlobBans } from './glob-bans.ts';

type Terms = Pick<Ban, 'site' | 'host' | 'verdict'> & { pattern: string };

function banOf({ pattern, ...terms }: Terms, i: number): Ban {
  return { ...terms, seq: i + 1, tag: 0, glob: compileGlob(pattern) };
}

const pattern = fc
  .array(fc.constantFrom('*', '/', 'a', 'b', 'ab', '.c'), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join(''))
  .filter((text) => compileGlob(text).kind === 'glob');
const terms: fc.Arbitrary<Terms> = fc.record({
  site: fc.constantFrom(-1, 1, 2),
  host: fc.constantFrom('', 'h', 'i'),
  verdict: fc.constantFrom(SOFT_BAN, HARD_BAN),
  pattern,
});
const target = fc.array(fc.constantFrom('/', 'a', 'b', '.c'), { maxLength: 6 }).map((parts) => `/${parts.join('')}`);

test('says what comparing with each would say', () => {
  fc.assert(
    fc.property(
      fc.array(terms, { maxLength: 30 }),
      fc.array(fc.tuple(fc.constantFrom(1, 2), fc.constantFrom('h', 'i'), target, fc.nat(32)), { minLength: 1 }),
      fc.nat(32),
      (all, questions, pruned) => {
        const bans = all.map(banOf);
        const index = new GlobBans();
        for (const ban of bans) index.learn(ban);
        index.prune(pruned);
        for (const [site, host, text, asked] of questions) {
          const since = Math.max(asked, pruned);
          const met = bans.filter(
            (ban) =>
              ban.seq > since &&
              (ban.site === -1 || ban.site === site) &&
              (ban.host === '' || ban.host === host) &&
              globMatches(ban.glob, text),
          );
          const expected = Math.max(NO_BAN, ...met.map(({ verdict }) => verdict));
          assert.equal(index.strictest(site, host, text, since, NO_BAN), expected, text);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('a verdict that is stricter stays', () => {
  const index = new GlobBans();
  index.learn(banOf({ site: 1, host: '', verdict: SOFT_BAN, pattern: '/a*' }, 0));
  assert.equal(index.strictest(1, 'h', '/ab', 0, HARD_BAN), HARD_BAN);
  assert.equal(index.strictest(1, 'h', '/ab', 0, NO_BAN), SOFT_BAN);
});

test('of many patterns few are compared with', () => {
  const index = new GlobBans();
  let compared = 0;
  for (let i = 0; i < 2000; i++) {
    const ban = banOf({ site: 1, host: 'h', verdict: HARD_BAN, pattern: i % 2 === 0 ? `/p${i}/*` : `*/s${i}` }, i);
    const { glob } = ban;
    Object.defineProperty(ban, 'glob', {
      get: () => {
        compared++;
        return glob;
      },
    });
    index.learn(ban);
  }
  compared = 0;
  assert.equal(index.strictest(1, 'h', '/p44/a', 0, NO_BAN), HARD_BAN);
  assert.equal(index.strictest(1, 'h', '/b/s45', 0, NO_BAN), HARD_BAN);
  assert.equal(index.strictest(1, 'h', '/b/s44', 0, NO_BAN), NO_BAN);
  assert.ok(compared <= 4, String(compared));
});
