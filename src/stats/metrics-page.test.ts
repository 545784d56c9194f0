import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { withMetricsTable } from './metrics-page.ts';

test('docs/operations.md has the metrics table as it is', () => {
  const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  assert.equal(page, withMetricsTable(page));
});

test('a page without the marks is refused', () => {
  assert.throws(() => withMetricsTable('# Operations\n'), /has no/);
});
