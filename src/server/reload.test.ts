import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { configure } from '../../test/support/lb.ts';
import { createLogger } from '../stats/logger.ts';
import { LineOutput, stdoutStream } from '../stats/output.ts';
import { type Applied, Reloader } from './reload.ts';

const logger = createLogger({ level: 'silent', output: new LineOutput(stdoutStream(), 1), terminal: false });
const config = configure({ origins: ['127.0.0.1:1'] });

function reloader(apply: () => Promise<Applied>): Reloader {
  return new Reloader({
    read: () => ({ config, origins: [], announcements: [] }),
    current: () => config,
    apply,
    logger,
  });
}

test('one after the other, and none once lb is about to end', async () => {
  let under = 0;
  let generation = 1;
  const one = reloader(async () => {
    assert.equal(++under, 1);
    await new Promise((resolve) => setImmediate(resolve));
    under--;
    return { generation: ++generation, changed: [] };
  });
  const results = await Promise.all([one.reload('a'), one.reload('b')]);
  assert.deepEqual(
    results.map((result) => result.ok && result.generation),
    [2, 3],
  );
  one.stop();
  assert.deepEqual(await one.reload('c'), { ok: false, error: 'lb is about to end', mistakes: [] });
});

test('files are watched anew after a refusal too, and what they cannot be told does not matter', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lb-reload-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'lb.json');
  const { promise, resolve } = Promise.withResolvers<void>();
  let reloads = 0;
  const one = reloader(async () => {
    if (++reloads === 3) resolve();
    throw new Error('not now');
  });
  t.after(() => one.stop());
  let asked = 0;
  one.watch(() => {
    if (++asked === 2) throw new Error('the folder cannot be read');
    return { files: [file], folders: [] };
  });
  assert.equal((await one.reload('a')).ok, false);
  assert.equal((await one.reload('b')).ok, false);
  assert.equal(asked, 3);
  writeFileSync(file, '');
  await promise;
});
