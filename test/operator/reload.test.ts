// lb reload on a process with its lb.json: what changes, what is refused, what stays.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Folder } from '../config/cli.ts';
import { within } from '../support/cleanup.ts';
import { startOrigin } from '../support/origin.ts';
import { spawnLb } from '../support/process.ts';

test('lb reload puts a new configuration in force, and refuses a wrong one', async (t) => {
  const [old, other] = await Promise.all(
    ['old', 'new'].map((name) =>
      startOrigin(t, (_request, answer) => answer.send(200, [['Cache-Control', 'no-store']], name)),
    ),
  );
  const folder = new Folder();
  t.after(() => folder[Symbol.dispose]());
  const path = join(folder.path, 'lb.json');
  const write = (more: object) => {
    const fixed = {
      listen: '127.0.0.1:0',
      admin: '127.0.0.1:0',
      workers: 1,
      cache: { memory: '64MB' },
      log: { access: false },
    };
    writeFileSync(path, JSON.stringify({ ...fixed, ...more }));
  };
  write({ origins: [`http://${old.address}`] });
  const child = spawnLb(t, ['serve', '-c', path]);
  while (!child.stdout.includes('"lb serves"'))
    await within(once(child.process.stdout, 'data'), `lb to serve: ${child.stderr}`);
  const { listen, admin } = JSON.parse(/^.*"lb serves".*$/m.exec(child.stdout)?.[0] ?? '') as Record<string, string>;
  const env = { LB_ADMIN: new URL(admin).host };
  const page = async () => (await fetch(listen)).text();
  assert.equal(await page(), 'old');

  write({ origins: [`http://${other.address}`] });
  const done = await folder.lb(['reload'], env);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /^reloaded: configuration 2 is in force\n {2}default: origins\n/);
  assert.equal(await page(), 'new');
  assert.match((await folder.lb(['status'], env)).stdout, /, configuration 2\n/);

  write({ orgins: ['http://127.0.0.1:1'] });
  const refused = await folder.lb(['reload'], env);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /lb\.json:1:\d+: .*orgins/);
  assert.equal(await page(), 'new');
  const json = JSON.parse((await folder.lb(['reload', '--json'], env)).stdout) as { status: number; errors: object[] };
  assert.deepEqual([json.status, json.errors.length > 0], [422, true]);

  write({ origins: [`http://${other.address}`], workers: 2 });
  assert.match((await folder.lb(['reload'], env)).stderr, /next start on: workers/);
});
