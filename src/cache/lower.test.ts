import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Below, type Cache, DONE, HARD_BAN, NO_BAN, RELEASED, SOFT_BAN, USER_FRESH_UNTIL } from './cache.ts';
import { Bench, bytes, NO_WORDS, text, wholeBody } from './testing.ts';

const ANY = { site: -1, host: '', pattern: '*', soft: false };
const STANDS: Below = { stands: () => true };
const FELL: Below = { stands: () => false };

/** A tier that notes what it is told. */
function listen(cache: Cache): string[] {
  const told: string[] = [];
  cache.lower = {
    offer: (id, generation, _lo, _hi, again) => {
      assert.ok(cache.isLive(id, generation));
      told.push(again ? 'again' : 'offer');
    },
    forget: () => void told.push('forget'),
  };
  return told;
}

test('what is stored is offered after what it replaces was forgotten; what is removed is forgotten', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  const told = listen(cache);
  const heard = (): string => told.splice(0).join(' ');
  const id = bench.put(cache, '/a', 'body');
  assert.equal(heard(), 'forget offer');
  assert.ok(bench.fill(cache, '/b', bytes('known'), true));
  assert.equal(heard(), 'forget offer');
  assert.ok(bench.fill(cache, '/b', new Uint8Array(9000), false));
  assert.equal(heard(), 'forget offer');
  const handle = cache.hold(cache.lookup(bench.key('/a')));
  cache.replaceHead(id, bench.key('/a'), bytes('new'), bytes('m'), NO_WORDS);
  cache.drop(handle);
  assert.equal(heard(), 'forget offer');
  const claim = cache.claim(bench.key('/c'));
  cache.finish(claim.id, RELEASED);
  cache.drop(claim.handle);
  assert.equal(heard(), '');
  cache.remove(bench.key('/a'));
  cache.remove(bench.key('/none'));
  cache.invalidate(bench.key('/b'));
  assert.equal(heard(), 'forget forget forget');
  bench.main.purge.add(ANY);
  bench.put(cache, '/d', 'd');
  assert.equal(bench.get(cache, '/b'), null);
  assert.equal(heard(), 'forget offer', 'purges are told in another way');
  cache.lower = undefined;
  bench.put(cache, '/e', 'e');
  assert.equal(heard(), '');
  bench.main.audit();
});

test('what comes from below is neither offered nor forgotten, and never takes the place of another', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  const told = listen(cache);
  const put = (below: Below): number =>
    cache.put(bench.key('/a'), bytes('h'), bytes('m'), bytes('old'), NO_WORDS, 0, [7], undefined, below);
  assert.equal(put(FELL), 0);
  assert.equal(bench.get(cache, '/a'), null);
  assert.notEqual(put(STANDS), 0);
  assert.equal(bench.get(cache, '/a'), 'old');
  assert.equal(put(STANDS), 0, 'there is one');
  assert.deepEqual(told, []);
  bench.put(cache, '/a', 'new');
  assert.equal(put(STANDS), 0);
  assert.equal(bench.get(cache, '/a'), 'new');
  for (const [below, known, expected] of [
    [STANDS, true, true],
    [STANDS, false, true],
    [FELL, true, false],
    [FELL, false, false],
  ] as const) {
    cache.remove(bench.key('/b'));
    told.length = 0;
    const claim = cache.claim(bench.key('/b'));
    const body = new Uint8Array(9000).fill(4);
    assert.equal(cache.verdictSince(claim.id, 0, [7]), NO_BAN);
    cache.open(claim.id, bytes('h'), bytes('m'), known ? body.length : -1, undefined, [7]);
    cache.append(claim.id, body);
    assert.equal(cache.finish(claim.id, DONE, undefined, NO_WORDS, below), expected);
    cache.drop(claim.handle);
    assert.equal(cache.lookup(bench.key('/b')) !== 0, expected);
    cache.unpin();
    assert.deepEqual(told, []);
  }
  bench.main.audit();
});

for (const eviction of ['s3fifo', 'lru'] as const) {
  test(`what was used again is offered again before it would be evicted: ${eviction}`, () => {
    const bench = new Bench({ memory: 1 << 20, eviction });
    const cache = bench.open(1);
    const used = bench.put(cache, '/used', new Uint8Array(2000));
    const again: number[] = [];
    cache.lower = { offer: (id, _generation, _lo, _hi, isAgain) => void (isAgain && again.push(id)), forget: () => {} };
    bench.get(cache, '/used');
    for (let i = 0; i < 3000; i++) bench.put(cache, `/${i}`, new Uint8Array(2000));
    assert.equal(again[0], used);
    assert.equal(new Set(again).size, 1, 'and nothing else');
    bench.main.audit();
  });
}

test('an entry is pinned by id and generation while it is LIVE', () => {
  const bench = new Bench({ memory: 1 << 20 });
  const cache = bench.open(1);
  const writer = bench.open(4);
  const body = new Uint8Array(70_000).fill(3);
  const id = bench.put(cache, '/a', body);
  const generation = cache.generation(id);
  assert.equal(writer.pinEntry(id, generation + 1), -1);
  const handle = writer.pinEntry(id, generation);
  assert.ok(handle >= 0);
  for (let i = 0; i < 3000; i++) bench.put(cache, `/${i}`, new Uint8Array(2000));
  assert.ok(writer.isLive(id, generation), 'what is pinned is not evicted');
  cache.remove(bench.key('/a'));
  assert.equal(writer.isLive(id, generation), false);
  assert.equal(writer.pinEntry(id, generation), -1);
  assert.deepEqual(wholeBody(writer, id), Buffer.from(body), 'its bytes stay while it is pinned');
  assert.equal(writer.record(id) === undefined, false, 'what it was can still be read');
  writer.drop(handle);
  bench.main.purge.sweep(1);
  assert.equal(writer.pinEntry(id, generation), -1);
  bench.main.audit();
  assert.equal(bench.main.stats().pins, 0);
});

test('the record of an entry has all that is stored of it, as new as the newest purge', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  const key = bench.key('/path?query', 'variant');
  const id = cache.put(key, bytes('head'), bytes('meta'), bytes('body'), [50, 2, 3, 4], 0, [5, 6]);
  const handle = cache.pinEntry(id, cache.generation(id));
  const found = cache.record(id);
  assert.ok(found !== undefined);
  const { lo, hi } = key;
  const words = [...bench.prefix.words, ...key.words.subarray(0, key.count)];
  assert.deepEqual([found.lo, found.hi, found.site, found.hostAt], [lo, hi, 1, bench.prefix.hostAt]);
  assert.deepEqual([...found.keyWords], words);
  assert.equal(found.prefixCount, bench.prefix.words.length);
  assert.deepEqual(
    [[...Array.from(found.tags)], found.userWords],
    [
      [5, 6],
      [50, 2, 3, 4],
    ],
  );
  assert.deepEqual([text(found.head), text(found.meta), found.length, found.sequence], ['head', 'meta', 4, 0]);
  bench.main.purge.add({ ...ANY, pattern: '/other' });
  assert.equal(cache.record(id)?.sequence, 1);
  bench.main.purge.add({ ...ANY, pattern: '/path*', soft: true, stamp: 20 });
  const stale = cache.record(id);
  assert.deepEqual([stale?.sequence, stale?.userWords[0]], [2, 20]);
  bench.main.purge.add({ ...ANY, pattern: '/path*' });
  assert.equal(cache.record(id), undefined);
  cache.drop(handle);
  bench.main.audit();
});

test('what purges make of older content, by its key and its tags', () => {
  const bench = new Bench();
  const cache = bench.open(1);
  const blue = cache.tagHash('blue');
  const claim = (): ReturnType<Cache['claim']> => cache.claim(bench.key('/a'));
  const since = (seq: number, tags: number[] = []): number => {
    const { id, handle } = claim();
    const verdict = cache.verdictSince(id, seq, tags);
    cache.finish(id, RELEASED);
    cache.drop(handle);
    return verdict;
  };
  const tag = (name: string, soft = false) => ({ ...ANY, tag: name, soft });
  const hold = cache.claim(bench.key('/held')); // keeps purges by tag in the log
  assert.equal(since(0), NO_BAN);
  bench.main.purge.add({ ...ANY, pattern: '/b' });
  bench.main.purge.add(tag('blue', true));
  assert.deepEqual([since(0, [1, 2]), since(0, [1, blue]), since(2, [blue])], [NO_BAN, SOFT_BAN, NO_BAN]);
  bench.main.purge.add(tag('blue'));
  assert.deepEqual(
    [since(2, [blue]), since(2, [blue | 0]), since(3, [blue]), since(0)],
    [HARD_BAN, HARD_BAN, NO_BAN, NO_BAN],
  );
  bench.main.purge.add({ ...ANY, pattern: '/a*', soft: true });
  assert.deepEqual([since(3), since(4), since(0, [blue])], [SOFT_BAN, NO_BAN, HARD_BAN]);
  cache.finish(hold.id, RELEASED);
  cache.drop(hold.handle);
  bench.main.purge.sweep(1e6);
  assert.equal(bench.main.purgeFloor(), 4);
  assert.deepEqual([since(3), since(4)], [HARD_BAN, NO_BAN], 'what is no longer known counts as purged');
});

test('purges stay in the log until they have been applied below, or there is no room for them', () => {
  const bench = new Bench({ memory: 1 << 20 });
  let applied = 0;
  bench.main.purge.applied = () => applied;
  const sweep = (): void => {
    while (!bench.main.purge.sweep(1000).finished);
    bench.main.purge.sweep(1);
  };
  bench.put(bench.main, '/a', 'a');
  for (let i = 0; i < 3; i++) bench.main.purge.add({ ...ANY, pattern: `/${i}` });
  sweep();
  assert.equal(bench.main.purgeFloor(), 0);
  assert.ok(bench.main.stats().banBytes > 0);
  applied = 2;
  sweep();
  assert.equal(bench.main.purgeFloor(), 2);
  applied = 9;
  sweep();
  assert.deepEqual([bench.main.purgeFloor(), bench.main.stats().banBytes], [3, 0]);
  applied = 3;
  for (let i = 0; i < 2000; i++) bench.main.purge.add({ ...ANY, pattern: `/${i}` });
  const floor = bench.main.purgeFloor();
  assert.ok(floor > 3, 'a full log keeps nothing for others');
  sweep();
  assert.ok(bench.main.purgeFloor() >= floor, 'and does not go back');
  assert.equal(bench.get(bench.open(1), '/a'), 'a');
  applied = 1e9;
  sweep();
  assert.equal(bench.main.purgeFloor(), 2003);
});

test('a cache goes on from the purges of another process', () => {
  const before = new Bench();
  const secret = before.main.secret();
  assert.deepEqual(Buffer.from(secret).toString(), '8 bytes!');
  const bench = new Bench({ secret, purgeSequence: 100 });
  const cache = bench.open(1);
  assert.deepEqual([cache.purgeSequence(), cache.purgeFloor()], [100, 100]);
  let applied = 100;
  bench.main.purge.applied = () => applied;
  bench.main.purge.restore({ ...ANY, pattern: '/a' }, 103);
  bench.main.purge.restore({ ...ANY, tag: 'blue' }, 107);
  assert.throws(() => bench.main.purge.restore(ANY, 107), RangeError);
  assert.equal(cache.purgeSequence(), 107);
  const put = (target: string, seq: number, tags: number[] = []): boolean =>
    cache.put(bench.key(target), bytes('h'), bytes('m'), bytes('b'), [9, 0, 0, 0], seq, tags) !== 0;
  const purged = (seq: number) => [put('/a', seq), put('/b', seq), put('/c', seq, [cache.tagHash('blue')])];
  assert.deepEqual(purged(99), [false, false, false]);
  assert.deepEqual(purged(100), [false, true, false]);
  assert.deepEqual(purged(103), [true, true, false]);
  assert.deepEqual(purged(107), [true, true, true]);
  assert.equal(bench.main.purge.add({ ...ANY, pattern: '/b', soft: true }), 108);
  const id = cache.lookup(bench.key('/b'));
  assert.equal(cache.word(id, USER_FRESH_UNTIL), 0);
  cache.unpin();
  while (!bench.main.purge.sweep(1000).finished);
  assert.equal(cache.purgeFloor(), 100);
  applied = 108;
  bench.main.purge.sweep(1);
  assert.equal(cache.purgeFloor(), 108);
  for (let i = 0; i < 3000; i++) bench.main.purge.add({ ...ANY, pattern: `/${i}/*` });
  bench.main.audit();
});
