import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Cache, DONE, USER_FRESH_UNTIL } from './cache.ts';
import { compileGlob, globMatches } from './glob.ts';
import { Bench, bytes } from './testing.ts';

const ANY = { site: -1, host: '', soft: false };

test('a purge holds on every thread from its return on', () => {
  const bench = new Bench();
  const [one, two] = [bench.open(1), bench.open(2)];
  for (const target of ['/a', '/a?x', '/img/1', '/img/2', '/other']) bench.put(one, target, target);
  bench.main.purge.add({ ...ANY, pattern: '/a' });
  assert.equal(bench.get(two, '/a'), null);
  assert.equal(bench.get(one, '/a?x'), '/a?x', 'an exact pattern is exact');
  bench.main.purge.add({ ...ANY, pattern: '/img/*' });
  assert.equal(bench.get(one, '/img/1'), null);
  assert.equal(bench.get(two, '/img/2'), null);
  assert.equal(bench.get(two, '/other'), '/other');
  bench.put(one, '/a', 'new');
  assert.equal(bench.get(two, '/a'), 'new', 'what is stored after it is not concerned');
  bench.main.purge.add({ ...ANY, pattern: '*' });
  for (const target of ['/a', '/a?x', '/other']) assert.equal(bench.get(two, target), null);
  bench.main.purge.sweep(1e6);
  bench.main.audit();
  assert.equal(bench.main.stats().objects, 0);
});

test('site and host narrow it', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  const other = cache.prefix(bytes('2|http|b.example|GET|'), 2, 'b.example');
  const put = (): void => {
    bench.put(cache, '/x', 'one');
    cache.put(bench.key('/x', '', other), bytes(''), bytes(''), bytes('two'), [0, 0, 0, 0]);
  };
  const there = (): boolean[] => [cache.lookup(bench.key('/x')) !== 0, cache.lookup(bench.key('/x', '', other)) !== 0];
  for (const pattern of ['/x', '/*', '*']) {
    for (const [spec, expected] of [
      [{ site: 1, host: '' }, [false, true]],
      [{ site: -1, host: 'b.example' }, [true, false]],
      [{ site: 1, host: 'b.example' }, [true, true]],
      [{ site: -1, host: '' }, [false, false]],
    ] as const) {
      for (const swept of [false, true]) {
        put();
        bench.main.purge.add({ ...spec, pattern, soft: false });
        if (swept) bench.main.purge.sweep(1e6);
        assert.deepEqual(there(), expected, `${pattern} ${JSON.stringify(spec)} ${swept}`);
      }
    }
  }
  cache.unpin();
  bench.main.audit();
});

test('soft: found, but stale; a hard one beside it wins', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  for (const swept of [false, true]) {
    const id = cache.put(bench.key('/s'), bytes(''), bytes(''), bytes('b'), [77, 0, 0, 0]);
    bench.main.purge.add({ ...ANY, pattern: '/s', soft: true });
    if (swept) bench.main.purge.sweep(1e6);
    assert.equal(cache.lookup(bench.key('/s')), id);
    assert.equal(cache.word(id, USER_FRESH_UNTIL), 0);
    cache.setWord(id, USER_FRESH_UNTIL, 99);
    cache.lookup(bench.key('/s'));
    assert.equal(cache.word(id, USER_FRESH_UNTIL), 99, 'once');
    bench.main.purge.add({ ...ANY, pattern: '*', soft: true });
    bench.main.purge.add({ ...ANY, pattern: '/s', soft: false });
    assert.equal(cache.lookup(bench.key('/s')), 0);
  }
});

type Between = (bench: Bench) => void;
const sweepers: [string, Between][] = [
  ['not swept', () => {}],
  ['swept', (bench) => void bench.main.purge.sweep(1e6)],
  ['swept in part', (bench) => void bench.main.purge.sweep(1)],
];
for (const [how, sweep] of sweepers) {
  for (const known of [true, false]) {
    test(`a fill claimed before a purge never satisfies a lookup after it (${how}, ${known ? 'known' : 'unknown'} length)`, () => {
      const bench = new Bench();
      const [one, two] = [bench.open(1), bench.open(2)];
      for (const moment of [0, 1, 2]) {
        const { id, handle } = one.claim(bench.key('/f'));
        const purge = (): void => {
          bench.main.purge.add({ ...ANY, pattern: '/f' });
          sweep(bench);
        };
        if (moment === 0) purge();
        one.open(id, bytes('h'), bytes('m'), known ? 3 : -1);
        if (moment === 1) purge();
        one.append(id, bytes('old'));
        const joined = two.claim(bench.key('/f'));
        assert.equal(joined.leader, moment !== 2, 'nor is it joined');
        const stored = moment === 2 ? null : one.finish(id, DONE);
        if (moment === 2) {
          purge();
          assert.equal(one.finish(id, DONE), false);
        } else assert.equal(stored, false);
        assert.equal(bench.get(two, '/f'), null);
        assert.equal(two.flightState(id), DONE, 'those who have it go on');
        if (joined.leader) {
          two.open(joined.id, bytes('h'), bytes('m'), 3);
          two.append(joined.id, bytes('new'));
          assert.ok(two.finish(joined.id, DONE));
          assert.equal(bench.get(one, '/f'), 'new');
        }
        two.drop(joined.handle);
        one.drop(handle);
      }
      bench.main.purge.sweep(1e6);
      bench.main.audit();
      assert.equal(bench.main.stats().pins, 0);
    });
  }
}

test('a fill claimed before a soft purge is stored stale, unless something newer is there', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  for (const swept of [false, true]) {
    const old = cache.claim(bench.key('/f'));
    bench.main.purge.add({ ...ANY, pattern: '/f', soft: true });
    if (swept) bench.main.purge.sweep(1e6);
    const next = cache.claim(bench.key('/f'));
    assert.equal(next.leader, true);
    const finish = (id: number, body: string): boolean => {
      cache.open(id, bytes('h'), bytes('m'), body.length);
      cache.append(id, bytes(body));
      return cache.finish(id, DONE, undefined, [55, 0, 0, 0]);
    };
    if (swept) {
      assert.ok(finish(old.id, 'old'));
      assert.equal(bench.get(cache, '/f'), 'old');
      const live = cache.lookup(bench.key('/f'));
      assert.equal(cache.word(live, USER_FRESH_UNTIL), 0);
      assert.ok(finish(next.id, 'new'));
    } else {
      assert.ok(finish(next.id, 'new'));
      assert.equal(finish(old.id, 'old'), false);
    }
    assert.equal(bench.get(cache, '/f'), 'new');
    cache.drop(old.handle);
    cache.drop(next.handle);
    cache.remove(bench.key('/f'));
  }
  bench.main.audit();
});

test('put with the sequence of a time before a purge stores nothing that a lookup finds', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  for (const swept of [false, true]) {
    const seq = cache.purgeSequence();
    bench.main.purge.add({ ...ANY, pattern: '/p' });
    if (swept) bench.main.purge.sweep(1e6);
    cache.put(bench.key('/p'), bytes(''), bytes(''), bytes('old'), [0, 0, 0, 0], seq);
    assert.equal(bench.get(cache, '/p'), null);
  }
});

test('purged() tells a refresh under way that it comes too late', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  const { id } = cache.claim(bench.key('/f'));
  assert.equal(cache.purged(id), false);
  bench.main.purge.add({ ...ANY, pattern: '/g' });
  assert.equal(cache.purged(id), false);
  bench.main.purge.add({ ...ANY, pattern: '/f', soft: true });
  assert.equal(cache.purged(id), true);
});

test('the log is bounded: when it is full it is swept, and no purge is forgotten', () => {
  const bench = new Bench({ memory: 1 << 20 });
  const [one, two] = [bench.open(1), bench.open(2)];
  const pad = 'x'.repeat(900);
  for (let i = 0; i < 300; i++) {
    bench.put(one, `/keep/${i}`, 'k');
    bench.put(one, `/${i}${pad}`, 'v');
    if (i % 7 === 0) bench.get(two, `/${i}${pad}`);
    bench.main.purge.add({ ...ANY, pattern: `/${i}${pad.slice(0, i)}*` });
    if (i % 3 === 0) assert.equal(bench.get(two, `/${i}${pad}`), null);
    assert.ok(bench.main.stats().banBytes <= 16384);
  }
  for (let i = 0; i < 300; i++) {
    assert.equal(bench.get(i % 2 ? one : two, `/${i}${pad}`), null);
    assert.equal(bench.get(i % 2 ? one : two, `/keep/${i}`), 'k');
  }
  bench.main.audit();
});

test('impossible purges are refused', () => {
  const bench = new Bench();
  assert.throws(() => bench.main.purge.add({ ...ANY, pattern: '/\u0100' }), RangeError);
  assert.throws(() => bench.main.purge.add({ ...ANY, host: '\u0100', pattern: '/' }), RangeError);
  assert.throws(() => bench.main.purge.add({ ...ANY, pattern: 'x'.repeat(9000) }), RangeError);
  assert.throws(() => bench.open(1).purge.add({ ...ANY, pattern: '/' }));
});

test('whatever the order of stores, purges, sweeps and look-ups, threads see what the model sees', () => {
  const target = fc.constantFrom('/a', '/ab', '/b', '/b?q', '/c/d');
  const pattern = fc.constantFrom('/a', '/a*', '*b', '/b', '*', '/*?*', '/c/*', '/nothing');
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), target }),
    fc.record({ kind: fc.constant('purge' as const), pattern, soft: fc.boolean() }),
    fc.record({ kind: fc.constant('sweep' as const), budget: fc.nat(300) }),
    fc.record({ kind: fc.constant('get' as const), target, worker: fc.constantFrom(0, 1) }),
  );
  const check = (cache: Cache, bench: Bench, name: string, fresh: number | undefined): void => {
    const id = cache.lookup(bench.key(name));
    assert.equal(id !== 0, fresh !== undefined, name);
    if (id !== 0) assert.equal(cache.word(id, USER_FRESH_UNTIL), fresh);
    cache.unpin();
  };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const bench = new Bench({ memory: 1 << 20 });
      const threads = [bench.open(1), bench.open(2)];
      const model = new Map<string, number>();
      for (const now of steps) {
        if (now.kind === 'put') {
          threads[0].put(bench.key(now.target), bytes(''), bytes(''), bytes(''), [5, 0, 0, 0]);
          model.set(now.target, 5);
        } else if (now.kind === 'sweep') bench.main.purge.sweep(now.budget);
        else if (now.kind === 'get') check(threads[now.worker], bench, now.target, model.get(now.target));
        else {
          bench.main.purge.add({ ...ANY, pattern: now.pattern, soft: now.soft });
          for (const name of [...model.keys()]) {
            if (!globMatches(compileGlob(now.pattern), name)) continue;
            if (now.soft) model.set(name, 0);
            else model.delete(name);
          }
        }
      }
      for (const name of ['/a', '/ab', '/b', '/b?q', '/c/d']) check(threads[1], bench, name, model.get(name));
      bench.main.audit();
    }),
    { numRuns: 150 },
  );
});
