// `lb warm` against an lb that runs, as a process of its own.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { counted, type Field, startScene } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';
import { freePort } from '../support/origin.ts';
import { MAIN, spawnLb } from '../support/process.ts';

const scene = await startScene({ after });
const folder = mkdtempSync(join(tmpdir(), 'lb-warm-'));
after(() => rmSync(folder, { recursive: true }));
const FRESH: Field = ['Cache-Control', 'max-age=600'];
const TO = `http://127.0.0.1:${scene.lb.port}`;

function file(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function start(...args: string[]) {
  return spawnLb({ after }, ['warm', ...args, '--to', TO, '--host', 'site.test']);
}

async function warm(...args: string[]) {
  const child = start(...args, '--json');
  const code = await child.exit();
  const summary = child.stdout === '' ? {} : (JSON.parse(child.stdout) as Record<string, unknown>);
  return { code, stderr: child.stderr, summary };
}

/** The members that say what came of it. */
function counts(summary: Record<string, unknown>) {
  return Object.fromEntries(Object.entries(summary).filter(([name]) => name !== 'seconds' && name !== 'failures'));
}

test('a list: stored, cached already, not stored and why, failed; then a text', async () => {
  for (const path of ['/l1', '/l2']) scene.on(path, counted([FRESH]));
  scene.on('/private', counted([['Cache-Control', 'private']]));
  scene.on('/cookie', counted([FRESH, ['Set-Cookie', 'a=b']]));
  const list = file(
    'list.txt',
    '# all\n/l1\n/l2?a=1 # with query\n/l1\n/private\nhttp://site.test/cookie\n/none\nodd\n',
  );
  await scene.get('/l1', [['Host', 'site.test']]);
  const { code, stderr, summary } = await warm(list);
  assert.equal(code, 1);
  assert.equal(stderr, 'lb: 2 failed\n');
  assert.deepEqual(counts(summary), {
    fetched: 5,
    already_cached: 1,
    stored: 1,
    not_stored: 2,
    not_stored_by_reason: { 'the origin says private': 1, 'the response sets a cookie': 1 },
    failed: 2,
    bytes: 4 + 'no such page'.length,
    interrupted: false,
  });
  const failures = summary.failures as { what: string; reason: string }[];
  assert.deepEqual(
    failures.toSorted((a, b) => (a.what < b.what ? -1 : 1)),
    [
      { what: '/none', reason: 'status 404' },
      { what: 'line 8: odd', reason: 'neither a URL nor a path that begins with /' },
    ],
  );
  const child = start(file('two.txt', '/l1\n/l2?a=1\n'));
  assert.equal(await child.exit(), 0);
  assert.match(
    child.stdout,
    /^fetched +2 {2}2 B in \d+\.\d s\nstored +0\ncached already +2\nnot stored +0\nfailed +0\n$/,
  );
});

test('a sitemap index with packed sitemaps, fetched through lb under the host of each URL', async () => {
  const urls = (...paths: string[]) =>
    `<urlset>${paths.map((path) => `<url><loc>https://site.test${path}</loc></url>`).join('')}</urlset>`;
  const at = (name: string) => `<sitemap><loc>https://site.test${name}</loc></sitemap>`;
  const send =
    (body: string | Uint8Array) =>
    (_: unknown, answer: { send(s: number, f: Field[], b: string | Uint8Array): void }) =>
      answer.send(200, [FRESH], body);
  scene.on('/sitemap.xml', send(`<sitemapindex>${at('/s1.xml')}${at('/s2.xml.gz')}</sitemapindex>`));
  scene.on('/s1.xml', send(urls('/m1', '/m2')));
  scene.on('/s2.xml.gz', send(gzipSync(urls('/m2', '/m3'))));
  for (const path of ['/m1', '/m2', '/m3']) scene.on(path, counted([FRESH]));
  const { code, summary } = await warm('https://site.test/sitemap.xml', '--concurrency', '2');
  assert.equal(code, 0);
  assert.deepEqual([summary.fetched, summary.stored], [3, 3]);
  assert.equal(scene.asked('/m2').length, 1);
  assert.equal(scene.asked('/m1')[0].get('host'), 'site.test');
  const none = await warm('https://site.test/no-sitemap.xml');
  assert.equal(none.code, 1);
  assert.equal(none.stderr, 'lb: https://site.test/no-sitemap.xml: lb answers 404\n');
});

test('a field with several values warms each variant; --limit', async () => {
  for (const path of ['/v1', '/v2', '/v3']) scene.on(path, counted([FRESH, ['Vary', 'Accept-Encoding']]));
  const list = file('variants.txt', '/v1\n/v2\n/v3\n');
  const fields = ['--header', 'Accept-Encoding: gzip', '--header', 'Accept-Encoding: br'];
  const { summary } = await warm(list, '--limit', '2', '--concurrency', '1', ...fields);
  assert.deepEqual([summary.fetched, summary.stored], [4, 4]);
  assert.deepEqual(
    scene.asked('/v1').map((request) => request.get('accept-encoding')),
    ['gzip', 'br'],
  );
  assert.equal(scene.asked('/v3').length, 0);
});

test('never more at a time than --concurrency, nor more a second than --rate', async () => {
  let now = 0;
  let most = 0;
  const list = file('many.txt', Array.from({ length: 12 }, (_, i) => `/many?${i}`).join('\n'));
  scene.on('/many', async (_request, answer) => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 10));
    now--;
    await answer.send(200, [FRESH], 'x');
  });
  const { summary } = await warm(list, '--concurrency', '3', '--rate', '40');
  assert.equal(summary.stored, 12);
  assert.ok(most <= 3, `${most} at a time`);
  assert.ok((summary.seconds as number) >= 10 / 40, `12 requests in ${String(summary.seconds)} s`);
});

test('what comes through a pipe is fetched as it comes in', async () => {
  scene.on('/piped', counted([FRESH]));
  const args = ['warm', '-', '--to', TO, '--host', 'site.test', '--json'];
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  after(() => child.kill('SIGKILL'));
  const summary = text(child.stdout);
  for (const path of ['/piped?1', '/piped?2', '/piped?3']) {
    child.stdin.write(`${path}\n`);
    await until(() => scene.asked(path).length === 1, `the fetch of ${path}`);
  }
  child.stdin.end();
  assert.equal((JSON.parse(await summary) as Record<string, unknown>).stored, 3);
});

test('SIGINT ends it with the summary, whatever is under way', async () => {
  scene.on('/quick', counted([FRESH]));
  scene.on('/never', () => {});
  const child = start(file('slow.txt', '/quick\n/never\n/quick?2\n'), '--concurrency', '1', '--json');
  await until(() => scene.asked('/never').length > 0, 'the request under way');
  child.signal('SIGINT');
  assert.equal(await child.exit(), 130);
  assert.equal(child.stderr, 'lb: interrupted\n');
  const summary = JSON.parse(child.stdout) as Record<string, unknown>;
  assert.deepEqual([summary.fetched, summary.failed, summary.interrupted], [1, 0, true]);
});

test('no lb there, no file, wrong use: one line each', async () => {
  const list = file('one.txt', '/one\n');
  const run = async (...args: string[]) => {
    const child = spawnLb({ after }, ['warm', ...args]);
    return [await child.exit(), child.stderr];
  };
  const address = `127.0.0.1:${await freePort()}`;
  const [code, stderr] = await run(list, '--to', address);
  assert.equal(code, 4);
  assert.match(
    String(stderr),
    /^lb: cannot reach lb at http:\/\/127\.0\.0\.1:\d+: .*; is it running\? --to says where\n$/,
  );
  assert.deepEqual(await run(join(folder, 'none')), [2, `lb: ${join(folder, 'none')}: there is no such file\n`]);
  assert.deepEqual(await run(list, '--concurrency', '0'), [
    2,
    'lb: --concurrency 0: a number from 1 to 256 is wanted\n',
  ]);
  assert.deepEqual(await run(list, '--host', 'a b'), [2, 'lb: --host a b: that is no host name\n']);
  assert.deepEqual(await run(list, '--to', 'http://x/path'), [
    2,
    'lb: --to http://x/path: write where lb is, such as http://127.0.0.1:8080\n',
  ]);
});
