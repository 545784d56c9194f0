// The challenge over HTTP and HTTPS, solved as the page's script does it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { after, test } from 'node:test';
import { puzzleOf, solve } from '../../src/bot/testing.ts';
import { cacheStatus, counted, type Field, type Scene, startScene } from '../caching/scene.ts';
import { type Cleanup, until, within } from '../support/cleanup.ts';
import type { Response } from '../support/client.ts';
import { certificateFolder, securePort } from '../tls/site.ts';

const FRESH: Field = ['Cache-Control', 'max-age=600'];
const AGENT: Field = ['User-Agent', 'curl/8.5.0'];
const PAGE: Field[] = [AGENT, ['Accept', 'text/html,*/*']];
const SECRET = 'the same for all that serve the site';
const BOTS = { actions: { library: 'challenge' }, challenge: { difficulty: 8, secret: SECRET, ttl: '1h' } };

async function site(t: Cleanup, more: object = {}, bots: object = BOTS): Promise<Scene> {
  const scene = await startScene(t, { trusted_proxies: ['127.0.0.1'], addons: { bots }, ...more });
  for (const path of ['/', '/page']) scene.on(path, counted([FRESH]));
  return scene;
}

function cookieOf(response: Response): string {
  assert.equal(response.status, 204, response.text);
  return (response.get('set-cookie') ?? '').split(';', 1)[0];
}

const folder = await certificateFolder({ after });
await folder.put('first', ['a.test']);
const TLS = { listen: '127.0.0.1:0', folder: folder.path };
const shared = await site({ after }, { workers: 2, tls: TLS });

/** Solves what a page asks. */
async function pass(scene: Scene, target: string, fields = PAGE): Promise<string> {
  const page = await scene.get(target, fields);
  assert.equal(page.status, 403);
  const accept: Field = ['Accept', '*/*'];
  const others = fields.filter(([name]) => name !== 'Accept');
  return cookieOf(await scene.get(target, [...others, accept, ['X-Lb-Challenge', solve(puzzleOf(page.text))]]));
}

test('a page, a solution, a cookie for every thread and path; nothing of it is stored', async () => {
  const scene = shared;
  assert.match(cacheStatus(await scene.get('/page', [['User-Agent', 'Mozilla/5.0'], ['Accept', '*/*']])), /miss/); // biome-ignore format: a line
  const page = await scene.get('/page', PAGE);
  assert.deepEqual(
    [page.status, page.get('content-type'), page.get('cache-control'), page.get('x-robots-tag')],
    [403, 'text/html; charset=utf-8', 'no-store', 'noindex'],
  );
  assert.match(cacheStatus(page), /fwd=bypass; detail=challenge/);
  assert.ok(page.text.includes(`Request ${page.get('x-request-id')}`));
  const head = await scene.head('/page', PAGE);
  assert.deepEqual([head.status, head.text], [403, '']);
  const cookie = await pass(scene, '/page');
  for (let i = 0; i < 8; i++) {
    for (const path of ['/page', '/']) assert.equal((await scene.get(path, [...PAGE, ['Cookie', cookie]])).status, 200);
  }
  assert.match(cacheStatus(await scene.get('/page', [AGENT, ['Cookie', cookie]])), /lb; hit/);
  assert.equal((await scene.get('/page', [...PAGE, ['Cookie', cookie], ['X-Forwarded-For', '192.0.2.1']])).status, 403);
  assert.equal(
    (
      await scene.get('/page', [
        ['User-Agent', 'Wget/1.21'],
        ['Cookie', cookie],
      ])
    ).status,
    403,
  );
  const metrics = (await scene.lb.admin.fetch('GET', '/metrics')).text();
  assert.match(metrics, /class="library",result="challenge_passed"\} [1-9]/);
});

test('a puzzle is used once, whichever thread is asked, and by its client alone', async () => {
  const scene = shared;
  const solution = solve(puzzleOf((await scene.get('/', PAGE)).text));
  const say = (...fields: Field[]) => scene.get('/', [AGENT, ['X-Lb-Challenge', solution], ...fields]);
  assert.equal((await say(['X-Forwarded-For', '192.0.2.1'])).status, 403);
  assert.equal((await say()).status, 204);
  for (let i = 0; i < 6; i++) assert.match((await say()).text, /the puzzle has been used/);
  for (const text of ['x', `${solution}0`, 'a.b.c.d', 'x'.repeat(2000)])
    assert.equal((await scene.get('/', [AGENT, ['X-Lb-Challenge', text]])).status, 403);
  assert.equal(scene.asked('/').length, 1, 'with the cookie of before');
});

test('who shows no pages is told so, and its body goes nowhere', async () => {
  const scene = shared;
  const refused = await scene.get('/page', PAGE, { method: 'POST', body: 'a=1' });
  assert.equal(refused.status, 403);
  assert.match(refused.text, /open one of its pages in a browser/);
  assert.equal(
    (await scene.get('/page', [AGENT, ['Accept', 'application/json']])).get('content-type'),
    'application/problem+json',
  );
  const leave: Field[] = [AGENT, ['Origin', 'https://b.test'], ['Access-Control-Request-Method', 'PUT']];
  assert.equal((await scene.get('/page', leave, { method: 'OPTIONS' })).status, 200, 'the origin has a say in CORS');
  const cookie = await pass(scene, '/page');
  assert.equal((await scene.get('/page', [...PAGE, ['Cookie', cookie]], { method: 'POST', body: 'a=1' })).status, 200);
  assert.equal(scene.asked('/page').length, 3);
});

test('a custom rule asks the same, with its own conditions; without a secret lb has one for as long as it runs', async (t) => {
  const when = { path: '/login', methods: 'GET', headers: { accept: '*html*' } };
  const waf = { mode: 'off', custom_rules: [{ name: 'login', action: 'challenge', when }] };
  const addons = (difficulty: number) => ({ waf, bots: { mode: 'off', challenge: { difficulty } } });
  const scene = await startScene(t, { workers: 2, addons: addons(8) });
  for (const path of ['/login', '/']) scene.on(path, counted([FRESH]));
  assert.equal((await scene.get('/', PAGE)).status, 200);
  assert.equal(
    (await scene.get('/login', [...PAGE, ['Cookie', await pass(shared, '/')]])).status,
    403,
    'of another secret',
  );
  const cookie: Field = ['Cookie', await pass(scene, '/login')];
  assert.ok((await scene.lb.reload({ workers: 2, origins: [scene.origin.address], addons: addons(9) })).ok);
  for (let i = 0; i < 4; i++) assert.equal((await scene.get('/login', [...PAGE, cookie])).status, 200);
  await until(() => scene.lb.log.some(({ details }) => details.action === 'challenged'), 'the line about the rule');
});

interface Answered {
  status: number;
  cookie: string;
  text: string;
}

async function byHttp2(session: ClientHttp2Session, fields: Record<string, string>): Promise<Answered> {
  const stream = session.request({ ':path': '/', 'user-agent': AGENT[1], accept: 'text/html', ...fields });
  const [head] = (await within(once(stream, 'response'), 'an answer')) as [IncomingHttpHeaders & { ':status': number }];
  const text = Buffer.concat(await stream.toArray()).toString();
  return { status: head[':status'], cookie: head['set-cookie']?.[0] ?? '', text };
}

async function byHttps(port: number, fields: Record<string, string>): Promise<Answered> {
  const headers = { host: 'a.test', 'user-agent': AGENT[1], accept: 'text/html', ...fields };
  const options = { host: '127.0.0.1', port, servername: 'a.test', ca: folder.authority.cert, headers, agent: false };
  const asked = httpsRequest({ path: '/', ...options }).end();
  const [answer] = (await within(once(asked, 'response'), 'an answer')) as [IncomingMessage];
  const text = Buffer.concat(await answer.toArray()).toString();
  return { status: answer.statusCode ?? 0, cookie: answer.headers['set-cookie']?.[0] ?? '', text };
}

/** @param ask for `/`, over TLS */
async function passSecurely(ask: (fields: Record<string, string>) => Promise<Answered>): Promise<void> {
  const page = await ask({});
  assert.equal(page.status, 403);
  const solved = await ask({ accept: '*/*', 'x-lb-challenge': solve(puzzleOf(page.text)) });
  assert.equal(solved.status, 204);
  assert.match(solved.cookie, /^lb_clearance=[^;]+; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure$/);
  assert.equal((await ask({ cookie: solved.cookie.split(';', 1)[0] })).status, 200);
}

test('over TLS by HTTP/2: a Secure cookie', async (t) => {
  const options = { host: '127.0.0.1', servername: 'a.test', ca: folder.authority.cert };
  const session = connect('https://a.test', { ...options, port: securePort(shared.lb) });
  t.after(() => session.destroy());
  await passSecurely((fields) => byHttp2(session, fields));
});

test('over TLS by HTTP/1.1; the cookie outlives a restart and counts at other places, by the secret that they share', async (t) => {
  const scene = await site(t, { tls: { ...TLS, http2: false } });
  await passSecurely((fields) => byHttps(securePort(scene.lb), fields));
  const cookie = await pass(shared, '/');
  assert.equal((await scene.get('/', [...PAGE, ['Cookie', cookie]])).status, 200);
});
