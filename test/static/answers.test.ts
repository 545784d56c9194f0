// What a folder answers, before any cache: names, types, conditions, ranges, compressed copies.
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { asker, Folder } from './folder.ts';

const LIFETIME = 'public, max-age=0, s-maxage=1, must-revalidate';

test('a file, with all that is said of it', async (t) => {
  const { root } = new Folder(t, { 'a.html': '<p>ä</p>' });
  const { status, headers, body } = await asker(root)('/a.html');
  assert.equal(status, 200);
  assert.equal(body.toString(), '<p>ä</p>');
  const { etag, 'last-modified': modified, ...others } = headers;
  assert.match(etag, /^"[\w-]+"$/);
  assert.ok(Math.abs(Date.parse(modified) - Date.now() + 60_000) < 5000);
  assert.deepEqual(others, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': '9',
    'accept-ranges': 'bytes',
    'cache-control': LIFETIME,
  });
});

test('types by name', async (t) => {
  const types = {
    'a.css': 'text/css; charset=utf-8',
    'a.js': 'text/javascript; charset=utf-8',
    'a.mjs': 'text/javascript; charset=utf-8',
    'a.json': 'application/json',
    'a.svg': 'image/svg+xml',
    'a.png': 'image/png',
    'A.JPG': 'image/jpeg',
    'a.ico': 'image/x-icon',
    'a.woff2': 'font/woff2',
    'a.wasm': 'application/wasm',
    'a.txt': 'text/plain; charset=utf-8',
    'a.webmanifest': 'application/manifest+json',
    'a.xyzzy': 'application/octet-stream',
    LICENSE: 'application/octet-stream',
  };
  const { root } = new Folder(t, Object.fromEntries(Object.keys(types).map((name) => [name, 'x'])));
  const ask = asker(root);
  for (const [name, type] of Object.entries(types)) {
    const given = (await ask(`/${name}`)).headers['content-type'];
    // which of two names an icon's type has is the table's business
    if (name === 'a.ico') assert.match(given, /^image\/(?:x-icon|vnd.microsoft.icon)$/);
    else assert.equal(given, type, name);
  }
});

test('an index, and the slash that a folder lacks', async (t) => {
  const { root } = new Folder(t, { 'index.html': 'home', 'a/index.html': 'a', 'b/home.htm': 'b', 'c/d.txt': 'd' });
  const ask = asker(root);
  assert.equal((await ask('/')).body.toString(), 'home');
  assert.equal((await ask('/a/')).body.toString(), 'a');
  const moved = await ask('/a?x=1&y=/b');
  assert.deepEqual([moved.status, moved.headers.location, moved.body.length], [301, '/a/?x=1&y=/b', 0]);
  for (const path of ['/b', '/b/', '/c', '/c/', '/index.html/', '/a/index.html/', '/c/d.txt/'])
    assert.equal((await ask(path)).status, 404, path);
  const other = asker(root, { static_index: ['index.html', 'home.htm'] });
  assert.equal((await other('/b/')).body.toString(), 'b');
  assert.equal((await other('/a/')).body.toString(), 'a');
});

test('odd names', async (t) => {
  const names = [
    'a b.txt',
    'ä.txt',
    '日本.txt',
    '100%.txt',
    '%41.txt',
    'a+b.txt',
    'a;b.txt',
    'a&b=c.txt',
    '#.txt',
    '?.txt',
    '~',
    "it's",
    'a..b',
    '..a...',
    '…',
  ];
  const { root } = new Folder(t, Object.fromEntries(names.map((name) => [`x/${name}`, name])));
  const ask = asker(root, { static_dotfiles: true });
  for (const name of names) assert.equal((await ask(`/x/${encodeURIComponent(name)}`)).body.toString(), name, name);
  assert.equal((await ask('/x/a+b.txt')).body.toString(), 'a+b.txt');
  assert.equal((await ask('/x/a%20b.txt')).body.toString(), 'a b.txt');
  assert.equal((await ask('/x/%41.txt')).status, 404);
});

test('any name that a file can have', async (t) => {
  const { root } = new Folder(t);
  const ask = asker(root);
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter(
      (text) => !/[/\\\x00-\x1f\x7f]|^\.|[\ud800-\udfff]/.test(text.normalize()) && Buffer.byteLength(text) < 200,
    );
  const folder = new Folder(t);
  const property = fc.asyncProperty(name, async (text) => {
    folder.put({ [text]: text });
    const { status, body } = await asker(folder.root)(`/${encodeURIComponent(text)}`);
    assert.deepEqual([status, body.toString()], [200, text]);
  });
  await fc.assert(property, { numRuns: 60 });
  assert.equal((await ask('/none')).status, 404);
});

test('HEAD, other methods, an empty file', async (t) => {
  const { root } = new Folder(t, { 'a.txt': 'abc', 'empty.txt': '' });
  const ask = asker(root);
  const head = await ask('/a.txt', {}, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [200, '3', 0]);
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
    const { status, headers } = await ask('/a.txt', {}, { method });
    assert.deepEqual([status, headers.allow], [405, 'GET, HEAD'], method);
  }
  const empty = await ask('/empty.txt');
  assert.deepEqual([empty.status, empty.headers['content-length'], empty.body.length], [200, '0', 0]);
  assert.equal((await ask('/empty.txt', { range: 'bytes=0-0' })).status, 416);
});

test('conditions', async (t) => {
  const { root } = new Folder(t, { 'a.txt': 'abc' });
  const ask = asker(root);
  const { etag, 'last-modified': modified } = (await ask('/a.txt')).headers;
  const status = async (headers: Record<string, string>) => (await ask('/a.txt', headers)).status;
  const earlier = new Date(Date.now() - 3_600_000).toUTCString();
  assert.equal(await status({ 'if-none-match': etag }), 304);
  assert.equal(await status({ 'if-none-match': `"x", W/${etag}` }), 304);
  assert.equal(await status({ 'if-none-match': '*' }), 304);
  assert.equal(await status({ 'if-none-match': '"x"', 'if-modified-since': modified }), 200);
  assert.equal(await status({ 'if-modified-since': modified }), 304);
  assert.equal(await status({ 'if-modified-since': earlier }), 200);
  assert.equal(await status({ 'if-match': etag }), 200);
  assert.equal(await status({ 'if-match': '"x"' }), 412);
  assert.equal(await status({ 'if-unmodified-since': earlier }), 412);
  const not = await ask('/a.txt', { 'if-none-match': etag });
  assert.deepEqual([not.headers.etag, not.headers['cache-control'], not.body.length], [etag, LIFETIME, 0]);
});

test('ranges', async (t) => {
  const { root } = new Folder(t, { 'a.txt': '0123456789' });
  const ask = asker(root);
  const { etag, 'last-modified': modified } = (await ask('/a.txt')).headers;
  const part = async (range: string, more: Record<string, string> = {}) => {
    const { status, headers, body } = await ask('/a.txt', { range, ...more });
    return [status, headers['content-range'], body.toString()];
  };
  assert.deepEqual(await part('bytes=2-4'), [206, 'bytes 2-4/10', '234']);
  assert.deepEqual(await part('bytes=7-'), [206, 'bytes 7-9/10', '789']);
  assert.deepEqual(await part('bytes=-3'), [206, 'bytes 7-9/10', '789']);
  assert.deepEqual(await part('bytes=-99'), [206, 'bytes 0-9/10', '0123456789']);
  assert.deepEqual(await part('bytes=5-99'), [206, 'bytes 5-9/10', '56789']);
  assert.deepEqual(await part('bytes=10-'), [416, 'bytes */10', '']);
  assert.deepEqual(await part('bytes=-0'), [416, 'bytes */10', '']);
  const whole = [200, undefined, '0123456789'];
  for (const range of ['bytes=0-1,5-6', 'bytes=4-2', 'items=0-1', 'bytes=a-b'])
    assert.deepEqual(await part(range), whole);
  assert.deepEqual(await part('bytes=0-1', { 'if-range': etag }), [206, 'bytes 0-1/10', '01']);
  assert.deepEqual(await part('bytes=0-1', { 'if-range': '"x"' }), whole);
  assert.deepEqual(await part('bytes=0-1', { 'if-range': modified }), [206, 'bytes 0-1/10', '01']);
  const head = await ask('/a.txt', { range: 'bytes=0-1' }, { method: 'HEAD' });
  assert.equal(head.status, 200);
});

test('ranges of a large file are that part of it, wherever they begin', async (t) => {
  const content = Buffer.from(Array.from({ length: 700_000 }, (_, at) => (at * 31 + (at >> 8)) & 0xff));
  const { root } = new Folder(t, { 'big.bin': content });
  const ask = asker(root);
  assert.ok((await ask('/big.bin')).body.equals(content));
  const edge = fc.integer({ min: 0, max: content.length - 1 });
  const property = fc.asyncProperty(edge, edge, async (a, b) => {
    const [start, end] = a < b ? [a, b] : [b, a];
    const { status, body } = await ask('/big.bin', { range: `bytes=${start}-${end}` });
    assert.equal(status, 206);
    assert.ok(body.equals(content.subarray(start, end + 1)));
  });
  await fc.assert(property, { numRuns: 40 });
});

test('compressed copies: by weight, never older than the file', async (t) => {
  const text = 'text '.repeat(500);
  const copies = { br: brotliCompressSync(text), gz: gzipSync(text), zst: zstdCompressSync(text) };
  const folder = new Folder(t, { 'a.txt': text, 'b.txt': text });
  for (const [extension, content] of Object.entries(copies)) folder.put({ [`a.txt.${extension}`]: content });
  folder.put({ 'old.txt.gz': copies.gz }, 100);
  folder.put({ 'old.txt': text }, 50);
  folder.put({ 'empty.txt': text, 'empty.txt.br': '' });
  const ask = asker(folder.root);
  const coding = async (name: string, accept?: string) => {
    const { headers } = await ask(name, accept === undefined ? {} : { 'accept-encoding': accept });
    return [headers['content-encoding'], headers.vary];
  };
  const vary = 'Accept-Encoding';
  assert.deepEqual(await coding('/a.txt'), [undefined, vary]);
  assert.deepEqual(await coding('/a.txt', 'gzip, deflate, br, zstd'), ['br', vary]);
  assert.deepEqual(await coding('/a.txt', 'gzip, deflate'), ['gzip', vary]);
  assert.deepEqual(await coding('/a.txt', 'gzip;q=0.9, zstd'), ['zstd', vary]);
  assert.deepEqual(await coding('/a.txt', 'br;q=0.2, gzip;q=0.8'), ['gzip', vary]);
  assert.deepEqual(await coding('/a.txt', 'identity, br;q=0'), [undefined, vary]);
  assert.deepEqual(await coding('/a.txt', '*'), ['br', vary]);
  assert.deepEqual(await coding('/b.txt', 'gzip'), [undefined, undefined]);
  assert.deepEqual(await coding('/old.txt', 'gzip'), [undefined, undefined]);
  assert.deepEqual(await coding('/empty.txt', 'br'), [undefined, undefined]);
  const { headers, body } = await ask('/a.txt', { 'accept-encoding': 'gzip' });
  assert.ok(body.equals(copies.gz));
  assert.deepEqual(
    [headers['content-type'], headers['content-length']],
    ['text/plain; charset=utf-8', `${copies.gz.length}`],
  );
  const etags = new Set<string>();
  for (const accept of ['br', 'gzip', 'zstd', ''])
    etags.add((await ask('/a.txt', { 'accept-encoding': accept })).headers.etag);
  assert.equal(etags.size, 4);
  folder.put({ 'index.html': text, 'index.html.gz': copies.gz });
  assert.equal((await ask('/', { 'accept-encoding': 'gzip' })).headers['content-encoding'], 'gzip');
});

test('a page for what is not there', async (t) => {
  const folder = new Folder(t, { 'a/b.txt': 'b' });
  const ask = asker(folder.root);
  const plain = await ask('/none');
  assert.deepEqual([plain.status, plain.headers['content-type']], [404, 'text/plain; charset=utf-8']);
  folder.put({ '404.html': '<h1>gone</h1>' });
  for (const path of ['/none', '/a/none', '/a/', '/../x', '/.env']) {
    const { status, headers, body } = await ask(path);
    assert.deepEqual(
      [status, headers['content-type'], body.toString()],
      [404, 'text/html; charset=utf-8', '<h1>gone</h1>'],
    );
  }
  const head = await ask('/none', {}, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [404, '13', 0]);
  assert.equal((await ask('/404.html')).status, 200);
});

test('what lb may not read is forbidden', async (t) => {
  const { base, root } = new Folder(t, { 'a.txt': 'x', 'closed/b.txt': 'x', 'closed/index.html': 'x' });
  chmodSync(base, 0o755);
  chmodSync(join(root, 'a.txt'), 0);
  chmodSync(join(root, 'closed'), 0);
  const ask = asker(root);
  const isRoot = process.geteuid?.() === 0;
  // root may read all: for the moment this is nobody
  if (isRoot) process.seteuid?.(65_534);
  const paths = ['/a.txt', '/closed/b.txt', '/closed/', '/closed'];
  const answers = await Promise.all(paths.map((path) => ask(path)));
  if (isRoot) process.seteuid?.(0);
  chmodSync(join(root, 'closed'), 0o755);
  for (const { status, body } of answers) assert.deepEqual([status, body.toString()], [403, 'Forbidden\n']);
});

test('files with a hash in their names never change, where that is said', async (t) => {
  const { root } = new Folder(t, { 'app.3f2a9c1b.js': 'x', 'app.js': 'x', 'x/app.3f2a9c1b.js': 'x' });
  const of = async (settings: object, path: string) =>
    (await asker(root, { ...settings })(path)).headers['cache-control'];
  const never = 'public, max-age=31536000, s-maxage=1, immutable';
  assert.equal(await of({}, '/app.3f2a9c1b.js'), LIFETIME);
  assert.equal(await of({ cache: { static: { match: '*.js' } } }, '/app.3f2a9c1b.js'), never);
  assert.equal(await of({ cache: { static: { match: '*.js' } } }, '/app.js'), LIFETIME);
  assert.equal(await of({ cache: { static: { match: '/x/*' } } }, '/app.3f2a9c1b.js'), LIFETIME);
  assert.equal(await of({ cache: { immutable: true } }, '/x/app.3f2a9c1b.js'), never);
  assert.equal(await of({ cache: { static: { match: '*.js', immutable: false } } }, '/app.3f2a9c1b.js'), LIFETIME);
});

test('a file that was changed just now has a tag that it does not keep', async (t) => {
  const folder = new Folder(t);
  const ask = asker(folder.root);
  const tags = new Set<string>();
  for (let i = 0; i < 5; i++) {
    folder.put({ 'a.txt': 'x' }, 0);
    tags.add((await ask('/a.txt')).headers.etag);
  }
  assert.ok([...tags].some((tag) => tag.startsWith('W/')));
  assert.equal(tags.size, 5);
});

test('a file of the future has no Last-Modified, one before 1970 neither', async (t) => {
  const folder = new Folder(t, { 'a.txt': 'x', 'b.txt': 'x' });
  folder.age('a.txt', -3600);
  folder.age('b.txt', Date.now() / 1000 + 100);
  const ask = asker(folder.root);
  for (const path of ['/a.txt', '/b.txt']) {
    const { status, headers } = await ask(path);
    assert.deepEqual([status, headers['last-modified']], [200, undefined]);
    assert.match(headers.etag, /^"/);
  }
});
