import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SiteOrigins } from './balance-site.ts';
import type { Origin } from './origin.ts';
import { HEALTH, OWN, WORD } from './state.ts';
import { siteConfig, testOrigins, testStates } from './testing.ts';
import { OriginUse } from './use.ts';

const HINTS = { path: '/', target: '/', headers: [], address: '10.0.0.1', host: { authority: 'site.test' } };

function scene(settings: Record<string, unknown>) {
  const site = siteConfig({ passive_health: { failures: 2, eject: '10s' }, ...settings });
  const clock = { now: 1_000_000 };
  const states = testStates(8);
  const origins = testOrigins(site, states, () => clock.now);
  const all = new SiteOrigins(site, origins, states.slot(7), { now: () => clock.now, random: () => 0.5 });
  const choose = (headers: string[] = [], tried?: Origin[]) =>
    all.choose(all.route({ ...HINTS, headers }), clock.now, tried);
  const down = (origin: Origin) => origin.state.store(WORD.health, HEALTH.down);
  const fail = (origin: Origin, times = 2) => {
    for (let i = 0; i < times; i++) origin.health.fail(clock.now);
  };
  /** Chosen, in turns, as positions. */
  const turns = (count: number) =>
    Array.from({ length: count }, () => {
      const origin = choose();
      return origin === undefined ? -1 : origins.indexOf(origin);
    });
  return { all, origins, clock, choose, down, fail, turns };
}

const TWO = ['a.test:80', 'b.test:80'];
const WITH_BACKUP = [...TWO.map((name) => ({ host: name.split(':')[0] })), { host: 'c.test', backup: true }];

test('requests that say nothing cost no object', () => {
  const { all } = scene({ origins: TWO });
  assert.equal(all.route(HINTS), all.route({ ...HINTS, target: '/other' }));
});

test('origins that are down get nothing; backups stand in; without any there is none', () => {
  const { origins, down, turns } = scene({ origins: WITH_BACKUP });
  assert.deepEqual(turns(4), [0, 1, 0, 1]);
  down(origins[0]);
  assert.deepEqual(turns(3), [1, 1, 1]);
  down(origins[1]);
  assert.deepEqual(turns(3), [2, 2, 2]);
  down(origins[2]);
  assert.deepEqual(turns(2), [-1, -1]);
});

test('an origin that fails is left out, then one request at a time tries it, and a success brings it back', () => {
  const { origins, choose, fail, turns, clock } = scene({ origins: TWO });
  fail(origins[0]);
  assert.deepEqual(turns(4), [1, 1, 1, 1]);
  clock.now += 10_000;
  const trial = new OriginUse(choose() as Origin, clock.now);
  assert.equal(trial.origin, origins[0]);
  assert.deepEqual(turns(4), [1, 1, 1, 1], 'while it is tried, others go elsewhere');
  trial.failed(clock.now);
  trial.end(clock.now);
  assert.deepEqual(turns(4), [1, 1, 1, 1], 'the trial failed');
  clock.now += 10_000;
  const second = new OriginUse(choose() as Origin, clock.now);
  second.end(clock.now);
  const third = new OriginUse(choose() as Origin, clock.now);
  assert.equal(third.origin, origins[0], 'one that was given up told nothing: the next one tries');
  third.answered(200, clock.now);
  third.end(clock.now);
  assert.deepEqual(
    turns(4).sort((a, b) => a - b),
    [0, 0, 1, 1],
  );
  assert.equal(origins[0].underWay(), 0);
});

test('requests failing never leave a site without an origin: all are asked then, backups last', () => {
  const { origins, fail, turns } = scene({ origins: WITH_BACKUP });
  fail(origins[0]);
  fail(origins[1]);
  assert.deepEqual(turns(2), [2, 2], 'the backup stands in');
  fail(origins[2]);
  assert.deepEqual(
    turns(4).sort((a, b) => a - b),
    [0, 0, 1, 1],
  );
  const alone = scene({ origins: ['a.test:80'] });
  alone.fail(alone.origins[0], 50);
  assert.deepEqual(alone.turns(1), [0]);
  assert.equal(alone.origins[0].state.load(WORD.ejected), 0, 'an only origin is not left out');
});

test('an open circuit is closed to all but one at a time', () => {
  const breaker = { error_rate: 0.5, min_requests: 2, open: '5s' };
  const { origins, fail, turns, choose, clock } = scene({ origins: ['a.test:80'], circuit_breaker: breaker });
  fail(origins[0]);
  assert.deepEqual(turns(2), [-1, -1]);
  clock.now += 5000;
  const trial = new OriginUse(choose() as Origin, clock.now);
  assert.deepEqual(turns(2), [-1, -1]);
  trial.answered(200, clock.now);
  trial.end(clock.now);
  for (let i = 0; i < 2; i++) {
    const next = new OriginUse(choose() as Origin, clock.now);
    next.answered(200, clock.now);
    next.end(clock.now);
  }
  assert.deepEqual(turns(3), [0, 0, 0]);
});

test('an origin that failed the request is not chosen for it again', () => {
  const { origins, choose } = scene({ origins: TWO });
  for (let i = 0; i < 4; i++) assert.equal(choose([], [origins[0]]), origins[1]);
  assert.equal(choose([], origins), undefined);
});

test('a client stays with its origin as long as that is up', () => {
  const { all, origins, choose, down } = scene({ origins: TWO, balance: { sticky_cookie: 'srv' } });
  const line = all.route(HINTS).cookieFor(origins[1], true) ?? '';
  assert.match(line, /^srv=[\w-]{16}; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
  assert.ok(!all.route(HINTS).cookieFor(origins[1], false)?.includes('Secure'));
  assert.ok(!line.includes('b.test'));
  const cookie = line.slice(0, line.indexOf(';'));
  const headers = ['cookie', `x=1; ${cookie}`];
  for (let i = 0; i < 4; i++) assert.equal(choose(headers), origins[1]);
  const route = all.route({ ...HINTS, headers });
  assert.equal(route.cookieFor(origins[1], true), undefined, 'it has it');
  assert.equal(all.route({ ...HINTS, cookies: cookie }).stuck, origins[1], 'where the origin gets no cookies');
  down(origins[1]);
  assert.equal(choose(headers), origins[0]);
  assert.ok(route.cookieFor(origins[0], true), 'it has another origin from now on');
  const forged = ['cookie', 'srv=../../etc/passwd'];
  assert.equal(choose(forged), origins[0]);
});

test('hash: the same request goes to the same origin, whatever is hashed', () => {
  const origins = ['a.test:80', 'b.test:80', 'c.test:80', 'd.test:80'];
  const cases: [string, (n: number) => Partial<typeof HINTS>][] = [
    ['url', (n) => ({ target: `/?${n}` })],
    ['path', (n) => ({ path: `/${n}` })],
    ['ip', (n) => ({ address: `10.0.0.${n}` })],
    ['host', (n) => ({ host: { authority: `h${n}.test` } })],
    ['header:X-Key', (n) => ({ headers: ['x-key', String(n)] as never[] })],
    ['cookie:user', (n) => ({ headers: ['cookie', `user=${n}`] as never[] })],
  ];
  for (const [by, hints] of cases) {
    const { all, clock } = scene({ origins, balance: { policy: 'hash', hash_by: by } });
    const place = (n: number) => all.choose(all.route({ ...HINTS, ...hints(n) }), clock.now)?.url;
    const places = new Set<string | undefined>();
    for (let n = 0; n < 40; n++) {
      assert.equal(place(n), place(n), by);
      places.add(place(n));
    }
    assert.equal(places.size, 4, by);
  }
});

test('slow start: an origin that came up gets little at first', () => {
  const { origins, clock, turns } = scene({ origins: TWO, health: { path: '/up', slow_start: '10s' } });
  origins[0].health.setHealth(HEALTH.down, clock.now);
  origins[0].health.setHealth(HEALTH.up, clock.now);
  const part = () => turns(300).filter((index) => index === 0).length / 300;
  assert.ok(part() < 0.11);
  clock.now += 5000;
  assert.ok(Math.abs(part() - 1 / 3) < 0.02);
  clock.now += 5000;
  assert.ok(Math.abs(part() - 1 / 2) < 0.01);
});

test('what requests tell: answers, failures, and nothing where they are given up', () => {
  const { origins, clock } = scene({ origins: TWO });
  const [{ state, health }] = origins;
  const use = () => new OriginUse(origins[0], clock.now);
  const first = use();
  assert.equal(state.own(OWN.underWay), 1);
  assert.equal(first.answered(503, clock.now)?.ejected, false);
  first.end(clock.now);
  first.end(clock.now);
  assert.equal(state.own(OWN.underWay), 0);
  assert.equal(state.load(WORD.failures), 1);
  use().end(clock.now);
  assert.equal(state.load(WORD.failures), 1);
  const good = use();
  good.answered(404, clock.now + 5);
  assert.equal(state.load(WORD.failures), 1, 'a good head may still end badly');
  good.end(clock.now + 5);
  assert.equal(state.load(WORD.failures), 0);
  const cut = use();
  cut.answered(200, clock.now);
  cut.failed(clock.now);
  cut.end(clock.now);
  const second = use();
  second.answered(200, clock.now);
  assert.equal(second.failed(clock.now)?.ejected, true, 'answers that are cut short count as failures');
  second.end(clock.now);
  assert.equal(health.availability(clock.now), 2);
});

test('a trial is over with its head: a stream or tunnel that goes on keeps no other request from trying', () => {
  const breaker = { error_rate: 0.5, min_requests: 2, open: '10s' };
  const { origins, choose, fail, clock } = scene({ origins: TWO.slice(0, 1), circuit_breaker: breaker });
  fail(origins[0]);
  assert.equal(choose(), undefined, 'the circuit is open');
  clock.now += 10_000;
  const streams = [0, 1, 2].map(() => {
    const trial = new OriginUse(choose() as Origin, clock.now);
    assert.equal(choose(), undefined, 'one at a time');
    trial.answered(200, clock.now);
    return trial;
  });
  assert.equal(origins[0].state.load(WORD.probe), 0);
  assert.equal(choose(), origins[0], 'three good answers close the circuit');
  assert.equal(origins[0].isOnTrial, false);
  for (const stream of streams) stream.end(clock.now);
  assert.equal(origins[0].underWay(), 0);
});

test('the end of a trial gives nothing back that is another one’s by then', () => {
  const { origins, choose, fail, clock } = scene({ origins: TWO });
  fail(origins[0]);
  clock.now += 10_000;
  const first = new OriginUse(choose() as Origin, clock.now);
  first.answered(503, clock.now);
  clock.now += 10_000;
  const second = new OriginUse(choose() as Origin, clock.now);
  assert.equal(second.origin, origins[0]);
  first.end(clock.now);
  assert.equal(choose(), origins[1], 'the second trial is under way');
  second.end(clock.now);
  assert.equal(origins[0].state.load(WORD.probe), 0);
});

test('a failed trial leaves the origin out again, whatever requests from before have told meanwhile', () => {
  const { origins, choose, fail, turns, clock } = scene({ origins: TWO });
  fail(origins[0]);
  origins[0].health.succeed(clock.now);
  clock.now += 10_000;
  const trial = new OriginUse(choose() as Origin, clock.now);
  trial.failed(clock.now);
  trial.end(clock.now);
  assert.deepEqual(turns(3), [1, 1, 1]);
});

test('where all are left out, an open circuit still gets one request at a time', () => {
  const breaker = { error_rate: 0.5, min_requests: 2, open: '1s' };
  const { origins, choose, fail, clock } = scene({ origins: TWO, circuit_breaker: breaker });
  for (const origin of origins) fail(origin);
  assert.equal(choose(), undefined);
  clock.now += 1000;
  const trials = [0, 1].map(() => new OriginUse(choose() as Origin, clock.now));
  assert.notEqual(trials[0].origin, trials[1].origin);
  assert.equal(choose(), undefined);
  for (const trial of trials) trial.end(clock.now);
});
