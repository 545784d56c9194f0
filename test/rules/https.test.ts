// Redirects to TLS and HSTS, behind a proxy that says how the client came.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { counted, type Field, startScene } from '../caching/scene.ts';

const scene = await startScene(
  { after },
  { trusted_proxies: ['127.0.0.1'], https_redirect: true, hsts: { max_age: '1d', include_subdomains: true } },
);
const HTTPS: Field = ['X-Forwarded-Proto', 'https'];
const FRESH: Field = ['Cache-Control', 'max-age=600'];

test('without TLS a redirect, and no word of HSTS', async () => {
  const moved = await scene.get('/a//b?c=%20');
  assert.deepEqual([moved.status, moved.get('location')], [301, 'https://site.test/a//b?c=%20']);
  assert.equal(moved.get('strict-transport-security'), undefined);
  assert.equal((await scene.get('/a', [], { method: 'PUT', body: 'x' })).status, 308);
  assert.equal(scene.origin.requests.length, 0);
});

test('challenges of a certificate authority are left alone', async () => {
  scene.on('/.well-known/acme-challenge/token', counted([]));
  const challenge = await scene.get('/.well-known/acme-challenge/token');
  assert.deepEqual([challenge.status, challenge.text], [200, '1']);
});

test('with TLS the answer, and HSTS on every one', async () => {
  scene.on('/page', counted([FRESH, ['Strict-Transport-Security', 'max-age=1']]));
  scene.on('/private', counted([['Cache-Control', 'private']]));
  const targets: [string, number][] = [['/page', 200], ['/page', 200], ['/private', 200], ['/nowhere', 404]]; // biome-ignore format: a table
  for (const [target, status] of targets) {
    const response = await scene.get(target, [HTTPS]);
    assert.equal(response.status, status);
    assert.deepEqual(response.all('strict-transport-security'), ['max-age=86400; includeSubDomains']);
  }
});
