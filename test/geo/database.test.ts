// Databases of one's own: in force at once on all threads, and refused where they are none.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { counted, startScene } from '../caching/scene.ts';
import { Folder } from '../config/cli.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { countryDatabase } from '../support/mmdb.ts';
import { ruleFolder } from '../waf-http/scene.ts';

function databaseFile(t: Cleanup, networks: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'lb-geo-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'countries.mmdb');
  writeFileSync(file, countryDatabase(networks));
  return file;
}

/** A database as some have them that tell other things than countries. */
const WITHOUT_COUNTRIES = () => {
  const whole = countryDatabase({ '127.0.0.0/8': 'DE' });
  const at = whole.indexOf('country_code');
  whole.write('networkowner', at, 'latin1');
  return whole;
};

test('a reload changes terms and database on all threads; one that is broken changes nothing', async (t) => {
  const database = databaseFile(t, { '127.0.0.0/8': 'DE' });
  const settings = { workers: 2, geo: { database }, addons: { geo: { allow: ['DE'] } } };
  const scene = await startScene(t, settings);
  scene.on('/', counted([['Cache-Control', 'max-age=600']]));
  const statuses = async () => {
    const found = new Set<number>();
    for (let i = 0; i < 6; i++) found.add((await scene.get('/')).status);
    return [...found];
  };
  const origins = [scene.origin.address];
  assert.deepEqual(await statuses(), [200]);
  assert.ok((await scene.lb.reload({ ...settings, origins, addons: { geo: { block: ['DE'] } } })).ok);
  assert.deepEqual(await statuses(), [403]);
  writeFileSync(`${database}.new`, countryDatabase({ '127.0.0.0/8': 'FR', '10.0.0.0/8': 'DE' }));
  copyFileSync(`${database}.new`, database);
  const reloaded = await scene.lb.reload({ ...settings, origins, addons: { geo: { block: ['DE'] } } });
  assert.ok(reloaded.ok && reloaded.changed.includes('geo.database'), JSON.stringify(reloaded));
  assert.deepEqual(await statuses(), [200]);
  for (const broken of [
    Buffer.from('no database'),
    countryDatabase({ '127.0.0.0/8': 'DE' }).subarray(0, 60),
    WITHOUT_COUNTRIES(),
  ]) {
    writeFileSync(database, broken);
    assert.equal((await scene.lb.reload({ ...settings, origins, addons: { geo: { block: ['FR'] } } })).ok, false);
    assert.deepEqual(await statuses(), [200]);
  }
  assert.ok((await scene.lb.reload({ ...settings, origins, addons: {}, geo: {} })).ok);
  assert.deepEqual(await statuses(), [200]);
});

test('lb check names the file and the fix', async () => {
  const settings = '{"origins": ["a:80"], "geo": {"database": "c.mmdb"}}';
  const files: readonly (readonly [string, RegExp])[] = [
    ['no database', /geo\.database \S+c\.mmdb is no MMDB file, or not all of one: name an MMDB file with countries/],
    [WITHOUT_COUNTRIES().toString('latin1'), /geo\.database \S+c\.mmdb has no countries/],
  ];
  for (const [content, says] of files) {
    using folder = new Folder({ 'lb.json': settings });
    writeFileSync(join(folder.path, 'c.mmdb'), content, 'latin1');
    const { code, stderr } = await folder.lb(['check']);
    assert.equal(code, 2);
    assert.match(stderr, says);
    const { stdout } = await folder.lb(['check', '--json']);
    const [error] = (JSON.parse(stdout) as { errors: { source: string; fix: string }[] }).errors;
    assert.deepEqual([error.source, /leave geo\.database out/.test(error.fix)], ['geo.database', true]);
  }
  using folder = new Folder({ 'lb.json': settings });
  assert.match((await folder.lb(['check'])).stderr, /lb\.json:1:43: error: geo\.database: .*c\.mmdb/);
});

test('rules of the WAF look up countries (@geoLookup), and custom rules have them', async (t) => {
  const database = databaseFile(t, { '127.0.0.0/8': 'DE', '192.0.2.0/24': 'FR' });
  const path = ruleFolder(
    t,
    `SecRule REMOTE_ADDR "@geoLookup" "id:1,phase:1,pass,nolog,chain"
SecRule GEO:COUNTRY_CODE "@streq FR" "setvar:tx.far=1"
SecRule TX:far "@eq 1" "id:2,phase:1,deny,status:403,log,msg:'from afar'"
`,
  );
  const waf = {
    path,
    custom_rules: [{ name: 'b', action: 'block', status: 451, when: { countries: ['DE'], path: '/closed' } }],
  };
  const scene = await startScene(t, { geo: { database }, trusted_proxies: ['127.0.0.1'], addons: { waf } });
  scene.on('/', counted([]));
  scene.on('/closed', counted([]));
  const from = async (address: string, target = '/') =>
    (await scene.get(target, [['X-Forwarded-For', address]])).status;
  assert.deepEqual([await from('192.0.2.1'), await from('127.0.0.5'), await from('203.0.113.1')], [403, 200, 200]);
  assert.deepEqual([await from('127.0.0.5', '/closed'), await from('203.0.113.1', '/closed')], [451, 200]);
});
