import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SourceError } from './bytes.ts';
import { type Entry, readFile, readSitemap } from './source.ts';
import { parseTarget, type Target } from './target.ts';
import { variantsOf } from './variants.ts';

async function* bytes(...parts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === 'string' ? new TextEncoder().encode(part) : part;
}

/** Sitemaps by host and path. */
function site(files: Record<string, string | Uint8Array>) {
  return (target: Target) => {
    const file = files[target.host + target.path];
    if (file === undefined) throw new SourceError('lb answers 404');
    return bytes(file);
  };
}

async function collect(entries: AsyncGenerator<Entry>): Promise<string[]> {
  const all: string[] = [];
  for await (const entry of entries) {
    all.push('target' in entry ? `${entry.target.host}${entry.target.path}` : `! ${entry.what}: ${entry.reason}`);
  }
  return all;
}

const NONE = site({});

test('a list: comments, empty lines, line ends, what is neither URL nor path', async () => {
  const text =
    '\uFEFF# pages\r\n/a\r\n\r\n  /b?c=1#part  # first\nhttps://x.example/c#frag\nindex.html\nftp://x/\n/last';
  assert.deepEqual(await collect(readFile(bytes(text.slice(0, 12), text.slice(12)), NONE)), [
    '/a',
    '/b?c=1',
    'x.example/c',
    '! line 6: index.html: neither a URL nor a path that begins with /',
    '! line 7: ftp://x/: neither a URL nor a path that begins with /',
    '/last',
  ]);
  assert.deepEqual(await collect(readFile(bytes(''), NONE)), []);
});

test('an address is there as soon as its line is, in whatever pieces it comes', { timeout: 5000 }, async () => {
  const source = new TransformStream<Uint8Array, Uint8Array>();
  const writer = source.writable.getWriter();
  const entries = readFile(source.readable, NONE);
  for (const pieces of [['\uFEFF', '\n/', 'a', '\n'], ['/b\n']]) {
    const entry = entries.next();
    for (const piece of pieces) await writer.write(new TextEncoder().encode(piece));
    assert.deepEqual(await entry, { done: false, value: { target: { host: '', path: pieces.join('').trim() } } });
  }
  const last = entries.next();
  await writer.close();
  assert.equal((await last).done, true);
});

test('targets as clients would send them', () => {
  const cases: [string, Target | string][] = [
    ['https://Shop.Example:443/a', { host: 'shop.example', path: '/a' }],
    ['http://shop.example:8080?x', { host: 'shop.example:8080', path: '/?x' }],
    ['http://[::1]:80/', { host: '[::1]', path: '/' }],
    ['https://bücher.example/ü ß', { host: 'xn--bcher-kva.example', path: '/%C3%BC%20%C3%9F' }],
    ['/a/../b%2f', { host: '', path: '/a/../b%2f' }],
    ['http://user@a/', 'its host is malformed'],
    [`/${'x'.repeat(9000)}`, 'longer than 8192 characters'],
  ];
  for (const [text, target] of cases) assert.deepEqual(parseTarget(text), target);
});

const page = (path: string) => `<url><loc>https://a${path}</loc></url>`;
const index = (...names: string[]) =>
  `<sitemapindex>${names.map((name) => `<sitemap><loc>https://a${name}</loc></sitemap>`).join('')}</sitemapindex>`;
const START: Target = { host: 'a', path: '/index.xml' };

test('an index leads to sitemaps, packed or not, each read once', async () => {
  const open = site({
    'a/index.xml': index('/1.xml', '/2.xml.gz', '/1.xml', '/index.xml', '/gone.xml', '/wrong.xml'),
    'a/1.xml': `<urlset>${page('/1')}</urlset>`,
    'a/2.xml.gz': gzipSync(`<urlset>${page('/2')}</urlset>`),
    'a/wrong.xml': '<html/>',
  });
  assert.deepEqual(await collect(readSitemap(START, open)), [
    'a/1',
    'a/2',
    '! https://a/gone.xml: lb answers 404',
    '! https://a/wrong.xml: it is no sitemap: its root is <html>, not <urlset> or <sitemapindex>',
  ]);
});

test('a file may be a sitemap, packed too', async () => {
  const packed = gzipSync(`<urlset>${page('/1')}</urlset>`);
  assert.deepEqual(await collect(readFile(bytes(packed.subarray(0, 1), packed.subarray(1)), NONE)), ['a/1']);
  assert.deepEqual(await collect(readFile(bytes(gzipSync('/x\n/y')), NONE)), ['/x', '/y']);
});

test('bounds: depth, a zip bomb, a broken archive, the first sitemap', async () => {
  const levels = [1, 2, 3, 4, 5].map((level) => [`a/${level}.xml`, index(`/${level + 1}.xml`)]);
  const deep = site({ 'a/index.xml': index('/1.xml'), ...Object.fromEntries(levels) });
  assert.deepEqual(await collect(readSitemap(START, deep)), ['! a/3.xml: indexes lead to indexes more than 3 times']);
  const bomb = gzipSync(`<urlset>${' '.repeat(52 << 20)}</urlset>`);
  assert.ok(bomb.length < 100_000);
  await assert.rejects(collect(readSitemap(START, site({ 'a/index.xml': bomb }))), /larger than 50 MB, unpacked/);
  const broken = gzipSync('<urlset></urlset>').subarray(0, 20);
  await assert.rejects(collect(readSitemap(START, site({ 'a/index.xml': broken }))), /it does not unpack/);
  await assert.rejects(collect(readSitemap(START, NONE)), /lb answers 404/);
});

test('variants: each value of a repeated field, every combination, the field left out', () => {
  assert.deepEqual(variantsOf([]), [{}]);
  assert.deepEqual(variantsOf(['Accept: a', 'X-Y:  b ']), [{ accept: 'a', 'x-y': 'b' }]);
  assert.deepEqual(variantsOf(['Accept-Encoding: gzip', 'accept-encoding:', 'L: de', 'L: en']), [
    { 'accept-encoding': 'gzip', l: 'de' },
    { 'accept-encoding': 'gzip', l: 'en' },
    { l: 'de' },
    { l: 'en' },
  ]);
  assert.match(variantsOf(['no colon']) as string, /write "Name: value"/);
  assert.match(variantsOf(['A: \n']) as string, /write "Name: value"/);
  assert.match(variantsOf(['Host: x']) as string, /--host says which/);
  assert.match(variantsOf(Array.from({ length: 65 }, (_, i) => `A: ${i}`)) as string, /more than 64/);
});
