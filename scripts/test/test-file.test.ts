import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type FileResult, runTestFile } from './test-file.ts';

let scratch: string;

before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'lb-test-file-'));
});
after(() => rmSync(scratch, { recursive: true, force: true }));

function run(name: string, source: string, timeoutMs?: number): Promise<FileResult> {
  const path = join(scratch, `${name}.test.mjs`);
  writeFileSync(path, `import { describe, test } from 'node:test';\n${source}`);
  return runTestFile(path, scratch, timeoutMs);
}

test('passed, failed and skipped tests are told apart, each counted once', async () => {
  const result = await run(
    'mixed',
    `describe('suite', () => {
      test('good', () => { console.log('said'); });
      test('outer', async (t) => { await t.test('inner', () => { throw new Error('why'); }); });
      test('later', { skip: 'no network' }, () => {});
    });`,
  );
  const found = result.tests.map(({ outcome, name }) => `${outcome} ${name}`);
  assert.deepEqual(found, ['passed good', 'failed inner', 'skipped later']);
  assert.match(result.tests[1]?.detail ?? '', /^Error: why\n {4}at /);
  assert.equal(result.tests[2]?.detail, 'no network');
  assert.match(result.tests[1]?.location ?? '', /mixed\.test\.mjs:4$/);
  assert.match(result.output, /said/);
  assert.equal(result.trouble, undefined);
});

test('a file that crashes, declares no test, or does not end is in trouble', async () => {
  const [crash, none, late] = await Promise.all([
    run('crash', `throw new Error('at load');`),
    run('none', ''),
    run('late', `test('good', () => { setInterval(() => {}, 1000); });`, 1500),
  ]);
  const ended = crash.trouble ?? crash.tests.map(({ outcome }) => outcome).join();
  assert.match(ended, /exit code 1|failed/);
  assert.match(crash.output + (crash.tests[0]?.detail ?? ''), /at load/);
  assert.equal(none.trouble, 'declares no test');
  assert.equal(late.trouble, 'did not end within 1.5 s');
});
