// lb waf install and lb waf rules: archives, folders and downloads, and what must not come out of them.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import { runCli } from '../../src/cli/index.ts';

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'lb-waf-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** What `lb waf ...argv` does in a folder, with its data under data/. */
async function waf(folder: string, argv: readonly string[], env: Record<string, string> = {}): Promise<Result> {
  const result = { code: 0, stdout: '', stderr: '' };
  result.code = await runCli(['waf', ...argv], {
    env: { LB_DATA_DIR: join(folder, 'data'), ...env },
    cwd: folder,
    stdout: { write: (text) => (result.stdout += text) },
    stderr: { write: (text) => (result.stderr += text) },
  });
  return result;
}

function release(version: string, more = ''): Record<string, string> {
  return {
    'crs-setup.conf.example': 'SecDefaultAction "phase:2,log,auditlog,pass"',
    LICENSE: 'as you like',
    'rules/REQUEST-901-INITIALIZATION.conf': `SecComponentSignature "OWASP_CRS/${version}"`,
    'rules/REQUEST-942-SQLI.conf': `SecRule ARGS "@pmFromFile sql.data" "id:942100,phase:2,block,msg:'SQL, found',\\
      severity:'CRITICAL',tag:'attack-sqli',tag:'paranoia-level/2'"
SecRule RESPONSE_BODY "@rx error" "id:951100,phase:4,block,severity:'ERROR'"\n${more}`,
    'rules/sql.data': 'select\n',
  };
}

type Entry = Parameters<typeof packTar>[0][number];

/** A release as publishers pack it: in one folder, with other things beside it. */
async function archiveOf(files: Record<string, string>, more: readonly Entry[] = []): Promise<Buffer> {
  const all = {
    ...files,
    'tests/run.py': 'x',
    '../../evil.conf': 'x',
    'rules/../../evil.conf': 'x',
    'rules/.hidden.conf': 'Bad',
  };
  const entries = Object.entries(all).map(([name, text]): Entry => {
    return { header: { name: `coreruleset-1/${name}`, size: Buffer.byteLength(text), type: 'file' }, body: text };
  });
  return gzipSync(await packTar([...entries, ...more]));
}

function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

test('an archive is checked, installed, listed and replaced', async (t) => {
  const folder = folderOf(t);
  const first = await archiveOf(release('4.0.0'));
  writeFileSync(join(folder, 'a.tar.gz'), first);
  const installed = await waf(folder, ['install', '--from', 'a.tar.gz', '--sha256', sha256(first), '--json']);
  assert.equal(installed.code, 0, installed.stderr);
  const target = join(folder, 'data/waf/owasp-core');
  assert.deepEqual(JSON.parse(installed.stdout), {
    folder: target,
    version: '4.0.0',
    files: 5,
    sha256: sha256(first),
    kept_setup: false,
  });
  const listed = await waf(folder, ['rules', '--tag', 'sqli', '--json']);
  assert.deepEqual(JSON.parse(listed.stdout), [
    {
      id: 942100,
      phase: 2,
      level: 2,
      severity: 'critical',
      message: 'SQL, found',
      tags: ['attack-sqli', 'paranoia-level/2'],
      file: join(target, 'rules/REQUEST-942-SQLI.conf'),
      line: 1,
    },
  ]);
  const table = await waf(folder, ['rules', '942000-949999', '951100', '--level', '1']);
  assert.match(table.stdout, /^ +ID .*\n951100 +4 +error +REQUEST-942-SQLI\.conf:3\n$/);
  assert.match(table.stderr, /1 of \d+ rules; OWASP CRS 4\.0\.0/);

  // a setup of one's own outlives the release
  writeFileSync(join(target, 'crs-setup.conf'), 'SecAction "id:900000,phase:1,pass,nolog"');
  writeFileSync(join(folder, 'b.tar.gz'), await archiveOf(release('4.1.0')));
  const second = await waf(folder, ['install', '--from', 'b.tar.gz']);
  assert.match(
    second.stdout,
    /^installed the OWASP Core Rule Set 4\.1\.0 in .*\nSHA-256 .*\ncrs-setup\.conf is the one/,
  );
  assert.match((await waf(folder, ['rules', '900000'])).stdout, /900000/);
  assert.equal(readdirSync(join(folder, 'data/waf')).length, 2);
  assert.deepEqual(existsSync(join(folder, 'evil.conf')), false);
});

test('what is wrong replaces nothing', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'good.tar.gz'), await archiveOf(release('4.0.0')));
  assert.equal((await waf(folder, ['install', '--from', 'good.tar.gz'])).code, 0);
  const link = { name: 'coreruleset-1/rules/a.conf', size: 0, type: 'symlink', linkname: '/etc/passwd' } as const;
  const hard = { ...link, type: 'link', linkname: 'coreruleset-1/LICENSE' } as const;
  const wrong: [name: string, data: Buffer, says: RegExp][] = [
    ['text', Buffer.from('hello'), /cannot be read|no rule set/],
    ['cut', (await archiveOf(release('5.0.0'))).subarray(0, 400), /cannot be read/],
    [
      'symlink',
      await archiveOf(release('5.0.0'), [{ header: link }]),
      /rules\/a\.conf is no file in the archive but a symlink/,
    ],
    [
      'hardlink',
      await archiveOf(release('5.0.0'), [{ header: hard }]),
      /rules\/a\.conf is no file in the archive but a link/,
    ],
    ['none', await archiveOf({ 'rules/a.conf': '' }), /no rule set in it/],
    [
      'rules',
      await archiveOf(release('5.0.0', 'SecRule ARG a id:1')),
      /rules\/REQUEST-942-SQLI\.conf:4: unknown variable ARG/,
    ],
    ['bomb', gzipSync(Buffer.alloc(65 * 1024 * 1024), { level: 1 }), /cannot be read/],
  ];
  for (const [name, data, says] of wrong) {
    writeFileSync(join(folder, name), data);
    const { code, stderr } = await waf(folder, ['install', '--from', name]);
    assert.equal(code, 1, name);
    assert.match(stderr, /nothing was installed/, name);
    assert.match(stderr, says, name);
  }
  const other = await waf(folder, ['install', '--from', 'good.tar.gz', '--sha256', '0'.repeat(64)]);
  assert.match(other.stderr, /its SHA-256 is [0-9a-f]{64}/);
  assert.equal((await waf(folder, ['install', '--from', 'gone'])).code, 2);
  assert.equal((await waf(folder, ['install', '--sha256', 'x'])).code, 2);
  assert.equal((await waf(folder, ['install', '--from', 'http://127.0.0.1/a.tar.gz'])).code, 2);
  assert.equal(readdirSync(join(folder, 'data/waf')).length, 2);
  assert.match((await waf(folder, ['rules'])).stderr, /OWASP CRS 4\.0\.0/);
});

test('a folder, without what its links lead to', async (t) => {
  const folder = folderOf(t);
  for (const [name, text] of Object.entries(release('3.3.4'))) {
    mkdirSync(dirname(join(folder, 'crs', name)), { recursive: true });
    writeFileSync(join(folder, 'crs', name), text);
  }
  symlinkSync('/', join(folder, 'crs/rules/root.conf'));
  const { code, stderr } = await waf(folder, ['install', '--from', 'crs', '--to', 'here']);
  assert.equal(code, 0, stderr);
  assert.equal(readFileSync(join(folder, 'here/rules/sql.data'), 'utf8'), 'select\n');
  assert.equal(existsSync(join(folder, 'here/rules/root.conf')), false);
  assert.match((await waf(folder, ['rules', '--path', 'here'])).stderr, /CRS 3\.3\.4 in .*here/);
  assert.equal((await waf(folder, ['install', '--from', 'here/rules/..', '--sha256', '0'.repeat(64)])).code, 2);
});

test('the latest release, or one that is named, from where releases are', async (t) => {
  const folder = folderOf(t);
  const archive = await archiveOf(release('4.2.1'));
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/releases/latest') response.writeHead(302, { location: '/releases/tag/v4.2.1' }).end();
    else if (request.url === '/archive/refs/tags/v4.2.1.tar.gz') response.end(archive);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const env = { LB_CRS_RELEASES: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
  const { code, stdout, stderr } = await waf(folder, ['install'], env);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /Rule Set 4\.2\.1/);
  assert.equal((await waf(folder, ['install', '--from', '4.2.1'], env)).code, 0);
  const missing = await waf(folder, ['install', '--from', 'v4.9.9'], env);
  assert.equal(missing.code, 4);
  assert.match(missing.stderr, /404: give another source by --from/);
  assert.deepEqual(
    asked.map((path) => path.slice(0, 12)),
    ['/releases/la', '/archive/ref', '/archive/ref', '/archive/ref'],
  );
});

test('rules of lb.json count, and mistakes are told', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'a.tar.gz'), await archiveOf(release('4.0.0')));
  await waf(folder, ['install', '--from', 'a.tar.gz']);
  const wafSettings = { rules: ['own.conf'], exclusions: [{ rules: [951100] }] };
  writeFileSync(join(folder, 'lb.json'), JSON.stringify({ origins: ['a:80'], addons: { waf: wafSettings } }));
  writeFileSync(join(folder, 'own.conf'), 'SecAction "id:77,phase:1,pass,nolog"');
  const ids = (await waf(folder, ['rules', '--json'])).stdout.match(/"id": \d+/g)?.filter((id) => !id.includes(' 88'));
  assert.deepEqual(ids, ['"id": 942100', '"id": 77']);
  writeFileSync(join(folder, 'own.conf'), 'SecAction "id:77,phas:1"');
  const wrong = await waf(folder, ['rules']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /own\.conf:1: unknown action phas: did you mean phase\?/);
  assert.equal((await waf(folder, ['rules', '--site', 'x'])).code, 2);
  assert.equal((await waf(folder, ['rules', 'abc'])).code, 2);
  assert.match((await waf(folder, ['rules', '--path', 'gone'])).stderr, /there is no rule set in .*gone/);
});
