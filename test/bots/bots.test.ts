// What becomes of bots, as they see it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Status } from '../../src/admin/status.ts';
import { statusText } from '../../src/cli/status-text.ts';
import { cacheStatus, counted, type Field, startScene } from '../caching/scene.ts';
import { Folder } from '../config/cli.ts';
import { until } from '../support/cleanup.ts';

const FRESH: Field = ['Cache-Control', 'max-age=600'];
const agent = (name: string): Field => ['User-Agent', name];
const CURL = agent('curl/8.5.0');
const GPT = agent(
  'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)',
);
const AHREFS = agent('Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)');
const SQLMAP = agent('sqlmap/1.7.2#stable (https://sqlmap.org)');
const CHROME = agent(
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
);
const PERSON: Field[] = [CHROME, ['Accept', '*/*'], ['Accept-Language', 'de'], ['Accept-Encoding', 'gzip']];

const files = new Folder({});
after(() => files[Symbol.dispose]());
const file = (name: string, text: string) => {
  writeFileSync(join(files.path, name), text);
  return join(files.path, name);
};

const BOTS = {
  actions: { ai: 'block', seo: 'rate_limit', feed: 'log' },
  thresholds: { challenge: 40, block: 90 },
  exclude: '/open/*',
  requests_per_minute: 12,
  verify: false,
  ranges: [
    file('acmefetch.txt', '# of Acme\n192.0.2.0/25\n192.0.2.128/25 ; the rest\n'),
    file('partnerbot.json', '{"prefixes": [{"ipv4Prefix": "192.0.2.0/24"}, {"ipv6Prefix": "2001:db8::/32"}]}'),
  ],
  robots: ['block-ai', 'EvilBot'],
  robots_file: file('robots.txt', 'User-agent: *\nDisallow: /cart\n'),
};
const scene = await startScene(
  { after },
  { trusted_proxies: ['127.0.0.1'], log: { access: true }, addons: { allow: '198.51.100.0/24', bots: BOTS } },
);
for (const path of ['/', '/open/a']) scene.on(path, counted([FRESH]));
const status = async (target: string, ...fields: Field[]) => (await scene.get(target, fields)).status;
const from = (address: string): Field => ['X-Forwarded-For', address];

test('by class, and by score where the class has no action of its own', async () => {
  assert.equal(await status('/', ...PERSON), 200);
  assert.equal(await status('/', GPT), 403, 'its class is blocked');
  assert.equal(await status('/', CURL), 403, 'a score of 70 is challenged');
  assert.equal(await status('/', SQLMAP), 403, 'scanners are blocked by themselves');
  assert.equal(await status('/', CHROME), 403, 'a browser without any field of one is challenged');
  assert.equal(await status('/', agent('Feedly/1.0 (+http://www.feedly.com/fetcher.html)')), 200, 'only logged');
  assert.equal(await status('/', GPT, from('198.51.100.3')), 200, 'addons.allow');
  assert.equal(scene.asked('/').length, 1);
});

test('the refusal is not stored, and has the id that the logs have', async () => {
  const refused = await scene.get('/', [GPT]);
  assert.match(cacheStatus(refused), /fwd=bypass; detail=bot/);
  assert.equal(refused.get('cache-control'), 'no-store');
  const id = refused.get('x-request-id');
  const event = () => scene.lb.log.find(({ details }) => details.request_id === id)?.details;
  await until(() => event() !== undefined, 'the line about the bot');
  const { class: botClass, score, action, path, user_agent: name } = event() ?? {};
  assert.deepEqual([botClass, score, action, path, name], ['ai', 50, 'blocked', '/', GPT[1]]);
  const line = () => scene.lb.lines.find(({ request_id: other }) => other === id);
  await until(() => line() !== undefined, 'the line of the access log');
  assert.deepEqual([line()?.bot, line()?.bot_score, line()?.country], ['ai', 50, undefined]);
  const metrics = (await scene.lb.admin.fetch('GET', '/metrics')).text();
  for (const [
    name,
    result,
  ] of [['ai', 'blocked'], ['library', 'challenged'], ['browser', 'allowed'], ['feed', 'logged']]) // biome-ignore format: a table
    assert.match(
      metrics,
      new RegExp(`^lb_bot_requests_total\\{site="default",class="${name}",result="${result}"\\} [1-9]`, 'm'),
    );
});

test('rate_limit: as many as ten seconds have at once, by address, and then 429', async () => {
  const one = from('203.0.113.1');
  assert.deepEqual([await status('/', AHREFS, one), await status('/', AHREFS, one)], [200, 200]);
  const refused = await scene.get('/', [AHREFS, one]);
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.get('retry-after')) > 0);
  assert.equal(refused.get('ratelimit-policy'), '"bots";q=12;w=60;lb-burst=2');
  assert.equal(await status('/', AHREFS, from('203.0.113.2')), 200);
  assert.equal(await status('/', ...PERSON, one), 200, 'people at the same address are not held up');
});

test('paths that anybody may ask for, written in no other way', async () => {
  assert.equal(await status('/open/a', GPT), 200);
  assert.equal(await status('/open/../', GPT), 403);
  assert.equal(await status('/open/%2e%2e/', GPT), 403);
});

test('published networks: theirs pass thresholds, others are fakes', async () => {
  const partner = agent('PartnerBot/1.0');
  assert.equal(await status('/', partner, from('192.0.2.200')), 200);
  assert.equal(await status('/', partner, from('2001:db8:7::1')), 200);
  assert.equal(await status('/', partner, from('203.0.113.5')), 403);
  const dressed = agent(`${CHROME[1]} acmefetch/1`);
  assert.equal(await status('/', dressed, from('192.0.2.200')), 200, 'dressed as a browser');
  assert.equal(await status('/', dressed, from('203.0.113.5')), 403);
  const fake = () => scene.lb.log.some(({ details }) => details.class === 'fake' && details.action === 'blocked');
  await until(fake, 'the line about a fake');
});

test('robots.txt: for whoever asks, with what the file says', async () => {
  for (const fields of [[GPT], PERSON]) {
    const {
      status: code,
      text,
      get,
    } = await scene
      .get('/robots.txt', fields)
      .then((r) => ({ status: r.status, text: r.text, get: r.get('content-type') }));
    assert.deepEqual([code, get], [200, 'text/plain; charset=utf-8']);
    assert.match(text, /^User-agent: EvilBot\n/);
    assert.match(text, /User-agent: GPTBot\n/);
    assert.match(text, /Disallow: \/\n\nUser-agent: \*\nDisallow: \/cart\n$/);
  }
  assert.equal((await scene.head('/robots.txt', [GPT])).status, 200);
  assert.equal((await scene.get('/robots.txt', PERSON, { method: 'POST', body: 'x' })).status, 404, 'the origin’s');
});

test('lb status has classes with what became of them', async () => {
  const status = (await scene.lb.admin.fetch('GET', '/status')).json() as Status;
  const classes = status.bots.map(({ class: name }) => name);
  for (const name of ['browser', 'ai', 'library', 'fake']) assert.ok(classes.includes(name), name);
  const ai = status.bots.find(({ class: name }) => name === 'ai') ?? assert.fail();
  assert.ok(ai.blocked > 0 && ai.challenged === 0);
  assert.match(statusText(status, false), /\nbots {6}site +class +allowed.*\n {10}default +browser +\d/);
});

test('log mode refuses nobody and tells of whom it would', async (t) => {
  const logging = await startScene(t, {
    addons: { bots: { mode: 'log', actions: { ai: 'block', library: 'challenge' } } },
  });
  logging.on('/', counted([FRESH]));
  assert.deepEqual([(await logging.get('/', [GPT])).status, (await logging.get('/', [CURL])).status], [200, 200]);
  const events = () =>
    logging.lb.log.filter(({ details }) => details.event === 'bot').map(({ details }) => details.action);
  await until(() => events().length === 2, 'two lines');
  assert.deepEqual(events(), ['would_refuse', 'would_refuse']);
});

test('a reload changes what becomes of them, or nothing where it is wrong', async (t) => {
  const site = await startScene(t, { workers: 2, addons: { bots: { actions: { library: 'block' } } } });
  site.on('/', counted([FRESH]));
  const statuses = async () => {
    const found = new Set<number>();
    for (let i = 0; i < 6; i++) found.add((await site.get('/', [CURL])).status);
    return [...found];
  };
  const origins = [site.origin.address];
  assert.deepEqual(await statuses(), [403]);
  assert.ok(!(await site.lb.reload({ workers: 2, origins, addons: { bots: { actions: { library: 'allowed' } } } })).ok);
  assert.deepEqual(await statuses(), [403]);
  const reloaded = await site.lb.reload({ workers: 2, origins, addons: { bots: {} } });
  assert.ok(reloaded.ok && reloaded.changed.some((name) => name.includes('bots')), JSON.stringify(reloaded));
  assert.deepEqual(await statuses(), [200]);
  assert.ok(
    (await site.lb.reload({ workers: 2, origins, addons: { bots: { mode: 'off', actions: { library: 'block' } } } }))
      .ok,
  );
  assert.deepEqual(await statuses(), [200]);
});
