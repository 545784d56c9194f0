import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Cache, CacheKey, DONE, USER_FRESH_UNTIL, WAITING } from './cache.ts';
import { Bench, bytes, NO_WORDS } from './testing.ts';

const ANY = { site: -1, host: '', soft: false, pattern: '*' };

function putTagged(bench: Bench, cache: Cache, target: string, tags: string[], body = target): number {
  const hashes = Uint32Array.from(tags, cache.tagHash);
  return cache.put(bench.key(target), bytes('head'), bytes('meta'), bytes(body), [5, 0, 0, 0], undefined, hashes);
}

test('hashes: of the secret, never 0, the same on every thread', () => {
  const bench = new Bench();
  const other = new Bench({ secret: bytes('another!') });
  const hash = bench.main.tagHash;
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (tag) => {
      assert.equal(hash(tag), bench.open(1).tagHash(tag));
      assert.ok(hash(tag) > 0 && hash(tag) < 2 ** 32);
    }),
    { numRuns: 200 },
  );
  assert.notEqual(hash('product-1'), other.main.tagHash('product-1'));
  assert.equal(new Set(['', 'a', 'A', 'a\0', '\0a', 'aa', 'x'.repeat(1000)].map(hash)).size, 7);
  assert.throws(() => hash('\u0100'), RangeError);
});

test('a purge by tag takes what has the tag, on every thread, of its site and host', () => {
  const bench = new Bench();
  const [one, two] = [bench.open(1), bench.open(2)];
  putTagged(bench, one, '/a', ['red', 'big']);
  putTagged(bench, one, '/b', ['red']);
  putTagged(bench, one, '/c', ['Red']);
  putTagged(bench, one, '/d', []);
  bench.main.purge.add({ ...ANY, tag: 'red', site: 2 });
  bench.main.purge.add({ ...ANY, tag: 'red', host: 'b.example' });
  assert.equal(bench.get(two, '/a'), '/a');
  bench.main.purge.add({ ...ANY, tag: 'red', site: 1, host: 'a.example' });
  assert.equal(bench.get(one, '/a'), null);
  assert.equal(bench.get(two, '/b'), null);
  for (const target of ['/c', '/d']) assert.equal(bench.get(two, target), target);
  putTagged(bench, one, '/a', ['red'], 'new');
  assert.equal(bench.get(two, '/a'), 'new', 'what is stored after it is not concerned');
  bench.main.purge.add({ ...ANY, tag: 'red', soft: true });
  assert.equal(bench.get(two, '/a'), 'new');
  assert.equal(two.word(two.lookup(bench.key('/a')), USER_FRESH_UNTIL), 0);
  two.unpin();
  bench.main.purge.sweep(1e6);
  bench.main.audit();
});

test('the sweep finds tags as look-ups do', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  for (let i = 0; i < 200; i++) putTagged(bench, cache, `/${i}`, ['all', `mod-${i % 7}`]);
  const before = bench.main.stats().objects;
  bench.main.purge.add({ ...ANY, tag: 'mod-3' });
  const { removed } = bench.main.purge.sweep(1e6);
  assert.equal(removed, Array.from({ length: 200 }, (_, i) => i % 7).filter((n) => n === 3).length);
  assert.equal(bench.main.stats().objects, before - removed);
  bench.main.purge.add({ ...ANY, tag: 'all', soft: true });
  bench.main.purge.sweep(1e6);
  assert.equal(cache.word(cache.lookup(bench.key('/0')), USER_FRESH_UNTIL), 0);
  cache.unpin();
  bench.main.audit();
});

test('as many tags as fit; with more it is not stored', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  const tags = Array.from({ length: 129 }, (_, i) => `t${i}`);
  assert.notEqual(putTagged(bench, cache, '/most', tags.slice(0, 128)), 0);
  assert.equal(putTagged(bench, cache, '/more', tags), 0);
  const { id, handle } = cache.claim(bench.key('/flight'));
  assert.equal(cache.open(id, bytes(''), bytes(''), 0, undefined, tags.map(cache.tagHash)), false);
  assert.equal(cache.flightState(id), WAITING);
  cache.open(id, bytes(''), bytes(''), 0, undefined, tags.slice(1).map(cache.tagHash));
  assert.ok(cache.finish(id, DONE));
  cache.drop(handle);
  bench.main.audit();
  bench.main.purge.add({ ...ANY, tag: 't128' });
  assert.equal(bench.get(cache, '/flight'), null);
  bench.main.purge.add({ ...ANY, tag: 't0' });
  assert.equal(bench.get(cache, '/most'), null);
});

test('a purge by tag is of everything or refused', () => {
  const bench = new Bench();
  assert.throws(() => bench.main.purge.add({ ...ANY, pattern: '/a', tag: 'x' }), RangeError);
  assert.throws(() => bench.main.purge.add({ ...ANY, tag: '\u0100' }), RangeError);
  assert.throws(() => bench.main.purge.add({ ...ANY, tag: 'x'.repeat(9000) }), RangeError);
});

test('tags outlast a variant key, a copy to an exact place and a new head', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  for (const [known, size] of [
    [true, 10],
    [false, 10],
    [false, 300_000],
    [true, 300_000],
  ] as const) {
    const tags = ['one', 'two'].map(cache.tagHash);
    const variant = new CacheKey().set(bench.prefix, '/v', 'x'.repeat(known ? 3 : 3000));
    for (const given of [variant, undefined]) {
      const { id, handle } = cache.claim(bench.key('/v'));
      cache.open(id, bytes('h'), bytes('m'), known ? size : -1, given, tags);
      cache.append(id, new Uint8Array(size));
      assert.ok(cache.finish(id, DONE, variant, NO_WORDS));
      cache.drop(handle);
      bench.main.audit();
      bench.main.purge.add({ ...ANY, tag: 'three' });
      assert.notEqual(cache.lookup(variant), 0);
      cache.unpin();
      bench.main.purge.add({ ...ANY, tag: 'two' });
      assert.equal(cache.lookup(variant), 0);
    }
  }
  for (const [tags, kept, gone] of [
    [undefined, 'new', 'old'],
    [['new'], 'old', 'new'],
  ] as const) {
    const old = putTagged(bench, cache, '/r', ['old']);
    cache.lookup(bench.key('/r'));
    cache.replaceHead(old, bench.key('/r'), bytes('h'), bytes('m'), NO_WORDS, tags?.map(cache.tagHash));
    cache.unpin();
    bench.main.purge.add({ ...ANY, tag: kept });
    assert.equal(bench.get(cache, '/r'), '/r');
    bench.main.purge.add({ ...ANY, tag: gone });
    assert.equal(bench.get(cache, '/r'), null);
  }
  bench.main.audit();
});

const sweeps: [string, (bench: Bench) => void][] = [
  ['not swept', () => {}],
  ['swept', (bench) => void bench.main.purge.sweep(1e6)],
  ['swept twice', (bench) => [1, 2].forEach(() => void bench.main.purge.sweep(1e6))],
  ['swept in part', (bench) => void bench.main.purge.sweep(1)],
  [
    'swept by a full log',
    (bench) => {
      for (let i = 0; i < 40; i++) bench.main.purge.add({ ...ANY, pattern: `/none/${'x'.repeat(900)}${i}` });
    },
  ],
];
for (const [how, sweep] of sweeps) {
  for (const soft of [false, true]) {
    test(`a fill claimed before a purge of a tag that its head will name does not survive (${how}, ${soft ? 'soft' : 'hard'})`, () => {
      const bench = new Bench({ memory: 1 << 20 });
      const [one, two] = [bench.open(1), bench.open(2)];
      const fill = (cache: Cache, id: number, tags: string[], body: string): boolean => {
        cache.open(id, bytes('h'), bytes('m'), -1, undefined, tags.map(cache.tagHash));
        cache.append(id, bytes(body));
        return cache.finish(id, DONE, undefined, [9, 0, 0, 0]);
      };
      const { id, handle } = one.claim(bench.key('/f'));
      bench.main.purge.add({ ...ANY, tag: 'product', soft });
      sweep(bench);
      const later = two.claim(bench.key('/f'));
      assert.equal(later.leader, true, 'who comes after the purge does not join it');
      const stored = fill(one, id, ['other', 'product'], 'old');
      if (soft && how !== 'swept by a full log') {
        assert.ok(stored);
        assert.equal(one.word(one.lookup(bench.key('/f')), USER_FRESH_UNTIL), 0);
        one.unpin();
      } else {
        assert.equal(stored, false);
        assert.equal(bench.get(one, '/f'), null);
      }
      assert.ok(fill(two, later.id, ['product'], 'new'));
      assert.equal(bench.get(one, '/f'), 'new');
      one.drop(handle);
      two.drop(later.handle);
      bench.main.purge.sweep(1e6);
      assert.equal(bench.main.stats().banBytes, 0, 'nothing keeps the purges in the log');
      bench.main.audit();
    });
  }
  test(`a fill with other tags than those purged is stored (${how}), but not over a newer one`, () => {
    const bench = new Bench({ memory: 1 << 20 });
    const cache = bench.open(1);
    const end = (id: number, tags: string[], body: string): boolean => {
      cache.open(id, bytes('h'), bytes('m'), body.length, undefined, tags.map(cache.tagHash));
      cache.append(id, bytes(body));
      return cache.finish(id, DONE);
    };
    for (const newerFirst of [false, true]) {
      const old = cache.claim(bench.key('/f'));
      bench.main.purge.add({ ...ANY, tag: 'product' });
      sweep(bench);
      const next = cache.claim(bench.key('/f'));
      assert.equal(next.leader, true);
      if (newerFirst) assert.ok(end(next.id, ['product'], 'new'));
      const stored = end(old.id, how.endsWith('log') ? [] : ['other'], 'old');
      assert.equal(stored, !newerFirst);
      if (!newerFirst) assert.ok(end(next.id, ['product'], 'new'));
      assert.equal(bench.get(cache, '/f'), 'new');
      cache.drop(old.handle);
      cache.drop(next.handle);
      cache.remove(bench.key('/f'));
    }
    bench.main.audit();
  });
}

test('purges by tag without end do not keep a stale entry from being refreshed', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  bench.put(cache, '/f', 'stale');
  const flights = Array.from({ length: 4 }, (_, i) => {
    const claim = cache.claim(bench.key('/f'));
    assert.ok(claim.leader);
    bench.main.purge.add({ ...ANY, tag: `other-${i}` });
    bench.main.purge.sweep(1e6);
    return claim;
  });
  for (const [i, { id, handle }] of flights.entries()) {
    cache.open(id, bytes('h'), bytes('m'), 1, undefined, [cache.tagHash('x')]);
    cache.append(id, bytes(String(i)));
    assert.ok(cache.finish(id, DONE, undefined, [100 + i, 0, 0, 0]));
    assert.equal(bench.get(cache, '/f'), String(i));
    cache.drop(handle);
  }
  bench.main.audit();
});

test('what waits for its head keeps a purge by tag in the log, and no other', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  const { id } = cache.claim(bench.key('/f'));
  bench.main.purge.add({ ...ANY, pattern: '/x' });
  while (!bench.main.purge.sweep(1e6).finished);
  assert.equal(bench.main.stats().banBytes, 0);
  bench.main.purge.add({ ...ANY, tag: 'x' });
  while (!bench.main.purge.sweep(1e6).finished);
  assert.notEqual(bench.main.stats().banBytes, 0);
  cache.open(id, bytes(''), bytes(''), 0, undefined, [cache.tagHash('y')]);
  assert.ok(cache.finish(id, DONE));
  assert.ok(bench.main.purge.sweep(1).finished);
  assert.equal(bench.main.stats().banBytes, 0);
  bench.main.audit();
});

test('a refresh is too late for a purge of the tags of the entry, and a new head for one of its new tags', () => {
  for (const swept of [false, true]) {
    const bench = new Bench();
    const cache = bench.open(1);
    const stale = putTagged(bench, cache, '/r', ['old']);
    cache.lookup(bench.key('/r'));
    const pin = cache.hold(stale);
    const { id } = cache.claim(bench.key('/r'));
    bench.main.purge.add({ ...ANY, tag: 'new' });
    if (swept) bench.main.purge.sweep(1e6);
    assert.equal(cache.purged(id, stale), false);
    cache.lookup(bench.key('/r'));
    const tags = [cache.tagHash('new')];
    assert.equal(cache.replaceHead(stale, bench.key('/r'), bytes('h'), bytes('m'), NO_WORDS, tags, id), 0);
    assert.equal(bench.get(cache, '/r'), '/r', 'the former one stands');
    bench.main.purge.add({ ...ANY, tag: 'old', soft: true });
    if (swept) bench.main.purge.sweep(1e6);
    assert.equal(cache.purged(id), false);
    assert.equal(cache.purged(id, stale), true);
    cache.drop(pin);
    cache.unpin();
  }
});

test('a new head is not stored where a full log has lost a purge that its new tags might have met', () => {
  const bench = new Bench({ memory: 1 << 20 });
  const cache = bench.open(1);
  const stale = putTagged(bench, cache, '/r', ['old']);
  cache.lookup(bench.key('/r'));
  const { id } = cache.claim(bench.key('/r'));
  bench.main.purge.add({ ...ANY, tag: 'new' });
  for (let i = 0; i < 40; i++) bench.main.purge.add({ ...ANY, pattern: `/none/${'x'.repeat(900)}` });
  const replace = (tags?: number[]): number =>
    cache.replaceHead(stale, bench.key('/r'), bytes('h'), bytes('m'), NO_WORDS, tags, id);
  assert.equal(replace([cache.tagHash('new')]), 0);
  assert.notEqual(replace(), 0);
  bench.main.audit();
});

test('whatever the order of claims, tags, purges, sweeps and look-ups, threads see what the model sees', () => {
  const target = fc.constantFrom('/a', '/b', '/c');
  const tag = fc.constantFrom('x', 'y', 'z');
  const tags = fc.uniqueArray(tag);
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), target, tags }),
    fc.record({ kind: fc.constant('claim' as const), target }),
    fc.record({ kind: fc.constant('end' as const), nth: fc.nat(5), tags, streamed: fc.boolean() }),
    fc.record({ kind: fc.constant('purge' as const), tag, soft: fc.boolean() }),
    fc.record({ kind: fc.constant('path' as const), target, soft: fc.boolean() }),
    fc.record({ kind: fc.constant('sweep' as const), budget: fc.nat(300) }),
    fc.record({ kind: fc.constant('flood' as const), count: fc.nat(30) }),
    fc.record({ kind: fc.constant('get' as const), target, worker: fc.constantFrom(0, 1) }),
  );
  interface Flight {
    id: number;
    handle: number;
    target: string;
    seq: number;
    /** The log may have been full meanwhile. */
    flooded: boolean;
  }
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const bench = new Bench({ memory: 1 << 20 });
      const threads = [bench.open(1), bench.open(2)];
      const [leader] = threads;
      const purges: { match: (target: string, tags: string[]) => boolean; soft: boolean }[] = [];
      /** What is stored, and how many purges there had been when it was asked for; content is the number of its claim. */
      const model = new Map<string, { tags: string[]; seq: number }>();
      const flights: Flight[] = [];
      /** Purged since `seq`: 2 hard, 1 soft. */
      const fate = (name: string, tagged: string[], seq: number): number =>
        Math.max(0, ...purges.slice(seq).map(({ match, soft }) => (match(name, tagged) ? (soft ? 1 : 2) : 0)));
      const check = (cache: Cache, name: string): void => {
        const stored = model.get(name);
        const expected = stored === undefined ? 2 : fate(name, stored.tags, stored.seq);
        const id = cache.lookup(bench.key(name));
        // An older flight may yield to a newer entry that is purged since, so there may be less than the model has: never more.
        if (id !== 0) {
          assert.ok(expected < 2, `${name} is purged`);
          assert.equal(cache.word(id, USER_FRESH_UNTIL), expected === 1 ? 0 : 5, `${name} is fresh or stale`);
        } else if (expected < 2) assert.fail(`${name} is lost`);
        cache.unpin();
      };
      for (const now of steps) {
        if (now.kind === 'put') {
          putTagged(bench, leader, now.target, now.tags);
          model.set(now.target, { tags: now.tags, seq: purges.length });
        } else if (now.kind === 'claim') {
          const claim = leader.claim(bench.key(now.target));
          if (claim.leader) flights.push({ ...claim, target: now.target, seq: purges.length, flooded: false });
          else leader.drop(claim.handle);
        } else if (now.kind === 'end' && flights.length > 0) {
          const [flight] = flights.splice(now.nth % flights.length, 1);
          leader.open(flight.id, bytes(''), bytes(''), 0, undefined, now.tags.map(leader.tagHash));
          if (now.streamed) bench.main.purge.sweep(1e6);
          const known = model.get(flight.target);
          const before = known !== undefined && fate(flight.target, known.tags, known.seq) < 2;
          const stored = leader.finish(flight.id, DONE, undefined, [5, 0, 0, 0]);
          const due = fate(flight.target, now.tags, flight.seq);
          assert.ok(!stored || due < 2, 'a fill that a purge concerns is not stored');
          const given = flight.flooded && now.tags.length > 0;
          assert.ok(
            stored || due > 0 || before || given,
            'a fill that no purge concerns is stored, where nothing newer is',
          );
          if (stored) model.set(flight.target, { tags: now.tags, seq: flight.seq });
          leader.drop(flight.handle);
        } else if (now.kind === 'sweep') bench.main.purge.sweep(now.budget);
        else if (now.kind === 'flood') {
          const pattern = `/none/${'x'.repeat(900)}`;
          for (let i = 0; i < now.count; i++) bench.main.purge.add({ ...ANY, pattern });
          for (const flight of flights) flight.flooded = true;
        } else if (now.kind === 'get') check(threads[now.worker], now.target);
        else if (now.kind === 'purge') {
          bench.main.purge.add({ ...ANY, tag: now.tag, soft: now.soft });
          purges.push({ match: (_, tagged) => tagged.includes(now.tag), soft: now.soft });
        } else if (now.kind === 'path') {
          bench.main.purge.add({ ...ANY, pattern: now.target, soft: now.soft });
          purges.push({ match: (name) => name === now.target, soft: now.soft });
        }
      }
      for (const name of ['/a', '/b', '/c']) check(threads[1], name);
      bench.main.audit();
    }),
    { numRuns: 300 },
  );
});
