// `lb explain`, and the sample of its page, which is what it prints.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCli } from '../../src/cli/index.ts';
import type { Io } from '../../src/cli/io.ts';
import { request } from '../support/client.ts';
import { startLb } from '../support/lb.ts';
import { freePort, startOrigin } from '../support/origin.ts';
import { serveLb, spawnLb } from '../support/process.ts';

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'explain.md'), 'utf8');

const origin = await startOrigin({ after }, (asked, answer) => {
  if (asked.target === '/articles/plain') return answer.send(200, [], 'An article.');
  return answer.send(
    200,
    [
      ['Cache-Control', 'max-age=60, stale-while-revalidate=30'],
      ['ETag', '"9f1c"'],
      ['Vary', 'Accept-Encoding'],
      ['Date', new Date().toUTCString()],
    ],
    'An article.',
  );
});

/** The first code block of the page with this language. */
function block(language: string): string {
  return new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(PAGE)?.[1] ?? '';
}

/** What is the same whenever it runs: without numbers, dates, and the places that depend on the machine. */
function shape(text: string, folder: string): string[] {
  return text
    .replaceAll(`${folder}/`, '')
    .replaceAll(origin.address, '127.0.0.1:3000')
    .replace(/\w{3}, \d\d \w{3} /g, 'DATE ')
    .replace(/\d+/g, 'N')
    .replace(/ +/g, ' ')
    .split('\n');
}

test('the sample of docs/explain.md', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lb-explain-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'lb.json');
  writeFileSync(file, block('json').replace('127.0.0.1:3000', origin.address));
  const lb = await serveLb(t, origin.address, ['-c', file]);
  const ask = (field: string, target = '/articles/7') =>
    request(t, lb.port, target, {
      fields: [
        ['Host', 'shop.example'],
        ['Accept-Encoding', field],
      ],
    });
  await ask('gzip, deflate');
  await ask('identity');
  const child = spawnLb(t, [
    ...['explain', 'https://shop.example/articles/7?utm_source=mail', '-H', 'Accept-Encoding: gzip'],
    ...['--admin', `127.0.0.1:${lb.admin.port}`],
  ]);
  assert.equal(await child.exit(), 0, child.stderr);
  assert.deepEqual(shape(child.stdout, folder), shape(block('text'), folder));

  await ask('gzip', '/articles/plain');
  const admin = `127.0.0.1:${lb.admin.port}`;
  const { stdout } = await explain(['https://shop.example/articles/plain', '--admin', admin]);
  const lifetime =
    /freshness_lifetime +600 {2}the rule's ttl \(cache\.pages\.ttl, \S+lb\.json:4:46\), from the arrival on/;
  assert.match(stdout, lifetime);
});

/** `lb explain ...args` in this process. */
async function explain(args: readonly string[], env: Io['env'] = {}) {
  let stdout = '';
  let stderr = '';
  const code = await runCli(['explain', ...args], {
    env,
    cwd: '/',
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  return { code, stdout, stderr };
}

test('JSON; policy by site; what goes wrong is told in one line', async () => {
  const sites = {
    'shop.example': { origins: [origin.address], cache: { all: { match: '/*', ttl: '5m' } } },
    '*.blog.example': { origins: [origin.address] },
  };
  const lb = await startLb({ after }, { sites, admin_token: '0123456789abcdef' });
  const admin = ['--admin', `127.0.0.1:${lb.admin.port}`];
  const env = { LB_ADMIN_TOKEN: '0123456789abcdef' };
  const { code, stdout } = await explain(['http://a.blog.example/ü?x=ß', '--json', '-X', 'HEAD', ...admin], env);
  assert.equal(code, 0);
  const { request: asked, site } = JSON.parse(stdout) as Record<string, Record<string, unknown>>;
  assert.deepEqual([asked.method, asked.target], ['HEAD', '/%C3%BC?x=%C3%9F']);
  assert.deepEqual([site.name, site.matched], ['*.blog.example', 'its wildcard *.blog.example']);
  const shown = await explain(['http://blog.example/a', '-H', 'Host: shop.example:80', ...admin], env);
  assert.match(shown.stdout, /^site +shop\.example, by its name shop\.example; origin http:/m);
  assert.match(shown.stdout, /^rule +all \(lb\.json:\d+:\d+\), for \/\*$/m);

  const refused: [args: string[], code: number, message: RegExp][] = [
    [
      ['http://blog.example/'],
      1,
      /no site answers for blog\.example: .* it answers for shop\.example, \*\.blog\.example/,
    ],
    [['nonsense'], 2, /nonsense: "nonsense" is no URL: write http:\/\/HOST\/PATH/],
    [['/a', '-H', 'x'], 2, /"x" is no field: write "Name: value"/],
    [['/a', '-X', 'BREW'], 2, /lb forwards no method "BREW"/],
    [[`/${'a'.repeat(15_000)}`], 2, /too long/],
  ];
  for (const [args, expected, message] of refused) {
    const { code, stderr } = await explain([...args, ...admin], env);
    assert.equal(code, expected, stderr);
    assert.match(stderr, message);
    assert.equal(stderr.split('\n').length, 2);
  }
  assert.deepEqual(await explain(['/a', ...admin]), {
    code: 3,
    stdout: '',
    stderr: 'lb: lb asks for the admin token: set LB_ADMIN_TOKEN\n',
  });
  const gone = await explain(['/a', '--admin', `127.0.0.1:${await freePort()}`]);
  assert.equal(gone.code, 4);
  assert.match(gone.stderr, /^lb: cannot reach the admin address .*is lb running\?/);
  assert.deepEqual((await explain([])).code, 2);
});
