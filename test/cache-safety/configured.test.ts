// What configuration adds to a key or leaves out of it, and what it lets into the cache: no more than that.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';
import { FRESH, HIT, isFromOrigin, mirror, newPath, told } from './attack.ts';

const scene = await startScene(
  { after },
  {
    cache: {
      max_variants: 4,
      tracked: { match: '/tracked/*', key: { query_exclude: [':tracking'] } },
      listed: { match: '/listed/*', key: { query_include: ['q'] } },
      cookies: { match: '/cookies/*', key: { cookies: ['lang'] } },
      posts: { match: '/posts/*', methods: ['POST'], body_limit: '1KB' },
      shared: { match: '/shared/*', store_set_cookie: true },
    },
  },
);

test('a parameter that is not keyed does not reach the origin, however it hides', async () => {
  const hidden = [
    'utm_source=evil',
    'utm_source=evil;q=1',
    'utm_source=evil?q=1',
    'utm_source=evil#q=1',
    'gclid=evil&utm_medium=evil&fbclid=evil',
    'utm_source[]=evil',
    'utm_source%5B%5D=evil',
    '&&utm_source=evil&&',
    'utm_source',
  ];
  for (const [i, parameter] of hidden.entries()) {
    const path = `/tracked/${i}`;
    mirror(scene, path);
    await scene.get(`${path}?${parameter}`);
    const page = await scene.get(path);
    assert.doesNotMatch(page.text, /evil/, parameter);
  }
});

test('a parameter that another reader would take for a dropped one is keyed as it is forwarded', async () => {
  for (const [rule, query] of [
    ['tracked', 'q=1;utm_source=evil'],
    ['tracked', 'UTM_SOURCE=evil'],
    ['listed', 'q=1;z=evil'],
    ['listed', 'q=1&q=evil'],
    ['listed', 'q=evil&q=1'],
  ]) {
    const path = `/${rule}${newPath()}`;
    mirror(scene, path);
    await scene.get(`${path}?${query}`);
    for (const plain of [`${path}?q=1`, path]) assert.doesNotMatch((await scene.get(plain)).text, /evil/, query);
  }
});

test('the origin gets no cookie that is not keyed', async () => {
  const path = `/cookies${newPath()}`;
  mirror(scene, path);
  for (const cookie of ['session=evil', 'lang=de; session=evil', 'session=evil; lang=de', 'session="evil; lang=de"']) {
    await scene.get(path, [['Cookie', cookie]]);
  }
  for (const cookie of ['lang=de', 'lang=en', ''])
    assert.doesNotMatch((await scene.get(path, [['Cookie', cookie]])).text, /session/);
  assert.doesNotMatch((await scene.get(path)).text, /session/);
});

test('answers to POST are told apart by body and its type, and from those to GET', async () => {
  const path = `/posts${newPath()}`;
  scene.on(path, async (request, answer) =>
    answer.send(200, [FRESH], `${request.method} ${request.get('content-type')} ${String(await request.body())}`),
  );
  const asks: [string, string | undefined, string][] = [
    ['POST', 'a=1', 'application/json'],
    ['POST', 'a=2', 'application/json'],
    ['POST', 'a=1', 'text/plain'],
    ['POST', 'a=1&', 'application/json'],
    ['POST', '', 'application/json'],
    ['GET', undefined, 'application/json'],
  ];
  for (let round = 0; round < 2; round++) {
    for (const [method, body, type] of asks) {
      const response = await scene.get(path, [['Content-Type', type]], { method, body });
      if (method === 'POST') assert.equal(response.text, `POST ${type} ${body}`);
      else assert.match(response.text, /^GET/);
    }
  }
  const fat = await scene.get(path, [], { body: 'a=1' });
  assert.match(fat.text, /^GET/);
  const large = 'x'.repeat(2000);
  for (let i = 0; i < 2; i++) {
    const response = await scene.get(path, [], { method: 'POST', body: large });
    assert.ok(isFromOrigin(response) && response.text.endsWith(large));
  }
});

test('answers to POST with Authorization or a cookie to set are no one else’s', async () => {
  for (const [fields, answered] of [
    [[['Authorization', 'Bearer a']], [FRESH]],
    [[], [FRESH, ['Set-Cookie', 'session=1']]],
    [[], [['Cache-Control', 'private, max-age=60']]],
  ] as [Field[], Field[]][]) {
    const path = `/posts${newPath()}`;
    let count = 0;
    scene.on(path, (_request, answer) => answer.send(200, answered, String(++count)));
    await scene.get(path, fields, { method: 'POST', body: 'same' });
    assert.equal((await scene.get(path, [], { method: 'POST', body: 'same' })).text, '2');
  }
});

test('a cookie to set comes from the cache where that is configured, and nowhere else', async () => {
  const shared = `/shared${newPath()}`;
  const other = newPath();
  for (const path of [shared, other])
    scene.on(path, (_request, answer) => answer.send(200, [FRESH, ['Set-Cookie', 'banner=1']], 'page'));
  for (const path of [shared, other]) await scene.get(path);
  const configured = await scene.get(shared);
  assert.deepEqual([configured.get('cache-status'), configured.get('set-cookie')], [HIT, 'banner=1']);
  assert.ok(isFromOrigin(await scene.get(other)));
});

test('variants beyond the limit are passed on and not stored, right for everyone', async () => {
  const path = newPath();
  scene.on(path, (request, answer) =>
    answer.send(200, [FRESH, ['Vary', 'User-Agent']], `for ${request.get('user-agent')}`),
  );
  let hits = 0;
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 40; i++) {
      const response = await scene.get(path, [['User-Agent', `agent ${i}`]]);
      assert.equal(response.text, `for agent ${i}`);
      if (response.get('cache-status') === HIT) hits++;
    }
  }
  assert.ok(hits > 0 && hits <= 4, `${hits} variants were stored`);
});

test('the limit is one of each resource, and begins anew when the page is purged', async () => {
  const [full, other] = [newPath(), newPath()];
  for (const path of [full, other])
    scene.on(path, (request, answer) => answer.send(200, [FRESH, ['Vary', 'X-A']], `${request.get('x-a')}`));
  const isStored = async (path: string, a: string) => {
    await scene.get(path, [['X-A', a]]);
    return (await scene.get(path, [['X-A', a]])).get('cache-status') === HIT;
  };
  for (let i = 0; i < 10; i++) await isStored(full, String(i));
  assert.equal(await isStored(full, 'new'), false);
  assert.equal(await isStored(other, 'new'), true);
  await scene.lb.admin.fetch('DELETE', `/cache${full}?host=site.test`);
  assert.equal(await isStored(full, 'new'), true);
});

for (const field of [
  ['X-HTTP-Method-Override', 'EVIL'],
  ['X-HTTP-Method', 'EVIL'],
  ['X-Method-Override', 'EVIL'],
  ['X_HTTP_Method_Override', 'EVIL'],
  ['X-Forwarded-Host', 'evil.test'],
  ['X-Original-URL', '/evil'],
  ['Content-Encoding', 'evil'],
  ['Transfer-Encoding', 'evil'],
  ['If-Match', '"evil"'],
  ['If-None-Match', '"evil"'],
  ['Range', 'bytes=0-0, evil'],
  ['Expect', 'evil'],
] as Field[]) {
  test(`${field[0]} changes no stored answer to POST`, async () => {
    const path = `/posts${newPath()}`;
    scene.on(path, (request, answer) => answer.send(200, [FRESH], told(request)));
    const post = (fields: readonly Field[]) => scene.get(path, fields, { method: 'POST', body: 'a=1' });
    await post([field]);
    assert.doesNotMatch((await post([])).text, /evil/i);
  });
}
