// What the firewall makes of requests, over real sockets.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { counted } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';
import { post, startWaf } from './scene.ts';

const ATTACK = '1%27%20UNION%20SELECT%20password';
const FRESH = [['Cache-Control', 'max-age=600']] as const;

const scene = await startWaf(
  { after },
  {
    request_body: { limit: '4KB' },
    paths: [
      { match: '/logged/*', mode: 'log' },
      { match: '/free/*', mode: 'off' },
    ],
    exclusions: [{ rules: [942900], targets: ['ARGS:text'], path: '/editor' }],
  },
  { log: { access: true } },
);
for (const path of ['/', '/a', '/logged/a', '/free/a', '/editor', '/form']) {
  scene.on(path, async (request, answer) => {
    const body = await request.body();
    await answer.send(200, FRESH, body.length === 0 ? 'fine' : body);
  });
}

test('an attack in the query is refused with an id by which the log has it', async () => {
  const answer = await scene.get(`/?id=${ATTACK}`);
  assert.equal(answer.status, 403);
  const id = answer.get('x-request-id');
  assert.match(id ?? '', /\S/);
  assert.equal((JSON.parse(answer.text) as { request_id: string }).request_id, id);
  const event = await scene.event(() => true);
  assert.deepEqual(event, {
    ...{ worker: 1, event: 'waf', site: 'default', action: 'blocked', method: 'GET', request_id: id },
    ...{ client_ip: '127.0.0.1', host: 'site.test', path: '/', status: 403 },
    rule_ids: [942900, 949110],
    messages: ['SQL in arguments', 'Too many'],
    data: ["Matched Data: union select found within ARGS:id: 1' union select password", ''],
    scores: { inbound: 5, outbound: 0 },
  });
  assert.equal(scene.origin.requests.length, 0);
});

test('a browser is shown a page, others a problem document', async () => {
  const browser = await scene.get(`/?id=${ATTACK}`, [['Accept', 'text/html,*/*;q=0.8']]);
  assert.deepEqual([browser.status, browser.get('content-type')], [403, 'text/html; charset=utf-8']);
  assert.ok(browser.text.includes(`Request ${browser.get('x-request-id')}`), browser.text);
  assert.match(browser.get('content-security-policy') ?? '', /default-src 'none'/);
  const other = await scene.get(`/?id=${ATTACK}`, [['Accept', 'application/json, text/html;q=0.9']]);
  assert.equal(other.get('content-type'), 'application/problem+json');
  for (const answer of [browser, other]) {
    assert.deepEqual([answer.get('vary'), answer.get('cache-control')], ['Accept', 'no-store']);
  }
});

test('what is harmless passes, as does what is an attack where nobody looks', async () => {
  assert.equal((await scene.get('/?id=1')).status, 200);
  assert.equal((await scene.get(`/free/a?id=${ATTACK}`)).status, 200);
  assert.equal((await scene.get(`/free/../a?id=${ATTACK}`)).status, 403);
});

test('what is stored is not given to an attack', async () => {
  scene.on('/stored', counted(FRESH));
  await scene.get('/stored');
  const hit = await scene.get('/stored');
  assert.match(hit.get('cache-status') ?? '', /hit/);
  const attack = await scene.get('/stored', [['User-Agent', 'x union select y']]);
  assert.equal(attack.status, 403);
  assert.equal((await scene.get('/stored', [['Cookie', 'a=union select']])).status, 403);
});

test('rules of the first phase refuse before a body is read', async () => {
  const answer = await scene.get('/form', [['X-Early', 'attack']], { method: 'POST', body: 'a=b' });
  assert.equal(answer.status, 403);
});

test('bodies: forms, JSON, XML and parts', async () => {
  const form = 'application/x-www-form-urlencoded';
  const parts = (name: string, value: string) =>
    `--b\r\nContent-Disposition: form-data; name="f"; filename="${name}"\r\n\r\n${value}\r\n--b--\r\n`;
  const multipart = 'multipart/form-data; boundary=b';
  const cases: [type: string, harmless: string, attack: string][] = [
    [form, 'id=1', `id=${ATTACK}`],
    ['application/json', '{"a": {"b": ["1"]}}', '{"a": {"b": ["1 union select 2"]}}'],
    ['application/xml', '<a><b>1</b></a>', '<a><b>union select</b></a>'],
    [multipart, parts('a.png', 'x'), parts('a.php', 'x')],
  ];
  for (const [type, harmless, attack] of cases) {
    const passed = await post(scene, '/form', type, harmless);
    assert.deepEqual([passed.status, passed.text], [200, harmless], type);
    assert.equal((await post(scene, '/form', type, attack)).status, 403, type);
  }
  assert.equal((await post(scene, '/form', 'application/json', '{"a": ')).status, 400);
});

test('a body in chunks is looked at whole, however it is cut', async () => {
  const chunked = async (chunks: string[]) => {
    const client = await scene.open();
    const head = 'POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n';
    client.send(`${head}Transfer-Encoding: chunked\r\n\r\n`);
    for (const chunk of chunks) client.send(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    client.send('0\r\n\r\n');
    const answer = await client.response('POST');
    client.close();
    return answer;
  };
  assert.equal((await chunked(['id=1 uni', 'on sel', 'ect 2'])).status, 403);
  const passed = await chunked(['id', '=1']);
  assert.deepEqual([passed.status, passed.text], [200, 'id=1']);
});

test('a body beyond the limit is refused with 413, whether or not its length is told', async () => {
  const form = 'application/x-www-form-urlencoded';
  const declared = await post(scene, '/form', form, `id=${'x'.repeat(5000)}`);
  assert.equal(declared.status, 413);
  const client = await scene.open();
  client.send(`POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: ${form}\r\nTransfer-Encoding: chunked\r\n\r\n`);
  client.send(`1388\r\n${'x'.repeat(5000)}\r\n`);
  assert.equal((await client.response('POST')).status, 413);
  client.close();
  const exact = await post(scene, '/form', form, `id=${'x'.repeat(4093)}`);
  assert.equal(exact.status, 200);
});

test('where it only logs, all passes and is told', async () => {
  assert.equal((await scene.get(`/logged/a?id=${ATTACK}`)).status, 200);
  const would = await scene.event(({ path }) => path === '/logged/a');
  assert.deepEqual([would.action, would.rule_ids], ['would_block', [942900, 949110]]);
  const hinted = await scene.get('/?hint=odd');
  assert.equal(hinted.status, 200);
  const passed = await scene.event(({ action }) => action === 'passed');
  assert.deepEqual(passed.rule_ids, [942902]);
});

test('an exclusion holds for its target and path', async () => {
  assert.equal((await scene.get(`/editor?text=${ATTACK}`)).status, 200);
  assert.equal((await scene.get(`/editor?other=${ATTACK}`)).status, 403);
  assert.equal((await scene.get(`/?text=${ATTACK}`)).status, 403);
});

test('what was matched in secrets is not logged', async () => {
  const id = (await scene.get(`/?password=${ATTACK}`)).get('x-request-id');
  const event = await scene.event(({ request_id }) => request_id === id);
  assert.deepEqual(event.data, ['[redacted] ARGS:password', '']);
});

test('a request for another protocol is inspected', async () => {
  const fields = [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', '13'],
    ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ] as const;
  assert.equal((await scene.get(`/?id=${ATTACK}`, fields)).status, 403);
});

test('counters and the access log tell of it', async () => {
  const metrics = (await scene.lb.admin.fetch('GET', '/metrics')).text();
  assert.match(metrics, /lb_waf_requests_total\{site="default",action="blocked"\} [1-9]/);
  assert.match(metrics, /lb_waf_matches_total\{site="default",action="blocked",family="attack-sqli"\} [1-9]/);
  assert.match(metrics, /lb_waf_matches_total\{site="default",action="blocked",family="limit"\} 2/);
  const results = () => new Set(scene.lb.lines.map(({ waf }) => waf));
  for (const result of [undefined, 'passed', 'would_block', 'blocked'])
    await until(() => results().has(result), `a line with ${result}`);
});
