import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warmStart } from './warm-start.ts';

test('with many entries on disk the first hit comes as soon as lb serves', async (t) => {
  const { serves, first, statuses } = await warmStart(t, 30_000);
  assert.deepEqual(new Set(statuses), new Set(['lb; hit; detail=disk']));
  assert.ok(first - serves < 1000, `${first - serves} ms`);
});
