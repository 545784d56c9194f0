// The key holds exactly what is forwarded: whatever two origins could read differently has a page of its own.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, type Handler, startScene } from '../caching/scene.ts';
import { openClient } from '../support/client.ts';
import { checkStillCached, FRESH, HIT, isFromOrigin, mirror, newPath } from './attack.ts';

const scene = await startScene({ after });
const echo: Handler = (request, answer) => answer.send(200, [FRESH], `${request.get('host')}${request.target}`);
for (const path of ['/empty', '/f', '/f%23ok', '/host', '/abs']) scene.on(path, echo);

/** That each target is forwarded as it is and gets an answer of its own, also once all are stored. */
async function checkApart(targets: readonly string[], fields: readonly Field[] = []): Promise<void> {
  for (const target of targets) scene.on(target.split('?')[0], echo);
  for (const round of ['stored', 'hit']) {
    for (const target of targets) {
      const response = await scene.get(target, fields);
      assert.deepEqual([response.status, response.text], [200, `site.test${target}`], `${round}: ${target}`);
      assert.equal(response.get('cache-status') === HIT, round === 'hit', `${round}: ${target}`);
    }
  }
}

test('paths that some servers take for the same are not', () =>
  checkApart([
    '/static/account',
    '/static/..%2faccount',
    '/static/..%2Faccount',
    '/static/%2e%2e/account',
    '/static/../account',
    '/static/./account',
    '/static//account',
    '//static/account',
    '/static/..;/account',
    '/static/..%5caccount',
    '/static/..\\account',
    '/%2fstatic/account',
    '/static%2faccount',
    '/STATIC/account',
    '/static/account/',
    '/static/account%20',
    '/static/account%00',
    '/static/%61ccount',
    '/static/%2561ccount',
    '/static/account%3f',
    '/static/account%23',
    '/static/account;',
    '/static/account;a=1',
  ]));

test('endings that hide a page behind a file name have a key of their own', () =>
  checkApart([
    '/account',
    '/account/x.css',
    '/account%2fx.css',
    '/account;x.css',
    '/account%3bx.css',
    '/account%00.css',
    '/account%0a.css',
    '/account%0d%0a.css',
    '/account%09.css',
    '/account%23.css',
    '/account%3f.css',
    '/account?.css',
    '/account?x.css',
    '/account,x.css',
    '/account$x.css',
    '/account!x.css',
    '/account/%2e%2e/x.css',
    '/account.css',
    '/account.CSS',
  ]));

test('queries are told apart byte by byte, whatever separates their parameters for others', () =>
  checkApart([
    '/q?a=1',
    '/q?a=1&a=2',
    '/q?a=2&a=1',
    '/q?a=1;a=2',
    '/q?a=1;b=2',
    '/q?a=1&b=2',
    '/q?b=2&a=1',
    '/q?a=1&',
    '/q?&a=1',
    '/q?a=1&&b=2',
    '/q?a=1%26b=2',
    '/q?a=1%3bb=2',
    '/q?A=1',
    '/q?%61=1',
    '/q?a[]=1',
    '/q?a[0]=1',
    '/q?a=+',
    '/q?a=%20',
    '/q?a',
    '/q?a=',
    '/q??a=1',
    '/q?utm_source=1',
    '/q?utm_source=1;a=evil',
    '/q?a=1&utm_source=1?a=evil',
    '/q?_method=DELETE',
    '/q?callback=evil',
  ]));

test('a target without question mark and one with an empty query are the same, to the origin as well', async () => {
  assert.equal((await scene.get('/empty?')).text, 'site.test/empty');
  assert.equal((await scene.get('/empty')).get('cache-status'), HIT);
});

test('a fragment never gets into a target', async () => {
  for (const target of ['/f#evil', '/f?a=1#evil', '/f%23ok']) {
    const response = await scene.get(target);
    assert.equal(response.status, target.includes('#') ? 400 : 200, target);
  }
  await checkStillCached(scene, '/f');
});

test('a host counts with its port, and every spelling of it reaches the origin as one', async () => {
  const spellings = ['shop.test', 'SHOP.test', 'shop.test.', 'shop.test:80', 'shop.test:', 'shop.test.:80'];
  for (const host of spellings) {
    const response = await scene.get('/host', [['Host', host]]);
    assert.equal(response.text, 'shop.test/host', host);
    assert.equal(isFromOrigin(response), host === spellings[0], host);
  }
  for (const host of ['shop.test:81', 'shop.test:443', 'shop.test.:8080', 'www.shop.test', 'shop.test.evil.test']) {
    const response = await scene.get('/host', [['Host', host]]);
    assert.equal(response.text, `${host.replace('.:', ':')}/host`);
    assert.ok(isFromOrigin(response), host);
  }
});

test('a host that two servers could read differently is refused, and nothing is stored for it', async () => {
  for (const host of [
    'shop.test:80:81',
    'shop.test@evil.test',
    'shop.test/x',
    'shop.test?x',
    'shop.test#x',
    'shop.test:1e2',
    'shop.test:+80',
    'shop.test:99999',
    'shop.test evil.test',
    'shop.test,evil.test',
    'shop..test',
    'shop.test..',
    'shop.test%2eevil',
    '[::1',
    '',
  ]) {
    const before = scene.origin.requests.length;
    assert.equal((await scene.get('/host', [['Host', host]])).status, 400, host);
    assert.equal(scene.origin.requests.length, before, host);
  }
});

test('the absolute form leads to no page but that of its own host', async () => {
  for (const start of ['GET http://evil.test/abs', 'GET https://site.test/abs', 'GET http://evil.test@site.test/abs']) {
    const client = await openClient({ after }, scene.lb.port);
    client.send(`${start} HTTP/1.1\r\nHost: site.test\r\n\r\n`);
    const response = await client.response().catch(() => undefined);
    assert.ok(response === undefined || response.status >= 400, `${start}: ${response?.text}`);
  }
  const client = await openClient({ after }, scene.lb.port);
  client.send('GET http://site.test/abs HTTP/1.1\r\nHost: site.test\r\n\r\n');
  const response = await client.response().catch(() => undefined);
  assert.ok(response === undefined || response.status >= 400 || response.text === 'site.test/abs');
  assert.equal((await scene.get('/abs')).text, 'site.test/abs');
});

test('the body of a GET reaches no stored page', async () => {
  const path = newPath();
  scene.on(path, async (request, answer) => answer.send(200, [FRESH], `body ${String(await request.body())}`));
  const form: Field = ['Content-Type', 'application/x-www-form-urlencoded'];
  for (const method of ['GET', 'HEAD']) {
    await scene.get(path, [form, ['X-HTTP-Method-Override', 'POST']], { method, body: 'a=evil' });
    await scene.get(path, [form, ['Transfer-Encoding', 'chunked'], ['Content-Length', '6']], {
      method,
      body: 'a=evil',
    });
    const client = await openClient({ after }, scene.lb.port);
    client.send(
      `${method} ${path} HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n`,
    );
    await client.response(method);
  }
  assert.equal((await scene.get(path)).text, 'body ');
  await checkStillCached(scene, path);
  const fat = await scene.get(path, [], { body: 'mine' });
  assert.equal(fat.text, 'body mine', 'and is not answered with one');
  assert.equal((await scene.get(path)).text, 'body ');
});

test('a body of no bytes is none', async () => {
  const path = newPath();
  mirror(scene, path);
  await scene.get(path);
  for (const fields of [[['Content-Length', '0']]] as Field[][])
    assert.doesNotMatch((await scene.get(path, fields)).text, /content-length|transfer-encoding/);
});

test('methods other than GET and HEAD neither read nor write stored pages', async () => {
  const path = newPath();
  scene.on(path, (request, answer) => answer.send(200, [FRESH], request.method));
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    assert.equal((await scene.get(path, [], { method })).text, method);
    assert.equal((await scene.get(path)).text, 'GET', `after ${method}`);
    assert.equal((await scene.get(path, [], { method })).text, method);
  }
});

test('methods by which caches are administered elsewhere are the origin’s to answer, and take nothing away', async () => {
  const path = newPath();
  scene.on(path, (request, answer) => answer.send(request.method === 'GET' ? 200 : 405, [FRESH], 'stored'));
  await scene.get(path);
  for (const method of ['PURGE', 'BAN', 'REFRESH', 'INVALIDATE', 'TRACE', 'DEBUG', 'get', 'GETX']) {
    const response = await scene.get(path, [], { method });
    assert.ok(response.status >= 400, `${method}: ${response.status}`);
    assert.equal((await scene.get(path)).get('cache-status'), HIT, method);
  }
});
