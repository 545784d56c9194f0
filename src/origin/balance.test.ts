import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BOUND, BoundedHash, LeastConnections, type Peer, RoundRobin, TwoChoices } from './balance.ts';
import { hashText } from './balance-hash.ts';

interface Stub extends Peer {
  name: string;
  load: number;
}

function peer(name: string, weight = 1, latency = 0): Stub {
  const stub: Stub = {
    name,
    load: 0,
    weight: () => weight,
    underWay: () => stub.load,
    latency: () => latency,
    seed: hashText(name),
  };
  return stub;
}

/** Park and Miller's generator: the same numbers each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 0x7fffffff;
    return state / 0x7fffffff;
  };
}

function names(peers: readonly Stub[], picks: number, pick: () => Stub): Record<string, number> {
  const counts = Object.fromEntries(peers.map(({ name }) => [name, 0]));
  for (let i = 0; i < picks; i++) counts[pick().name]++;
  return counts;
}

const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 });

test("round robin spreads a heavy origin's turns among the others'", () => {
  const peers = [peer('a', 5), peer('b'), peer('c')];
  const policy = new RoundRobin<Stub>();
  const turns = Array.from({ length: 14 }, () => policy.pick(peers, 0).name).join('');
  assert.equal(turns, 'aabacaaaabacaa');
});

test('round robin gives each origin exactly its part in every round', () => {
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 5 }), (all, rounds) => {
      const peers = all.map((weight, i) => peer(String(i), weight));
      const policy = new RoundRobin<Stub>();
      const sum = all.reduce((a, b) => a + b);
      const counts = names(peers, sum * rounds, () => policy.pick(peers, 0));
      assert.deepEqual(
        Object.values(counts),
        all.map((weight) => weight * rounds),
      );
    }),
  );
});

test('round robin goes on where origins are left out for a while', () => {
  const peers = [peer('a'), peer('b'), peer('c')];
  const policy = new RoundRobin<Stub>();
  for (let i = 0; i < 7; i++) policy.pick(peers, 0);
  const two = names(peers, 100, () => policy.pick(peers.slice(1), 0));
  assert.ok(two.a === 0 && Math.abs(two.b - two.c) <= 2, JSON.stringify(two));
});

test('least connections: the fewest for the weight; those that are alike take turns', () => {
  const [a, b, c] = [peer('a', 2), peer('b'), peer('c')];
  const policy = new LeastConnections<Stub>();
  const pick = () => policy.pick([a, b, c], 0).name;
  [a.load, b.load, c.load] = [3, 2, 2];
  assert.equal(pick(), 'a');
  [a.load, b.load, c.load] = [4, 1, 1];
  assert.deepEqual([pick(), pick(), pick(), pick()].sort(), ['b', 'b', 'c', 'c']);
});

test('least connections fills origins up in proportion to their weights', () => {
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 200 }), (all, requests) => {
      const peers = all.map((weight, i) => peer(String(i), weight));
      const policy = new LeastConnections<Stub>();
      for (let i = 0; i < requests; i++) policy.pick(peers, 0).load++;
      const sum = all.reduce((x, y) => x + y);
      peers.forEach(({ load }, i) => {
        assert.ok(Math.abs(load - (requests * all[i]) / sum) <= peers.length, `${load} of ${requests}`);
      });
    }),
  );
});

test('two choices: alike origins get alike, a slow one hardly anything, a busy one less', () => {
  const policy = new TwoChoices<Stub>(seeded(7));
  const alike = [peer('a', 1, 1000), peer('b', 1, 1000), peer('c', 1, 1000), peer('d', 1, 1000)];
  for (const count of Object.values(names(alike, 4000, () => policy.pick(alike, 0)))) {
    assert.ok(Math.abs(count - 1000) < 120, String(count));
  }
  const slow = [peer('slow', 1, 50_000), peer('b', 1, 1000), peer('c', 1, 1000)];
  assert.equal(names(slow, 1000, () => policy.pick(slow, 0)).slow, 0);
  const two = [peer('a', 1, 1000), peer('b', 1, 1000)];
  two[0].load = 3;
  assert.equal(policy.pick(two, 0).name, 'b');
  // its latency is unknown, and it has not answered yet
  const unknown = [peer('unknown', 1, 0), peer('b', 1, 1000)];
  assert.equal(policy.pick(unknown, 0).name, 'unknown');
  unknown[0].load = 1;
  assert.equal(policy.pick(unknown, 0).name, 'b');
});

test('two choices keep requests that last close to even', () => {
  const peers = Array.from({ length: 10 }, (_, i) => peer(String(i), 1, 1000));
  const policy = new TwoChoices<Stub>(seeded(3));
  for (let i = 0; i < 1000; i++) policy.pick(peers, 0).load++;
  for (const { load } of peers) assert.ok(load >= 97 && load <= 103, String(load));
});

const keys = Array.from({ length: 2000 }, (_, i) => hashText(`/page/${i}`));

function placed(peers: readonly Stub[]): Stub[] {
  const policy = new BoundedHash<Stub>();
  return keys.map((key) => policy.pick(peers, 0, key));
}

test('hash: where an origin comes or goes only the keys move that are its own', () => {
  const origins = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 2, maxLength: 12 });
  fc.assert(
    fc.property(origins, fc.nat(11), (all, index) => {
      const peers = all.map((name) => peer(name));
      const gone = peers[index % peers.length];
      const before = placed(peers);
      const after = placed(peers.filter((other) => other !== gone));
      before.forEach((origin, i) => {
        if (origin !== gone) assert.equal(after[i], origin);
      });
    }),
    { numRuns: 30 },
  );
});

test('hash: the order of origins does not matter; each gets its part of the keys', () => {
  const peers = [peer('http://10.0.0.1:80', 1), peer('http://10.0.0.2:80', 1), peer('http://10.0.0.3:80', 2)];
  const before = placed(peers);
  assert.deepEqual(placed([...peers].reverse()), before);
  const counts = peers.map((origin) => before.filter((other) => other === origin).length);
  assert.ok(Math.abs(counts[0] - 500) < 90 && Math.abs(counts[2] - 1000) < 110, counts.join());
});

test('hash: a key that all want goes on to others before its origin has too much', () => {
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 300 }), fc.nat(), (all, requests, key) => {
      const peers = all.map((weight, i) => peer(`origin ${i}`, weight));
      const sum = all.reduce((a, b) => a + b);
      const policy = new BoundedHash<Stub>();
      for (let i = 0; i < requests; i++) policy.pick(peers, 0, key).load++;
      peers.forEach(({ load }, i) => {
        assert.ok(load <= Math.ceil((BOUND * requests * all[i]) / sum), `${load} of ${requests}`);
      });
    }),
  );
  const peers = [peer('a'), peer('b'), peer('c')];
  const policy = new BoundedHash<Stub>();
  const first = policy.pick(peers, 0, 5);
  assert.equal(policy.pick(peers, 0, 5), first, 'alone, a key stays where it is');
});
