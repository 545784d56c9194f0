// The preset `static`: what it does to the answers of an origin, each part set otherwise, and what `lb explain` says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';
import { runCli } from '../../src/cli/index.ts';
import { startScene } from '../caching/scene.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { request } from '../support/client.ts';
import type { Field } from '../support/message.ts';
import { startOrigin } from '../support/origin.ts';
import { serveLb } from '../support/process.ts';

const SCRIPT = 'console.log("hello");\n'.repeat(200);

/** An origin that says nothing about caching, behind lb with settings for the rule `static`. */
async function scene(t: Cleanup, rule: object = {}, more: object = {}) {
  const made = await startScene(t, {
    cache: { static: { match: '*.js,*.html', ...rule }, auto: false, heuristic: 0 },
    ...more,
  });
  const on = (path: string, fields: Field[] = []) =>
    made.on(path, (_, answer) => answer.send(200, [['Content-Type', 'text/javascript'], ...fields], SCRIPT));
  for (const path of ['/app.js', '/app.3f2a9c1b.js', '/page.3f2a9c1b.html']) on(path);
  return { made, on };
}

const HASHED = '/app.3f2a9c1b.js';
const NEVER = 'max-age=31536000, immutable';

test('a name with a hash never changes, for lb and for clients; others are kept for a day', async (t) => {
  const { made } = await scene(t);
  const first = await made.get(HASHED);
  assert.equal(first.get('cache-control'), NEVER);
  const again = await made.get(HASHED);
  assert.deepEqual([again.get('cache-control'), again.get('age')], [NEVER, '0']);
  assert.match(again.get('cache-status') ?? '', /hit/);
  const other = await made.get('/app.js');
  assert.equal(other.get('cache-control'), undefined);
  assert.match((await made.get('/app.js')).get('cache-status') ?? '', /hit/);
});

test('what the origin says stays, as does what is for one client, and a page in a file’s place', async (t) => {
  const { made, on } = await scene(t);
  const of = async (fields: Field[], path = '/b.3f2a9c1b.js', asked: Field[] = []) => {
    on(path, fields);
    const answer = await made.get(`${path}?v=${fields.join()}${asked.length}`, asked);
    return answer.get('cache-control');
  };
  assert.equal(await of([['Cache-Control', 'max-age=5']]), 'max-age=5');
  assert.equal(await of([['Cache-Control', 'no-store']]), 'no-store');
  assert.equal(await of([['Expires', new Date().toUTCString()]]), undefined);
  assert.equal(await of([['Set-Cookie', 'a=b']]), undefined);
  made.on('/c.3f2a9c1b.js', (_, answer) => answer.send(200, [['Content-Type', 'text/html']], '<p>home</p>'));
  assert.equal((await made.get('/c.3f2a9c1b.js')).get('cache-control'), undefined);
  made.on('/d.3f2a9c1b.js', (_, answer) => answer.send(404, [], 'none'));
  assert.equal((await made.get('/d.3f2a9c1b.js')).get('cache-control'), undefined);
  made.on('/e.3f2a9c1b.js', (_, answer) => answer.send(200, [['Content-Type', 'text/javascript']], 'x'));
  for (let i = 0; i < 2; i++) {
    const answer = await made.get('/e.3f2a9c1b.js', [['Authorization', 'Basic x']]);
    assert.doesNotMatch(answer.get('cache-status') ?? '', /stored|hit/);
  }
});

test('tracking parameters are one resource, other parameters are not', async (t) => {
  const { made } = await scene(t);
  await made.get('/app.js?utm_source=a&v=1');
  assert.match((await made.get('/app.js?v=1&gclid=x')).get('cache-status') ?? '', /hit/);
  assert.doesNotMatch((await made.get('/app.js?v=2')).get('cache-status') ?? '', /hit/);
  assert.deepEqual(
    made.origin.requests.map(({ target }) => target),
    ['/app.js?v=1', '/app.js?v=2'],
  );
});

test('answers are compressed, for the paths of the rule alone', async (t) => {
  const { made, on } = await scene(t);
  on('/api');
  const accept: Field[] = [['Accept-Encoding', 'br']];
  const coded = await made.get('/app.js', accept);
  assert.equal(coded.get('content-encoding'), 'br');
  assert.equal(brotliDecompressSync(coded.body).toString(), SCRIPT);
  assert.equal((await made.get('/api', accept)).get('content-encoding'), undefined);
});

test('each part set otherwise', async (t) => {
  const { made } = await scene(t, { immutable: false, compress: false, key: { query_exclude: [] }, ttl: 0 });
  const answer = await made.get(HASHED, [['Accept-Encoding', 'br']]);
  assert.deepEqual([answer.get('cache-control'), answer.get('content-encoding')], [undefined, undefined]);
  await made.get(`${HASHED}?utm_source=a`);
  assert.equal(made.origin.requests.at(-1)?.target, `${HASHED}?utm_source=a`);
  const none = await scene(t, { preset: 'none' });
  assert.equal((await none.made.get(HASHED)).get('cache-control'), undefined);
});

test('lb explain tells what comes from the preset, and how to have it otherwise', async (t) => {
  const origin = await startOrigin(t, (_, answer) => answer.send(200, [['Content-Type', 'text/javascript']], SCRIPT));
  const lb = await serveLb(t, origin.address, ['--cache-static', '*.js,*.css', '--ttl', '3600']);
  await request(t, lb.port, `${HASHED}?utm_source=a`, { fields: [['Host', 'a.test']] });
  let stdout = '';
  let stderr = '';
  const code = await runCli(
    ['explain', `http://a.test${HASHED}?utm_source=b`, '--admin', `127.0.0.1:${lb.admin.port}`],
    { env: {}, cwd: '/', stdout: { write: (text) => (stdout += text) }, stderr: { write: (text) => (stderr += text) } },
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /decision +hit/);
  assert.match(stdout, /cache\.static\.ttl +1h +--ttl/);
  assert.match(stdout, /cache\.static\.immutable +true +the preset static/);
  assert.match(stdout, /cache\.static\.compress +true +the preset static/);
  assert.match(stdout, /cache\.static\.key\.query_exclude +\[":tracking"\] +the preset static/);
  assert.match(
    stdout,
    /what the preset static has set gives way to settings of yours, such as cache\.static\.immutable/,
  );
  assert.match(stdout, /cache\.static\.preset "none" ends it/);
});
