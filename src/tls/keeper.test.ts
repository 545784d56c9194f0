import { deepEqual, equal, notDeepEqual, throws } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createAuthority } from '../../test/dial/certificates.ts';
import { configure } from '../../test/support/lb.ts';
import { TlsKeeper } from './keeper.ts';

test('terms have the certificates of files, those obtained, and one ticket key over reloads', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lb-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const soon = new Date(Date.now() + 86_400_000);
  const { cert, key } = await (await createAuthority()).issue({ names: ['a.test'], notAfter: soon });
  writeFileSync(join(folder, 'a.pem'), cert + key);
  const config = configure({ origins: ['127.0.0.1:1'], tls: { listen: '127.0.0.1:0', folder } });
  const warnings: string[] = [];
  const keeper = new TlsKeeper((warning) => warnings.push(warning));
  const first = keeper.termsFor(config);
  const second = keeper.termsFor(config);
  deepEqual(first, second);
  deepEqual(first?.certificates[0].names, ['a.test']);
  equal(warnings.length, 1);
  keeper.setObtained([{ cert, key, names: ['b.test'], kind: 'ec' }]);
  deepEqual(
    keeper.termsFor(config)?.certificates.map(({ names }) => names[0]),
    ['a.test', 'b.test'],
  );
  notDeepEqual(new TlsKeeper(() => {}).ticketKey.current, keeper.ticketKey.current);
  equal(keeper.termsFor(configure({ origins: ['127.0.0.1:1'] })), undefined);
  const client_ca = join(folder, 'clients.ca');
  const strict = { listen: '127.0.0.1:0', folder, client_ca, client_auth: 'require' };
  writeFileSync(client_ca, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  const broken = configure({ origins: ['127.0.0.1:1'], tls: strict });
  throws(() => keeper.termsFor(broken), /clients\.ca holds a certificate that cannot be read/);
});

test('a folder without a certificate is refused, unless there is one of elsewhere', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lb-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'a.test'));
  writeFileSync(join(folder, 'README'), 'nothing');
  const keeper = new TlsKeeper(() => {});
  const tls = { listen: '127.0.0.1:0', folder };
  const alone = configure({ origins: ['127.0.0.1:1'], tls });
  throws(() => keeper.termsFor(alone), new RegExp(`${folder} holds none`));
  const acme = { domains: ['a.test'], agree_tos: true };
  deepEqual(keeper.termsFor(configure({ origins: ['127.0.0.1:1'], tls, acme }))?.certificates, []);
});
