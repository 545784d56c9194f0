// Fields that no cache key holds: whatever they say, the next visitor's page is the same.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';
import { afterAttack, checkStillCached, FRESH, getFrom, HIT, mirror, newPath } from './attack.ts';

const scene = await startScene({ after });

const LIES: Field[] = [
  ['X-Forwarded-Host', 'evil.test'],
  ['X-Forwarded-Server', 'evil.test'],
  ['X-Forwarded-Scheme', 'evil'],
  ['X-Forwarded-Proto', 'evil'],
  ['X-Forwarded-Port', 'evil'],
  ['X-Forwarded-Prefix', '/evil'],
  ['X-Forwarded-Path', '/evil'],
  ['X-Forwarded-Uri', '/evil'],
  ['X-Forwarded-SSL', 'evil'],
  ['X-Forwarded-For', 'evil'],
  ['Forwarded', 'host=evil.test'],
  ['X-Host', 'evil.test'],
  ['X-Original-Host', 'evil.test'],
  ['X-Original-URL', '/evil'],
  ['X-Original-URI', '/evil'],
  ['X-Rewrite-URL', '/evil'],
  ['X-Real-IP', 'evil'],
  ['True-Client-IP', 'evil'],
  ['X-Client-IP', 'evil'],
  ['Client-IP', 'evil'],
  ['X-HTTP-Method-Override', 'EVIL'],
  ['X-HTTP-Method', 'EVIL'],
  ['X-Method-Override', 'EVIL'],
  // CGI, WSGI and PHP give a program both spellings as HTTP_X_FORWARDED_HOST
  ['X_Forwarded_Host', 'evil.test'],
  ['X.Forwarded.Host', 'evil.test'],
  ['X_Original_URL', '/evil'],
  ['X_HTTP_Method_Override', 'EVIL'],
  ['X_Real_IP', 'evil'],
  // httpoxy: HTTP_PROXY of a CGI program
  ['Proxy', 'http://evil.test'],
  ['X-Forwarded-Protocol', 'evil'],
  ['X-Forwarded', 'evil'],
  ['X-Forwarded-By', 'evil'],
  ['X-Forwarded-Method', 'EVIL'],
  ['Forwarded-For', 'evil'],
  ['X-HTTP-Host-Override', 'evil.test'],
  ['X-Backend-Host', 'evil.test'],
  ['X-URL-Scheme', 'evil'],
  ['Front-End-Https', 'evil'],
  ['X-Original-Method', 'EVIL'],
  ['X-Original-Scheme', 'evil'],
  ['X-Envoy-Original-Path', '/evil'],
  ['X-Envoy-External-Address', 'evil'],
  ['X-HTTP-DestinationURL', 'http://evil.test'],
  ['X-Proxy-URL', 'http://evil.test'],
  ['Proxy-Host', 'evil.test'],
  ['Base-Url', 'http://evil.test'],
  ['Request-Uri', '/evil'],
  ['X-ProxyUser-IP', 'evil'],
  ['X-Remote-IP', 'evil'],
  ['X-Remote-Addr', 'evil'],
  ['X-Originating-IP', 'evil'],
  ['CF-Connecting-IP', 'evil'],
  ['Fastly-Client-IP', 'evil'],
  ['Proxy-Authorization', 'Basic evil'],
  ['Upgrade', 'evil'],
  ['HTTP2-Settings', 'evil'],
  ['TE', 'evil'],
  ['If-None-Match', '"evil"'],
  ['If-Match', '"evil"'],
  ['If-Modified-Since', 'evil'],
  ['Range', 'bytes=0-0, evil'],
  ['If-Range', '"evil"'],
];

for (const [name, value] of LIES) {
  test(`${name} changes no stored page`, async () => {
    const path = newPath();
    mirror(scene, path);
    assert.doesNotMatch((await afterAttack(scene, path, [[name, value]])).text, /evil/i);
    await checkStillCached(scene, path);
  });
}

test('the names of such fields count in any case and in several lines', async () => {
  const path = newPath();
  mirror(scene, path);
  const lies: Field[] = [
    ['x-forwarded-HOST', 'evil.test'],
    ['X-FORWARDED-HOST', 'evil.test'],
    ['x-Original-url', '/evil'],
  ];
  assert.doesNotMatch((await afterAttack(scene, path, lies)).text, /evil/i);
});

test('lb tells the origin what holds for every visitor of the page', async () => {
  const path = newPath();
  mirror(scene, path);
  await scene.get(path, [
    ['Host', 'Shop.Test:8080'],
    ['X-Forwarded-Host', 'evil.test'],
    ['X-Forwarded-Proto', 'https'],
  ]);
  const [asked] = scene.asked(path);
  assert.equal(asked.get('host'), 'shop.test:8080');
  assert.equal(asked.get('x-forwarded-host'), 'shop.test:8080');
  assert.equal(asked.get('x-forwarded-proto'), 'http');
});

test('fields that Connection nominates never take lb’s own from the request', async () => {
  const path = newPath();
  mirror(scene, path);
  await scene.get(path, [
    ['Connection', 'close, X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto, Host, Via, CDN-Loop, Cookie, Accept'],
    ['Cookie', 'a=1'],
    ['Accept', 'text/html'],
  ]);
  const [asked] = scene.asked(path);
  for (const name of ['host', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'via', 'cdn-loop', 'cookie'])
    assert.notEqual(asked.get(name), undefined, name);
  assert.equal(asked.get('accept'), 'text/html');
});

test('a field that Connection takes from the request selects no variant', async () => {
  const path = newPath();
  scene.on(path, (request, answer) =>
    answer.send(200, [FRESH, ['Vary', 'X-Device']], `for ${request.get('x-device') ?? 'anything'}`),
  );
  await scene.get(path);
  await scene.get(path, [
    ['X-Device', 'phone'],
    ['Connection', 'X-Device'],
  ]);
  assert.equal((await scene.get(path, [['X-Device', 'phone']])).text, 'for phone');
});

test('a page that varies by a field that lb writes goes to nobody whose field differs', async (t) => {
  const path = newPath();
  scene.on(path, (request, answer) =>
    answer.send(200, [FRESH, ['Vary', 'X-Forwarded-For']], `for ${request.get('x-forwarded-for')}`),
  );
  for (const address of ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.2']) {
    assert.equal((await getFrom(t, address, scene.lb.port, path)).text, `for ${address}`);
  }
});

test('a page that varies by the id of the request is no one else’s', async () => {
  for (const name of ['X-Request-Id', 'Traceparent']) {
    const path = newPath();
    scene.on(path, (request, answer) => answer.send(200, [FRESH, ['Vary', name]], `${request.get(name)}`));
    const first = await scene.get(path);
    const second = await scene.get(path);
    assert.notEqual(second.text, first.text, name);
    assert.notEqual(second.get('cache-status'), HIT, name);
  }
});

test('a page that varies by a field which lb drops is the same for all that send one', async () => {
  const path = newPath();
  mirror(scene, path, [FRESH, ['Vary', 'X-Forwarded-Host, X-Original-URL']]);
  for (const host of ['evil.test', 'worse.test']) {
    const response = await scene.get(path, [
      ['X-Forwarded-Host', host],
      ['X-Original-URL', '/evil'],
    ]);
    assert.doesNotMatch(response.text, /evil|worse/);
  }
  assert.doesNotMatch((await scene.get(path)).text, /evil|worse/);
});

test('cookies are the origin’s to declare: by Vary each has its own page', async () => {
  const path = newPath();
  scene.on(path, (request, answer) =>
    answer.send(200, [FRESH, ['Vary', 'Cookie']], `cookie ${request.get('cookie') ?? 'none'}`),
  );
  const ask = async (cookie?: string) => (await scene.get(path, cookie === undefined ? [] : [['Cookie', cookie]])).text;
  for (let round = 0; round < 2; round++) {
    assert.equal(await ask('theme=<script>'), 'cookie theme=<script>');
    assert.equal(await ask('theme=dark'), 'cookie theme=dark');
    assert.equal(await ask('theme=dark, a'), 'cookie theme=dark, a');
    assert.equal(await ask('theme=dark,a'), 'cookie theme=dark,a');
    assert.equal(await ask(), 'cookie none');
  }
});

test('Accept-Encoding reaches the origin as one of few values, and a coded page goes only to who reads it', async () => {
  const path = newPath();
  scene.on(path, (request, answer) => {
    const accepted = request.get('accept-encoding') ?? '';
    const coding = ['br', 'gzip', 'evil'].find((name) => accepted.includes(name));
    return answer.send(200, coding === undefined ? [FRESH] : [FRESH, ['Content-Encoding', coding]], `${coding}`);
  });
  const ask = async (value: string) => (await scene.get(path, [['Accept-Encoding', value]])).text;
  assert.equal(await ask('gzip, evil'), 'gzip');
  assert.equal(await ask('br;q=1.0, evil;q=0.9'), 'br');
  assert.equal(await ask('evil'), 'undefined');
  assert.equal(await ask('identity'), 'undefined');
  assert.equal((await scene.get(path)).text, 'undefined');
});

test('Accept-Language selects by Vary, and a lie in it stays with the liar', async () => {
  const path = newPath();
  scene.on(path, (request, answer) =>
    answer.send(200, [FRESH, ['Vary', 'Accept-Language']], `${request.get('accept-language')}`),
  );
  const ask = async (language: string) => (await scene.get(path, [['Accept-Language', language]])).text;
  for (let round = 0; round < 2; round++) {
    assert.equal(await ask('en'), 'en');
    assert.equal(await ask('en"><script>'), 'en"><script>');
    assert.equal(await ask('de'), 'de');
    assert.equal(await ask('en;q=evil'), 'en;q=evil');
  }
});

test('a spelling of a selecting field that an origin may take for it never changes another variant', async () => {
  for (const [field, spelling] of [
    ['X-Device', 'X_Device'],
    ['Accept-Language', 'Accept_Language'],
    ['User-Agent', 'User.Agent'],
  ]) {
    const path = newPath();
    mirror(scene, path, [FRESH, ['Vary', field]]);
    assert.doesNotMatch((await afterAttack(scene, path, [[spelling, 'evil']])).text, /evil/, spelling);
  }
});

test('fields of an application’s own go on as they are written', async () => {
  const path = newPath();
  mirror(scene, path);
  assert.match((await scene.get(path, [['api_key', 'abc']])).text, /^api_key: abc$/m);
});
