// Wrong answers that site rules once gave.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { counted, type Field, startScene } from '../caching/scene.ts';

const FRESH: Field = ['Cache-Control', 'max-age=600'];
const LONG = 'public, max-age=31536000';

const scene = await startScene(
  { after },
  {
    rules: [
      { match: '/moved/*', redirect: { to: '/to/{1}' } },
      {
        match: '/assets/*',
        response_headers: {
          set: { 'cache-control': LONG, 'cdn-cache-control': LONG, 'content-type': 'text/html', a: 'b' },
        },
      },
    ],
  },
);

test('a path with characters beyond the first plane is redirected', async () => {
  const client = await scene.open();
  client.send(Buffer.from('GET /moved/\u{1f600} HTTP/1.1\r\nHost: site.test\r\n\r\n'));
  const moved = await client.response();
  assert.deepEqual([moved.status, moved.get('location')], [302, '/to/%F0%9F%98%80']);
});

test('caches behind lb do not keep for everybody that one request was refused, whatever rules say of the content', async () => {
  scene.on('/assets/a', counted([FRESH]));
  const fine = await scene.get('/assets/a');
  assert.deepEqual([fine.get('cache-control'), fine.get('content-type')], [LONG, 'text/html']);
  scene.on('/assets/broken', (_request, answer) => answer.raw('nonsense\r\n\r\n'));
  for (const [path, fields, status] of [
    ['/assets/loop', [['CDN-Loop', 'lb, lb, lb']], 508],
    ['/assets/broken', [], 502],
  ] as [string, Field[], number][]) {
    const refused = await scene.get(path, fields);
    assert.equal(refused.status, status, path);
    assert.deepEqual(refused.all('cache-control'), ['no-store']);
    assert.deepEqual(refused.all('content-type'), ['application/problem+json']);
    assert.deepEqual([refused.get('cdn-cache-control'), refused.get('a')], [undefined, 'b']);
  }
  const beyond = await scene.get('/assets/a', [['Range', 'bytes=99-']]);
  assert.deepEqual([beyond.status, beyond.get('cache-control'), beyond.get('a')], [416, undefined, 'b']);
});
