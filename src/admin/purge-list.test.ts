import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_PURGES, parsePurgeList } from './purge-list.ts';
import { PurgeSyntaxError } from './purge-target.ts';

const list = (...purge: unknown[]): string => JSON.stringify({ purge });
const ALL = { scope: 'all', host: null, pattern: '/*' };

const CASES: [item: object, expected: object | object[]][] = [
  [{ url: '/a?b' }, { scope: 'url', host: null, pattern: '/a?b' }],
  [{ url: 'http://H.example:80/p?q' }, { scope: 'url', host: 'h.example', pattern: '/p?q' }],
  [{ url: 'HTTPS://h.example' }, { scope: 'url', host: 'h.example', pattern: '/' }],
  [{ url: 'https://h.example?q=/' }, { scope: 'url', host: 'h.example', pattern: '/?q=/' }],
  [{ url: 'https://h.example/a/../%2A//b' }, { scope: 'url', host: 'h.example', pattern: '/a/../%2A//b' }],
  [
    { url: '/a', host: 'h.example.' },
    { scope: 'url', host: 'h.example', pattern: '/a' },
  ],
  [
    { prefix: '/a/', host: 'h' },
    { scope: 'pattern', host: 'h', pattern: '/a/*' },
  ],
  [{ prefix: 'https://h/a' }, { scope: 'pattern', host: 'h', pattern: '/a*' }],
  [{ prefix: '/' }, ALL],
  [{ pattern: '/a/*/b' }, { scope: 'pattern', host: null, pattern: '/a/*/b' }],
  [{ pattern: '*.css' }, { scope: 'pattern', host: null, pattern: '*.css' }],
  [{ pattern: 'http://h/*.css' }, { scope: 'pattern', host: 'h', pattern: '/*.css' }],
  [{ pattern: '/a' }, { scope: 'url', host: null, pattern: '/a' }],
  [{ pattern: '/*' }, ALL],
  [{ host: 'h' }, { ...ALL, host: 'h' }],
  [{ site: 'shop' }, { ...ALL, site: 'shop' }],
  [{ all: true }, ALL],
  [
    { all: true, site: 'shop' },
    { ...ALL, site: 'shop' },
  ],
  [{ tag: 'x' }, { ...ALL, scope: 'tag', tag: 'x' }],
  [
    { tag: 'é,*', site: 'shop', host: 'h' },
    { ...ALL, scope: 'tag', tag: 'é,*', site: 'shop', host: 'h' },
  ],
  [
    { tags: ['a', 'b'] },
    [
      { ...ALL, scope: 'tag', tag: 'a' },
      { ...ALL, scope: 'tag', tag: 'b' },
    ],
  ],
];

for (const [item, expected] of CASES) {
  test(`${JSON.stringify(item)} is ${JSON.stringify(expected)}`, () => {
    const purges = [expected].flat();
    assert.deepEqual(
      parsePurgeList(list(item)),
      purges.map((purge) => ({ ...purge, soft: false, item: 0 })),
    );
  });
}

const WRONG: [body: string, message: RegExp][] = [
  ['', /^the body is not JSON/],
  ['[]', /must be a JSON object such as/],
  ['{}', /"purge" must be a list such as/],
  ['{"purge": []}', /"purge" must be a list such as/],
  ['{"purge": [{"tag": "a"}], "sfot": true}', /unknown member "sfot"; there are "purge" and "soft"/],
  ['{"purge": [{"tag": "a"}], "soft": 1}', /"soft" must be true or false/],
  [list('/a'), /^purge\[0\]: an item is an object such as/],
  [list({ tag: 'a' }, {}), /^purge\[1\]: it says nothing of what to purge: give one of url, prefix/],
  [list({ urls: '/a' }), /unknown member "urls"; did you mean "url"\?/],
  [list({ url: '/a', tag: 'b' }), /it has "url" and "tag": make them items of their own/],
  [list({ url: 3 }), /"url" must be a string/],
  [list({ url: 'a' }), /"a" is no path: begin with \/, such as "\/a"/],
  [list({ url: '/a*' }), /a "url" has no wildcards: make it a "pattern"/],
  [list({ url: '/a#b' }), /leave out what follows #/],
  [list({ url: '/é' }), /percent-encode the rest/],
  [list({ url: `/${'a'.repeat(8192)}` }), /longer than 8192/],
  [list({ url: 'http:///a' }), /has no host/],
  [list({ url: 'http://u@h/a' }), /is not a host name/],
  [list({ url: 'http://h/a', host: 'h' }), /names a host and so does "host"/],
  [list({ prefix: '/a*' }), /a "prefix" has no wildcards/],
  [list({ host: '*.example' }), /wildcards work in the path only/],
  [list({ site: '' }), /"site" must be a string that is not empty/],
  [list({ all: false }), /"all" must be true/],
  [list({ tag: 'a b' }), /a tag holds no space/],
  [list({ tag: 'x'.repeat(1025) }), /at most 1024 bytes/],
  [list({ tags: [] }), /"tags" must be a list of strings/],
  [list({ tags: ['a', 1] }), /"tags" must be a string/],
];

for (const [body, message] of WRONG) {
  test(`${body.slice(0, 60)} is refused`, () => {
    assert.throws(() => parsePurgeList(body), { name: 'PurgeSyntaxError', message });
  });
}

test('a list is bounded, each tag counted', () => {
  const tags = Array.from({ length: MAX_PURGES }, (_, i) => `t${i}`);
  assert.equal(parsePurgeList(list({ tags })).length, MAX_PURGES);
  assert.throws(() => parsePurgeList(list({ all: true }, { tags })), /may hold 1000 purges/);
});

test('whatever comes, it is read or refused as wrong', () => {
  const value = fc.oneof(
    fc.string(),
    fc.boolean(),
    fc.array(fc.string()),
    fc.constantFrom('/a', 'http://h/a', 'h', true),
  );
  const item = fc.dictionary(fc.constantFrom('url', 'prefix', 'pattern', 'tag', 'tags', 'all', 'host', 'site'), value);
  fc.assert(
    fc.property(fc.array(fc.oneof(item, fc.jsonValue())), fc.boolean(), (purge, soft) => {
      try {
        const purges = parsePurgeList(JSON.stringify({ purge, soft }));
        for (const one of purges) assert.equal(one.soft, soft);
      } catch (error) {
        assert.ok(error instanceof PurgeSyntaxError, String(error));
      }
    }),
  );
});
