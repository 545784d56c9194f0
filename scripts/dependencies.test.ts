import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const project = join(import.meta.dirname, '..');

test('docs/dependencies.md lists every dependency with its version', () => {
  const { dependencies, optionalDependencies, devDependencies } = JSON.parse(
    readFileSync(join(project, 'package.json'), 'utf8'),
  ) as Record<string, Record<string, string>>;
  const expected = Object.entries({ ...dependencies, ...optionalDependencies, ...devDependencies }).map(
    ([name, version]) => `${name} ${version.replace(/^npm:.*@/, '')}`,
  );
  const page = readFileSync(join(project, 'docs', 'dependencies.md'), 'utf8');
  const listed = [...page.matchAll(/^\| ([^ |]+)[^|]*\| (\d[^ |]*) \| \S/gm)].map(
    ([, name, version]) => `${name} ${version}`,
  );
  assert.deepEqual(listed.sort(), expected.sort());
});
