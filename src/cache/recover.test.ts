import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROKEN, type Cache, CacheKey, DONE, STREAMING } from './cache.ts';
import { Arena, DOUBTS, E_PINS, H_DOUBTS } from './layout.ts';
import { acquire, acquireWithin, release } from './lock.ts';
import { ledgerOf } from './pin.ts';
import { Bench, bytes, Death, NO_WORDS, text, wholeBody } from './testing.ts';

/** A body that says whose it is. */
const bodyOf = (target: string, length: number): Uint8Array =>
  bytes(`${target};`.repeat(length / target.length + 1)).subarray(0, length);
const SIZES = [0, 40, 700, 3000, 20_000, 70_000];

/** What a worker does, again and again, in a full cache: every critical section is in it. */
function work(bench: Bench, cache: Cache): void {
  for (let i = 0; i < 12; i++) {
    const target = `/w/${i % 5}`;
    const body = bodyOf(target, SIZES[i % SIZES.length]);
    if (i % 3 === 0) {
      bench.put(cache, target, body);
      continue;
    }
    const { id, handle, leader } = cache.claim(bench.key(target));
    if (id === 0) continue;
    if (!leader) {
      cache.drop(handle);
      continue;
    }
    if (cache.open(id, bytes(`head ${target}`), bytes('meta'), i % 2 === 0 ? body.length : -1)) {
      cache.append(id, body.subarray(0, body.length >> 1));
      cache.append(id, body.subarray(body.length >> 1));
      if (i === 5) bench.main.purge.add({ site: 1, host: '', pattern: '/w/*', soft: false });
      if (i === 8) bench.main.purge.add({ site: 1, host: '', pattern: '/w/*', soft: true });
      if (i === 10) bench.main.purge.add({ site: 1, host: '', pattern: '/w/0', soft: false });
      if (i === 7) cache.finish(id, BROKEN);
      else
        cache.finish(
          id,
          DONE,
          i % 4 === 1 ? new CacheKey().set(bench.prefix, target, `v${'x'.repeat(i * 60)}`) : undefined,
        );
    } else cache.finish(id, BROKEN);
    const live = cache.lookup(bench.key(target));
    const held = live === 0 ? -1 : cache.hold(live);
    cache.unpin();
    if (i % 4 === 2) cache.remove(bench.key(target));
    cache.drop(handle);
    if (held >= 0) cache.drop(held);
    cache.lookup(bench.key('/w/0'));
    cache.unpin();
  }
}

function fillUp(bench: Bench, cache: Cache): void {
  for (let i = 0; i < 250; i++) bench.put(cache, `/p/${i}`, bodyOf(`/p/${i}`, (i * 977) % 9000));
}

/** All that a lookup finds is whole and its own. */
function verify(bench: Bench, cache: Cache): void {
  const targets = [
    ...Array.from({ length: 250 }, (_, i) => `/p/${i}`),
    ...Array.from({ length: 5 }, (_, i) => `/w/${i}`),
  ];
  for (const target of targets) {
    const id = cache.lookup(bench.key(target));
    if (id === 0) continue;
    assert.equal(text(cache.head(id)), `head ${target}`);
    assert.equal(text(wholeBody(cache, id)), text(bodyOf(target, cache.bodyLength(id))));
  }
  cache.unpin();
}

function assertEmptied(bench: Bench): void {
  bench.main.purge.add({ site: -1, host: '', pattern: '*', soft: false });
  while (!bench.main.purge.sweep(1e6).finished);
  bench.main.purge.sweep(1);
  bench.main.audit();
  const stats = bench.main.stats();
  assert.deepEqual([stats.objects, stats.zombies, stats.flights, stats.pins], [0, 0, 0, 0]);
  assert.equal(stats.freePages, stats.pages);
}

for (const eviction of ['s3fifo', 'lru'] as const) {
  test(`${eviction}: a worker may die at any point of any critical section`, () => {
    const points = new Set<string>();
    let deaths = 0;
    for (let nth = 1; ; nth += nth < 60 ? 1 : nth < 400 ? 7 : 31) {
      const bench = new Bench({ memory: 1 << 20, eviction });
      const survivor = bench.open(2);
      fillUp(bench, survivor);
      const held = survivor.claim(bench.key('/survivor'));
      survivor.open(held.id, bytes('head'), bytes('meta'), 30_000);
      survivor.append(held.id, bodyOf('/survivor', 12_000));
      const mortal = bench.openMortal(1, nth);
      try {
        work(bench, mortal.cache);
        break;
      } catch (error) {
        if (!(error instanceof Death)) throw error;
        points.add(error.message);
        deaths++;
      }
      const { done } = bench.main.recover(1);
      assert.equal(done, true);
      bench.main.audit();
      verify(bench, survivor);
      assert.equal(survivor.flightState(held.id), STREAMING);
      survivor.append(held.id, bodyOf('/survivor', 30_000).subarray(12_000));
      survivor.finish(held.id, DONE);
      assert.equal(text(wholeBody(survivor, held.id)), text(bodyOf('/survivor', 30_000)));
      survivor.drop(held.handle);
      work(bench, bench.open(1));
      bench.main.audit();
      verify(bench, survivor);
      assertEmptied(bench);
    }
    assert.ok(deaths > 80, `${deaths} deaths`);
    assert.ok(points.size >= 15, [...points].join(' '));
  });
}

test('a dead leader breaks its flights, and whoever waits is named', () => {
  const bench = new Bench();
  const [dead, joiner, other] = [bench.open(1), bench.open(3), bench.open(2)];
  const waiting = dead.claim(bench.key('/1'));
  const streaming = dead.claim(bench.key('/2'));
  dead.open(streaming.id, bytes('h'), bytes('m'), 10);
  const joined = [joiner.claim(bench.key('/1')), joiner.claim(bench.key('/2'))];
  const unconcerned = other.claim(bench.key('/3'));
  const { waitersLo, waitersHi, done } = bench.main.recover(1);
  assert.deepEqual([waitersLo, waitersHi, done], [1 << 3, 0, true]);
  assert.equal(joiner.flightState(waiting.id), BROKEN);
  assert.equal(joiner.flightState(streaming.id), BROKEN);
  assert.notEqual(other.flightState(unconcerned.id), BROKEN);
  for (const { handle } of joined) joiner.drop(handle);
  assert.equal(joiner.claim(bench.key('/1')).leader, true);
  bench.main.audit();
});

test('the pins of a dead worker return', () => {
  const bench = new Bench();
  const dead = bench.open(1);
  bench.put(dead, '/a', 'x');
  const id = dead.lookup(bench.key('/a'));
  for (let i = 0; i < 5; i++) dead.hold(id);
  bench.main.remove(bench.key('/a'));
  assert.equal(bench.main.stats().zombies, 1);
  bench.main.recover(1);
  bench.main.purge.sweep(1);
  assert.deepEqual([bench.main.stats().zombies, bench.main.stats().pins], [0, 0]);
  bench.main.audit();
});

test('a death while a pin count changes: counted anew, as soon as that is exact', () => {
  for (const added of [0, 1]) {
    const bench = new Bench();
    const holder = bench.open(2);
    bench.put(holder, '/a', 'x');
    const id = holder.lookup(bench.key('/a'));
    const handle = holder.hold(id);
    const a = new Arena(bench.sab, 0);
    a.words[ledgerOf(a, 1) + 7] = -id;
    a.words[a.entry(id) + E_PINS] += added;
    // The holder's transient pin might be on its way to another long one: not yet.
    bench.main.recover(1);
    assert.ok(a.words.subarray(H_DOUBTS, H_DOUBTS + DOUBTS).includes(id));
    holder.unpin();
    bench.main.recover(3);
    bench.main.audit();
    assert.equal(a.words[a.entry(id) + E_PINS], 1);
    holder.drop(handle);
    assertEmptied(bench);
  }
});

test('two dead, one with the lock: the second recovery does both', () => {
  const bench = new Bench();
  const { id } = bench.open(2).claim(bench.key('/a'));
  bench.open(3).claim(bench.key('/a'));
  const dead = bench.openMortal(1, 1);
  assert.throws(() => bench.put(dead.cache, '/b', 'x'), Death);
  assert.equal(bench.main.recover(2).done, false);
  const { waitersLo, done } = bench.main.recover(1);
  assert.deepEqual([waitersLo & (1 << 3), done], [1 << 3, true]);
  assert.equal(bench.main.flightState(id), BROKEN);
  assert.equal(bench.main.stats().rebuilds, 1);
  bench.main.audit();
});

test('main does not hang on the lock of a dead worker: a sweep leaves it, a full log says so', () => {
  const bench = new Bench({ memory: 1 << 20 });
  for (let i = 0; i < 20; i++) bench.put(bench.main, `/${i}`, 'x');
  const dead = bench.openMortal(1, 1);
  assert.throws(() => bench.put(dead.cache, '/b', 'x'), Death);
  assert.equal(bench.main.purge.sweep(1000).finished, false);
  const purge = (i: number): number =>
    bench.main.purge.add({ site: -1, host: '', pattern: `/${i}${'x'.repeat(5000)}`, soft: false });
  assert.throws(() => {
    for (let i = 0; i < 10; i++) purge(i);
  }, /does not answer/);
  assert.equal(bench.main.recover(1).done, true);
  assert.ok(purge(10) > 0);
  bench.main.audit();
});

test('the lock: a time-out, and no second time by one thread', () => {
  const bench = new Bench();
  const [one, two] = [new Arena(bench.sab, 1), new Arena(bench.sab, 2)];
  acquire(one);
  assert.equal(acquireWithin(two, 5), false);
  assert.throws(() => acquire(one));
  release(one);
  assert.equal(acquireWithin(two, 5), true);
  release(two);
});

test('words of a dead worker do not come back to its successor', () => {
  const bench = new Bench();
  const dead = bench.open(1);
  dead.claim(bench.key('/a'));
  bench.main.recover(1);
  const next = bench.open(1);
  const claim = next.claim(bench.key('/a'));
  assert.equal(claim.leader, true);
  next.open(claim.id, bytes('h'), bytes('m'), 0);
  assert.ok(next.finish(claim.id, DONE, undefined, NO_WORDS));
  next.drop(claim.handle);
  bench.main.audit();
});
