// Crawlers that DNS is asked about.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted, type Field, startScene } from '../caching/scene.ts';
import { startNameServer } from '../dial/name-server.ts';
import { until } from '../support/cleanup.ts';

const GOOGLE: Field = ['User-Agent', 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'];
const FRESH: Field = ['Cache-Control', 'max-age=600'];

test('the first request is let in while DNS is asked; then who is what they say passes, and fakes are blocked', async (t) => {
  const names = await startNameServer(t, (name, type) => {
    if (type === 'PTR') {
      if (name === '1.66.249.66.in-addr.arpa') return { names: ['crawl-1.googlebot.com'] };
      if (name === '9.2.0.192.in-addr.arpa') return { names: ['crawl-1.googlebot.com'] };
      if (name.endsWith('.ip6.arpa')) return { names: ['crawl-6.googlebot.com'] };
      return { code: 3 };
    }
    if (name === 'crawl-1.googlebot.com' && type === 'A') return { addresses: ['66.249.66.1'] };
    if (name === 'crawl-6.googlebot.com' && type === 'AAAA') return { addresses: ['2001::9'] };
    return { code: 3 };
  });
  const bots = { actions: { library: 'allow' }, thresholds: { block: 20 } };
  const scene = await startScene(t, {
    trusted_proxies: ['127.0.0.1'],
    dns: { servers: [names.address] },
    addons: { bots },
  });
  scene.on('/', counted([FRESH]));
  const from = async (address: string) => (await scene.get('/', [GOOGLE, ['X-Forwarded-For', address]])).status;
  for (const address of ['66.249.66.1', '2001::9', '192.0.2.9', '192.0.2.10'])
    assert.equal(await from(address), 200, address);
  await until(async () => (await from('192.0.2.9')) === 403, 'one whose name leads elsewhere to be blocked');
  await until(async () => (await from('192.0.2.10')) === 403, 'one without a name to be blocked');
  const asked = names.log.length;
  for (const address of ['66.249.66.1', '2001::9']) assert.equal(await from(address), 200, address);
  for (const address of ['192.0.2.9', '192.0.2.10']) assert.equal(await from(address), 403, address);
  assert.equal(names.log.length, asked, 'what is known is not asked for again');
});

test('a name server that is silent keeps nobody out and nobody waiting', async (t) => {
  const names = await startNameServer(t, () => undefined);
  const dns = { servers: [names.address] };
  const scene = await startScene(t, { trusted_proxies: ['127.0.0.1'], dns, addons: { bots: {} } });
  scene.on('/', counted([FRESH]));
  for (let i = 0; i < 3; i++)
    assert.equal((await scene.get('/', [GOOGLE, ['X-Forwarded-For', '66.249.66.1']])).status, 200);
  assert.ok(names.log.length <= 1);
});
