import assert from 'node:assert/strict';
import test from 'node:test';
import { SETTINGS } from '../../src/config/settings.ts';
import { REDACTABLE } from '../../src/stats/access-log.ts';

test('the setting log.redact names the fields that the access log can leave out', () => {
  const setting = SETTINGS.find(({ path }) => path === 'log.redact');
  assert.deepEqual([...(setting?.values ?? [])].sort(), [...REDACTABLE].sort());
});
