import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { countryDatabase } from '../../test/support/mmdb.ts';
import { CountryDatabaseError, loadCountries, openCountries } from './country.ts';

/** A database in a file of its own. */
function withFile<T>(content: Buffer, use: (file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'lb-geo-'));
  try {
    writeFileSync(join(folder, 'a.mmdb'), content);
    return use(join(folder, 'a.mmdb'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a database of one’s own', () => {
  const networks = { '10.1.0.0/16': 'DE', '10.2.0.0/15': 'FR', '127.0.0.1/32': 'JP', '11.0.0.0/8': 'None' };
  const countryOf = openCountries(withFile(countryDatabase(networks), (file) => loadCountries(file)));
  const cases: readonly (readonly [string, string])[] = [
    ['10.1.2.3', 'DE'],
    ['10.1.2.3', 'DE'],
    ['10.3.255.255', 'FR'],
    ['10.4.0.0', 'XX'],
    ['127.0.0.1', 'JP'],
    ['127.0.0.2', 'XX'],
    ['::ffff:10.2.0.0', 'FR'],
    ['11.1.1.1', 'XX'],
  ];
  for (const [address, country] of cases) assert.equal(countryOf(address), country, address);
});

test('the database that comes with lb: public addresses have a country, private ones and text have none', () => {
  const countryOf = openCountries(loadCountries(undefined));
  assert.equal(countryOf('193.0.6.139'), 'NL');
  assert.equal(countryOf('2001:67c:2e8:22::c100:68b'), 'NL');
  const unknown = ['', 'x', '10.0.0.1', '192.168.1.1', '127.0.0.1', '::1', 'fd00::1', 'fe80::1%eth0', '100.64.0.1'];
  for (const address of unknown) assert.equal(countryOf(address), 'XX', address);
});

test('a thread reads the same memory', async () => {
  const workerData = loadCountries(undefined);
  const code = `
    import { parentPort, workerData } from 'node:worker_threads';
    import { openCountries } from ${JSON.stringify(new URL('./country.ts', import.meta.url).href)};
    parentPort.postMessage(openCountries(workerData)('193.0.6.139'));`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  // a data: module resolves no package by name, and needs none
  const worker = new Worker(url, { workerData });
  const answer = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  assert.equal(answer, 'NL');
  await worker.terminate();
});

test('a file that is missing or no database is refused in one sentence', () => {
  assert.throws(() => loadCountries('/nowhere/a.mmdb'), {
    constructor: CountryDatabaseError,
    message: 'cannot read geo.database /nowhere/a.mmdb: there is no such file',
  });
  for (const content of ['', 'not a database'.repeat(100)]) {
    withFile(Buffer.from(content), (file) => {
      assert.throws(() => loadCountries(file), { message: `geo.database ${file} is no MMDB file, or not all of one` });
    });
  }
});
