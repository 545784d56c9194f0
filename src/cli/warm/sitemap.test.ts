import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SourceError } from './bytes.ts';
import { parseSitemap } from './sitemap.ts';

/** In pieces of `size` bytes, so that nothing depends on where a chunk ends. */
async function* pieces(text: string, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const URLSET = `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <url><loc>https://shop.example/a?x=1&amp;y=2</loc><lastmod>2026-01-01</lastmod>
    <image:image><image:loc>https://shop.example/a.png</image:loc></image:image></url>
  <url><loc>
    <![CDATA[https://shop.example/b?x=1&y=2]]>
  </loc></url>
  <url><loc></loc></url>
  <url><loc>https://shop.example/ü</loc></url>
</urlset>`;

test('pages of a sitemap: entities, CDATA, other namespaces left alone', async () => {
  for (const size of [1, 7, 10_000]) {
    assert.deepEqual(await parseSitemap(pieces(URLSET, size)), {
      pages: ['https://shop.example/a?x=1&y=2', 'https://shop.example/b?x=1&y=2', 'https://shop.example/ü'],
      sitemaps: [],
    });
  }
});

test('sitemaps of an index, also under a prefix', async () => {
  const index = '<s:sitemapindex xmlns:s="x"><s:sitemap><s:loc>https://a/1.xml.gz</s:loc></s:sitemap></s:sitemapindex>';
  assert.deepEqual(await parseSitemap(pieces(index)), { pages: [], sitemaps: ['https://a/1.xml.gz'] });
});

const WRONG: [what: string, xml: string, message: RegExp][] = [
  ['HTML', '<!doctype html><html><body>no</body></html>', /its root is <html>/],
  ['a feed', '<rss><channel/></rss>', /its root is <rss>/],
  ['cut off', '<urlset><url><loc>https://a/', /not well-formed/],
  ['ill-formed', '<urlset><url></urlset>', /not well-formed: Unexpected close tag \(line 1\)/],
  ['nothing', '<?xml version="1.0"?>', /it is empty/],
];

for (const [what, xml, message] of WRONG) {
  test(`no sitemap: ${what}`, async () => {
    await assert.rejects(
      parseSitemap(pieces(xml)),
      (error) => error instanceof SourceError && message.test(error.message),
    );
  });
}

test('entities of a DTD are not expanded', async () => {
  const bomb = `<!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>
    <urlset><url><loc>/&b;</loc></url><url><loc>/&x;</loc></url></urlset>`;
  await assert.rejects(parseSitemap(pieces(bomb)), /not well-formed: Invalid character entity/);
});

test('an address of any length costs no more than its limit', async () => {
  const long = `<urlset><url><loc>https://a/${'x'.repeat(300_000)}</loc></url><url><loc>https://a/b</loc></url></urlset>`;
  assert.deepEqual((await parseSitemap(pieces(long, 5000))).pages, ['https://a/b']);
});
