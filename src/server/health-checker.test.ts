import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStatusIn } from '../origin/health-check.ts';
import { createOriginStates, HEALTH, OriginStates, WORD } from '../origin/state.ts';
import { siteConfig } from '../origin/testing.ts';
import { type Checked, HealthChecker } from './health-checker.ts';

/** Answers checks one by one as the test says. */
function scene() {
  const states = new OriginStates(createOriginStates({ workers: 1, slots: 4 }), 0);
  const changes: string[] = [];
  let asked: ((isHealthy: boolean) => void) | undefined;
  let wake: (() => void) | undefined;
  const checker = new HealthChecker({
    check: () =>
      new Promise((resolve) => {
        asked = (isHealthy) => resolve({ isHealthy, detail: isHealthy ? 'fine' : 'status 500' });
        wake?.();
      }),
    changed: (site, origin, isUp, detail) => changes.push(`${site} ${origin} ${isUp} ${detail}`),
    random: () => 0,
  });
  const check = async (isHealthy: boolean) => {
    if (asked === undefined) await new Promise<void>((resolve) => (wake = resolve));
    asked?.(isHealthy);
    asked = undefined;
    await new Promise((resolve) => setImmediate(resolve));
  };
  const watch = (health: object) => {
    const site = siteConfig({
      origins: ['a.test:80'],
      health: { path: '/up', interval: '100ms', timeout: '50ms', ...health },
    });
    checker.update(new Map([[0, { site, origin: site.origins[0], state: states.slot(0) } satisfies Checked]]));
  };
  return { checker, check, watch, changes, state: states.slot(0) };
}

test('up at the first good check; down and up again after as many as configured', async () => {
  const { checker, check, watch, changes, state } = scene();
  watch({ healthy_after: 2, unhealthy_after: 3 });
  await check(true);
  assert.equal(state.load(WORD.health), HEALTH.up);
  for (const isHealthy of [false, false, true, false, false]) await check(isHealthy);
  assert.equal(state.load(WORD.health), HEALTH.up, 'not in a row');
  await check(false);
  assert.equal(state.load(WORD.health), HEALTH.down);
  state.store(WORD.ejected, 1);
  await check(true);
  assert.equal(state.load(WORD.health), HEALTH.down);
  await check(true);
  assert.equal(state.load(WORD.health), HEALTH.up);
  assert.equal(state.load(WORD.ejected), 0, 'what requests told before is over');
  assert.deepEqual(changes, ['default http://a.test:80 false status 500', 'default http://a.test:80 true fine']);
  assert.equal(checker.last(0)?.detail, 'fine');
  checker.stop();
});

test('an origin that is down from the start is down after as many checks; without checks it is unknown', async () => {
  const { checker, check, watch, state } = scene();
  watch({ unhealthy_after: 2 });
  await check(false);
  assert.equal(state.load(WORD.health), HEALTH.unknown);
  await check(false);
  assert.equal(state.load(WORD.health), HEALTH.down);
  watch({ type: 'off' });
  assert.equal(state.load(WORD.health), HEALTH.unknown);
  assert.equal(checker.last(0), undefined);
  checker.stop();
});

test('a reload that changes nothing of the checks goes on counting', async () => {
  const { checker, check, watch, state } = scene();
  watch({ unhealthy_after: 2 });
  await check(false);
  watch({ unhealthy_after: 2 });
  await check(false);
  assert.equal(state.load(WORD.health), HEALTH.down);
  checker.stop();
});

test('statuses and ranges of them', () => {
  assert.ok(isStatusIn(204, ['200-399']) && isStatusIn(404, ['200', '404']) && !isStatusIn(500, ['200-499']));
});
