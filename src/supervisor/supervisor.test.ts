import { equal, match } from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { until } from '../../test/support/cleanup.ts';
import { Supervisor } from './supervisor.ts';

/** Stands in for lb: says that it serves, and does what a test tells it. */
const PREAMBLE = `
const { appendFileSync, readFileSync } = require('node:fs');
const [, file] = process.argv;
const say = (word) => appendFileSync(file, process.pid + ' ' + word + '\\n');
const isFirst = readFileSync(file, 'utf8') === '';
const send = (lb) => process.send({ lb, listening: [] });
process.on('disconnect', () => process.exit(3));
process.on('SIGTERM', () => process.exit(0));
setTimeout(() => process.exit(4), 20000);
`;

function supervised(t: TestContext, script: string, startTimeout?: number) {
  const folder = mkdtempSync(join(tmpdir(), 'lb-supervisor-'));
  const file = join(folder, 'said');
  writeFileSync(file, '');
  const log: string[] = [];
  const command = [process.execPath, '-e', PREAMBLE + script, file];
  const supervisor = new Supervisor(command, { log: (line) => log.push(line), startTimeout });
  const over = supervisor.run();
  t.after(async () => {
    supervisor.signal('SIGTERM');
    await over;
    rmSync(folder, { recursive: true });
  });
  const said = (word: string) => readFileSync(file, 'utf8').split(`${word}\n`).length - 1;
  return { log, said };
}

test('a successor that never serves is ended, and lb is told', async (t) => {
  const script = `
    if (isFirst) {
      say('first');
      send('serves');
      send('upgrade');
      process.on('message', ({ lb, reason }) => lb === 'failed' && say('failed: ' + reason));
    } else say('second');
  `;
  const { said } = supervised(t, script, 300);
  await until(() => said('failed: the new process did not serve within 0.3 seconds') === 1, 'word of the failure');
  equal(said('second'), 1);
});

test('a successor that ends as it is let go of is made up for', async (t) => {
  const script = `
    if (isFirst) {
      say('first');
      send('serves');
      send('upgrade');
      process.on('message', ({ lb, pid }) => {
        if (lb === 'succeeded') process.kill(pid, 'SIGKILL');
        if (lb === 'failed') send('released');
        if (lb === 'failed') setTimeout(() => process.exit(0), 100);
      });
    } else {
      say('other');
      send('serves');
    }
  `;
  const { said, log } = supervised(t, script);
  await until(() => said('other') === 2, 'another process');
  match(log.join(), /has ended/);
});
