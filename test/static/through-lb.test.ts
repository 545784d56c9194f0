// A folder behind the cache: hits, changes, ranges, copies, rules, purges.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { type Cleanup, until } from '../support/cleanup.ts';
import { openClient, type RequestOptions, request, requestText } from '../support/client.ts';
import { type Settings, startLb } from '../support/lb.ts';
import type { Field } from '../support/message.ts';
import { type Files, Folder } from './folder.ts';

const lb = await startLb({ after }, { origins: ['127.0.0.1:1'] });
let scenes = 0;

/** A folder as a site of its own, with settings as in lb.json, and whoever asks. */
async function scene(t: Cleanup, files: Files, settings: Settings = {}) {
  const folder = new Folder(t, files);
  const host = `scene-${++scenes}.test`;
  const apply = async (site: Settings) => assert.ok((await lb.reload({ sites: { [host]: site } })).ok);
  await apply({ static_root: folder.root, ...settings });
  const get = (target: string, fields: Field[] = [], options: RequestOptions = {}) =>
    request(t, lb.port, target, { fields: [['Host', host], ...fields], ...options });
  return { folder, host, get, apply };
}

const DAY = { static_recheck: '1d' };

test('hits come from memory; HEAD, conditions and ranges too', async (t) => {
  const { folder, get } = await scene(t, { 'a.txt': '0123456789' }, DAY);
  const first = await get('/a.txt');
  assert.match(first.get('cache-status') ?? '', /fwd=uri-miss; stored/);
  rmSync(join(folder.root, 'a.txt'));
  const etag = first.get('etag') ?? '';
  const hit = await get('/a.txt');
  assert.deepEqual([hit.status, hit.text, hit.get('etag')], [200, '0123456789', etag]);
  assert.match(hit.get('cache-status') ?? '', /hit/);
  assert.equal((await get('/a.txt', [['If-None-Match', etag]])).status, 304);
  const part = await get('/a.txt', [['Range', 'bytes=-3']]);
  assert.deepEqual([part.status, part.text], [206, '789']);
  const several = await get('/a.txt', [['Range', 'bytes=0-1,5-6']]);
  assert.match(several.get('content-type') ?? '', /^multipart\/byteranges/);
  const head = await get('/a.txt', [], { method: 'HEAD' });
  assert.deepEqual([head.status, head.get('content-length')], [200, '10']);
});

test('a file that is edited is seen within a second or so, one that is not is confirmed', async (t) => {
  const { folder, get } = await scene(t, { 'a.txt': 'old' });
  assert.equal((await get('/a.txt')).text, 'old');
  await until(async () => {
    const status = (await get('/a.txt')).get('cache-status') ?? '';
    return /fwd=stale.*fwd-status=304/.test(status);
  }, 'the folder to be asked once more');
  folder.put({ 'a.txt': 'new' }, 0);
  const start = performance.now();
  await until(async () => (await get('/a.txt')).text === 'new', 'the new file');
  assert.ok(performance.now() - start < 2500);
  rmSync(join(folder.root, 'a.txt'));
  await until(async () => (await get('/a.txt')).status === 404, 'its end');
  folder.put({ 'a.txt': 'again' });
  await until(async () => (await get('/a.txt')).text === 'again', 'its return');
});

test('with static_recheck 0 every request sees the file as it is', async (t) => {
  const { folder, get } = await scene(t, { 'a.txt': '0' }, { static_recheck: 0 });
  for (let i = 1; i < 6; i++) {
    assert.equal((await get('/a.txt')).text, String(i - 1));
    folder.put({ 'a.txt': String(i) }, 0);
  }
});

test('many who ask at once cost one look at the folder', async (t) => {
  const content = randomBytes(300_000);
  const { get } = await scene(t, { 'a.bin': content }, DAY);
  const answers = await Promise.all(Array.from({ length: 40 }, () => get('/a.bin')));
  for (const { body } of answers) assert.ok(body.equals(content));
  const stored = answers.filter((answer) => /uri-miss(?!.*collapsed)/.test(answer.get('cache-status') ?? ''));
  assert.ok(stored.length <= 2, `${stored.length} of them led`);
  assert.ok(lb.log.every(({ level }) => level !== 'error'));
});

test('other methods are refused, whatever they bring, and the connection goes on', async (t) => {
  const { host, get } = await scene(t, { 'a.txt': 'a' });
  const client = await openClient(t, lb.port);
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    client.send(requestText(method, '/a.txt', [['Host', host]], 'x'.repeat(100_000)));
    const answer = await client.response(method);
    assert.deepEqual([answer.status, answer.get('allow')], [405, 'GET, HEAD']);
    if (client.socket.destroyed || /close/i.test(answer.get('connection') ?? '')) break;
  }
  assert.equal((await get('/a.txt')).text, 'a');
});

test('a request to switch protocols is one like any other', async (t) => {
  const { get } = await scene(t, { 'a.txt': 'a' });
  const fields: Field[] = [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
    ['Sec-WebSocket-Version', '13'],
  ];
  assert.deepEqual([(await get('/a.txt', fields)).status], [200]);
});

test('compressed copies, one for each client that likes it', async (t) => {
  const text = 'some text '.repeat(300);
  const gzip = gzipSync(text);
  const { get } = await scene(t, { 'a.txt': text, 'a.txt.gz': gzip }, DAY);
  for (let i = 0; i < 2; i++) {
    const coded = await get('/a.txt', [['Accept-Encoding', 'gzip']]);
    assert.ok(coded.body.equals(gzip));
    assert.deepEqual([coded.get('content-encoding'), coded.get('vary')], ['gzip', 'Accept-Encoding']);
    const plain = await get('/a.txt');
    assert.deepEqual([plain.text, plain.get('content-encoding')], [text, undefined]);
  }
});

test('a copy that comes later is found, one that is outdated left', async (t) => {
  const text = 'some text '.repeat(300);
  const { folder, get } = await scene(t, { 'a.txt': text }, { static_recheck: 0 });
  const coding = async () => (await get('/a.txt', [['Accept-Encoding', 'gzip']])).get('content-encoding');
  assert.equal(await coding(), undefined);
  folder.put({ 'a.txt.gz': gzipSync(text) });
  assert.equal(await coding(), 'gzip');
  folder.put({ 'a.txt': `${text}more` }, 0);
  assert.equal(await coding(), undefined);
  assert.equal((await get('/a.txt', [['Accept-Encoding', 'gzip']])).text, `${text}more`);
});

test('with compression on, what has no copy is compressed by lb', async (t) => {
  const text = 'some text '.repeat(300);
  const { get } = await scene(t, { 'a.txt': text }, { ...DAY, compression: true });
  const coded = await get('/a.txt', [['Accept-Encoding', 'br']]);
  assert.equal(coded.get('content-encoding'), 'br');
  assert.equal(brotliDecompressSync(coded.body).toString(), text);
  assert.equal((await get('/a.txt')).text, text);
});

test('with compression on, one copy serves all: as it is, or undone', async (t) => {
  const text = 'some text '.repeat(300);
  const br = brotliCompressSync(text);
  const { get } = await scene(t, { 'a.txt': text, 'a.txt.br': br }, { ...DAY, compression: true });
  for (let i = 0; i < 2; i++) {
    const coded = await get('/a.txt', [['Accept-Encoding', 'gzip, br']]);
    assert.equal(coded.get('content-encoding'), 'br');
    assert.ok(coded.body.equals(br));
    const plain = await get('/a.txt');
    assert.deepEqual([plain.text, plain.get('content-encoding')], [text, undefined]);
    const other = await get('/a.txt', [['Accept-Encoding', 'gzip']]);
    assert.equal(other.get('content-encoding') === 'gzip' ? gunzipSync(other.body).toString() : other.text, text);
  }
});

test('rules: rewrites and fields; a rewrite cannot lead out', async (t) => {
  const rules = [
    { match: '/old/*', rewrite: '/new/{1}' },
    { match: '/raw/*', rewrite: '/{1}' },
    { match: '*.txt', response_headers: { set: { 'Cache-Control': 'max-age=7', 'X-A': 'b' } } },
  ];
  const { folder, get } = await scene(t, { 'new/a.txt': 'a' }, { rules });
  writeFileSync(join(folder.base, 'secret.txt'), 'SECRET');
  const moved = await get('/old/a.txt');
  assert.deepEqual([moved.text, moved.get('x-a'), moved.get('cache-control')], ['a', 'b', 'max-age=7']);
  for (const path of ['/raw/../secret.txt', '/raw/%2e%2e/secret.txt', '/raw/..%2fsecret.txt', '/raw//etc/passwd'])
    assert.ok(!(await get(path)).text.includes('SECRET'), path);
});

test('a purge has the file read anew', async (t) => {
  const { folder, get } = await scene(t, { 'a.txt': 'old' }, DAY);
  assert.equal((await get('/a.txt')).text, 'old');
  folder.put({ 'a.txt': 'new' });
  assert.equal((await get('/a.txt')).text, 'old');
  const body = JSON.stringify({ purge: [{ url: '/a.txt' }] });
  assert.equal((await fetch(`http://127.0.0.1:${lb.admin.port}/purge`, { method: 'POST', body })).status, 200);
  assert.equal((await get('/a.txt')).text, 'new');
});

test('a reload to another folder, and back', async (t) => {
  const { folder, get, apply } = await scene(t, { 'a.txt': 'one' }, { static_recheck: 0 });
  const other = new Folder(t, { 'a.txt': 'two' });
  assert.equal((await get('/a.txt')).text, 'one');
  for (const [root, text] of [
    [other.root, 'two'],
    [folder.root, 'one'],
  ]) {
    await apply({ static_root: root, static_recheck: 0 });
    assert.equal((await get('/a.txt')).text, text);
  }
});

test('ranges of a file that memory has no room for, and the whole of it', async (t) => {
  const content = randomBytes(12 * 1024 * 1024);
  const { root } = new Folder(t, { 'big.bin': content });
  const small = await startLb(t, { static_root: root, cache: { memory: '8MB' } });
  const get = (fields: Field[] = []) => request(t, small.port, '/big.bin', { fields });
  const part = await get([['Range', 'bytes=9000000-9000099']]);
  assert.deepEqual([part.status, part.body.equals(content.subarray(9_000_000, 9_000_100))], [206, true]);
  const tail = await get([['Range', 'bytes=-10']]);
  assert.ok(tail.body.equals(content.subarray(-10)));
  const whole = await get();
  assert.ok(whole.body.equals(content));
});
