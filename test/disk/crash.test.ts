import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crash } from './crash.ts';

/** `node test/disk/crash.ts` does it a thousand times. */
const TIMES = Number(process.env.LB_CRASHES ?? 5);

test(`killed ${TIMES} times at random moments, a disk has nothing wrong, short, replaced or purged`, async (t) => {
  let result = await crash(TIMES);
  // on a machine with much else to do those that are killed may not have come to write anything
  for (let again = 0; result.verified === 0 && again < 3; again++) result = await crash(TIMES);
  t.diagnostic(JSON.stringify(result));
  assert.equal(result.crashes, TIMES);
  assert.ok(result.verified > 0);
});
