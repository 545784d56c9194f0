// A configuration file as users have it: one origin, cache rules, addons.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../support/cleanup.ts';
import { request } from '../support/client.ts';
import { startOrigin } from '../support/origin.ts';
import { spawnLb } from '../support/process.ts';
import { ruleFolder } from '../waf-http/scene.ts';

test('the file is served as it stands, with its addons', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lb-json-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const origin = await startOrigin(t, (asked, answer) => answer.send(200, [], asked.target));
  const settings = {
    origins: [{ host: '127.0.0.1', port: origin.port }],
    cache: {
      static: { match: '*.js,*.css,*.png,*.woff2', ttl: 86400 },
      api: { match: '/api/products/*', ttl: 60 },
    },
    addons: {
      rate_limit: { requests_per_second: 100, by: 'ip' },
      waf: { ruleset: 'owasp-core', mode: 'block' },
    },
  };
  const file = join(folder, 'lb.json');
  writeFileSync(file, JSON.stringify(settings));
  const own = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--cache-memory', '16MB'];
  const child = spawnLb(t, ['serve', '-c', file, ...own], { LB_LOG_ACCESS: 'off', LB_CRS_PATH: ruleFolder(t) });
  await until(() => child.stdout.includes('"lb serves"'), `lb to serve: ${child.stderr}`);
  const { listen } = JSON.parse(child.stdout.split('\n').find((line) => line.includes('"lb serves"')) ?? '') as {
    listen: string;
  };
  const port = Number(new URL(listen).port);
  for (const [target, stored] of [
    ['/app.js', true],
    ['/x/y.png', true],
    ['/api/products/1?lang=de', true],
    ['/api/orders/1', false],
    ['/', false],
  ] as const) {
    await request(t, port, target);
    const { status, text, fields } = await request(t, port, target);
    assert.deepEqual([status, text], [200, target]);
    const [, cacheStatus] = fields.find(([name]) => name.toLowerCase() === 'cache-status') ?? [];
    assert.equal(cacheStatus === 'lb; hit', stored, `${target}: ${cacheStatus}`);
  }
  const attack = await request(t, port, '/app.js?id=1%20union%20select%202');
  assert.equal(attack.status, 403);
  await until(() => child.stdout.includes('"rule_ids":[942900,949110]'), 'the line of the firewall');
  child.signal('SIGTERM');
  assert.equal(await child.exit(), 0);
});
