// Several sites in one lb: which site a host belongs to, and what sites have apart.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { request } from '../support/client.ts';
import { startLb } from '../support/lb.ts';
import { startOrigin } from '../support/origin.ts';

const t = { after };

/** An origin whose answers name it and the host that it was asked for. */
async function named(name: string) {
  return startOrigin(t, (asked, answer) =>
    answer.send(200, [['Content-Type', 'application/octet-stream']], `${name} ${asked.get('host')} ${asked.target}`),
  );
}

const [shop, docs, deep, rest] = await Promise.all(['shop', 'docs', 'deep', 'rest'].map(named));
const sites = {
  'shop.test': { origins: [shop.address], hosts: ['www.shop.test'], cache: { all: { match: '/*', ttl: 60 } } },
  '*.docs.test': { origins: [docs.address], cache: { page: { match: '/page*', ttl: 60 } } },
  '*.deep.docs.test': { origins: [deep.address] },
};
const strict = await startLb(t, { workers: 2, sites });
const open = await startLb(t, { sites: { ...sites, '*': { origins: [rest.address] } } });

async function ask(lb: { port: number }, host: string, target = '/'): Promise<[status: number, text: string]> {
  const { status, text } = await request(t, lb.port, target, { fields: [['Host', host]] });
  return [status, text];
}

test('an exact name, an alias, the longest wildcard, then the rest', async () => {
  for (const [host, answer] of [
    ['shop.test', 'shop shop.test /'],
    ['www.shop.test', 'shop www.shop.test /'],
    ['SHOP.Test', 'shop shop.test /'],
    ['shop.test.', 'shop shop.test /'],
    ['shop.test:8080', 'shop shop.test:8080 /'],
    ['a.docs.test', 'docs a.docs.test /'],
    ['a.b.docs.test', 'docs a.b.docs.test /'],
    ['a.deep.docs.test', 'deep a.deep.docs.test /'],
    ['docs.test', 'rest docs.test /'],
    ['deep.docs.test', 'docs deep.docs.test /'],
    ['x.shop.test', 'rest x.shop.test /'],
    ['notdocs.test', 'rest notdocs.test /'],
    ['127.0.0.1', 'rest 127.0.0.1 /'],
    ['[::1]:80', 'rest [::1] /'],
  ]) {
    assert.deepEqual(await ask(open, host), [200, answer], host);
  }
});

test('a host that no site answers for gets 421, a broken one 400, and no origin hears of either', async () => {
  const asked = () => shop.requests.length + docs.requests.length + deep.requests.length + rest.requests.length;
  const before = asked();
  for (const host of ['other.test', 'docs.test', 'x.shop.test', '127.0.0.1']) {
    const response = await request(t, strict.port, '/', { fields: [['Host', host]] });
    assert.deepEqual([response.status, response.get('content-type')], [421, 'application/problem+json'], host);
    assert.match(response.get('cache-status') ?? '', /^lb; fwd=/);
  }
  for (const host of ['a b', 'shop.test:1:2', 'user@shop.test', 'shop.test/x', '*.docs.test', '']) {
    assert.equal((await ask(strict, host))[0], 400, host);
  }
  assert.equal(asked(), before);
});

test('sites have their own keys and rules', async () => {
  const count = shop.requests.length;
  for (let i = 0; i < 4; i++) assert.deepEqual(await ask(strict, 'shop.test', '/page'), [200, 'shop shop.test /page']);
  assert.equal(shop.requests.length, count + 1);
  for (let i = 0; i < 4; i++)
    assert.deepEqual(await ask(strict, 'a.docs.test', '/page'), [200, 'docs a.docs.test /page']);
  assert.deepEqual(await ask(strict, 'b.docs.test', '/page'), [200, 'docs b.docs.test /page']);
  const before = docs.requests.length;
  await ask(strict, 'a.docs.test', '/other');
  await ask(strict, 'a.docs.test', '/other');
  assert.equal(docs.requests.length, before + 2);
});

test('objects and counters are by site', async () => {
  await ask(strict, 'shop.test', '/counted');
  await ask(strict, 'shop.test', '/counted');
  await ask(strict, 'www.shop.test', '/counted');
  await ask(strict, 'a.docs.test', '/page-counted');
  const cache = (await strict.admin.fetch('GET', '/cache')).json() as {
    sites: { name: string; objects: number }[];
  };
  const objects = Object.fromEntries(cache.sites.map((site) => [site.name, site.objects]));
  assert.equal(objects['shop.test'], 3);
  assert.equal(objects['*.docs.test'], 3);
  assert.equal(objects['*.deep.docs.test'], 0);
  const metrics = await strict.admin.metrics();
  assert.equal(metrics.get('lb_origin_requests_total{site="shop.test"}'), 3);
  assert.equal(metrics.get('lb_cache_hits_total{site="shop.test"}'), 4);
  assert.equal(metrics.get('lb_http_requests_total{site="*.deep.docs.test",method="GET",code="2xx"}') ?? 0, 0);
});

test('a purge of a host is of its site; a host without a site is refused', async () => {
  for (const host of ['shop.test', 'a.docs.test']) await ask(strict, host, '/page-purged');
  const purge = (target: string) => strict.admin.fetch('DELETE', `/cache${target}`);
  const answer = await purge('/*?host=a.docs.test');
  assert.deepEqual([answer.status, (answer.json() as { site: string }).site], [200, '*.docs.test']);
  const counts = [shop.requests.length, docs.requests.length];
  for (const host of ['shop.test', 'a.docs.test']) await ask(strict, host, '/page-purged');
  assert.deepEqual([shop.requests.length, docs.requests.length], [counts[0], counts[1] + 1]);
  const unknown = await purge('/page?host=other.test');
  assert.equal(unknown.status, 404);
  assert.match((unknown.json() as { detail: string }).detail, /other\.test/);
});
