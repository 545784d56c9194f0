// Reload as operators do it: a signal, or a file that changes.
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { until } from '../support/cleanup.ts';
import { request } from '../support/client.ts';
import { startOrigin } from '../support/origin.ts';
import { listening, spawnLb } from '../support/process.ts';

const t = { after };
const folder = mkdtempSync(join(tmpdir(), 'lb-reload-'));
after(() => rmSync(folder, { recursive: true }));
const named = (name: string) => startOrigin(t, (_asked, answer) => answer.send(200, [], name));
const [one, two] = await Promise.all([named('one'), named('two')]);

function settings(origin: { address: string }, more: object = {}): string {
  const own = { listen: '127.0.0.1:0', admin: '127.0.0.1:0', workers: 1, cache: { memory: '8MB' } };
  return JSON.stringify({ ...own, origins: [origin.address], ...more });
}

async function serve(name: string, text: string) {
  const file = join(folder, name);
  writeFileSync(file, text);
  const lb = spawnLb(t, ['serve', '-c', file]);
  const { port } = await listening(lb);
  return { file, lb, answer: async () => (await request(t, port, '/')).text };
}

test('SIGHUP reads the file anew; a wrong one changes nothing and its mistakes are logged', async () => {
  const { file, lb, answer } = await serve('signal.json', settings(one));
  assert.equal(await answer(), 'one');
  writeFileSync(file, settings(two));
  lb.signal('SIGHUP');
  await until(async () => (await answer()) === 'two', 'the other origin answers');
  writeFileSync(file, '{"origins": ["127.0.0.1:1"], "colour": 1}');
  lb.signal('SIGHUP');
  await until(() => lb.stdout.includes('"place"'), 'the mistake is logged');
  assert.match(lb.stdout, /signal\.json:1:\d+/);
  assert.equal(await answer(), 'two');
});

test('with `watch`, a file that is written or replaced is read', async () => {
  const { file, answer } = await serve('watched.json', settings(one, { watch: true }));
  assert.equal(await answer(), 'one');
  writeFileSync(file, settings(two, { watch: true }));
  await until(async () => (await answer()) === 'two', 'the written file counts');
  writeFileSync(`${file}.new`, settings(one, { watch: true }));
  renameSync(`${file}.new`, file);
  await until(async () => (await answer()) === 'one', 'the file in its place counts');
});
