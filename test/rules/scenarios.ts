import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cacheStatus, counted, type Field, type Scene, startScene, validated } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';

const FRESH: Field = ['Cache-Control', 'max-age=600'];

const RULES = [
  { match: '/old/*/*', redirect: { to: '/new/{2}/{1}?{query}', status: 301 } },
  { match: '/away/*', redirect: { to: 'https://other.example{path}', status: 308 } },
  { match: '/slashes*', redirect: { to: '/{1}/end' } },
  { match: '/by-host', redirect: { to: '{scheme}://www.{host}/{header:x-part}' } },
  { match: '/healthz', respond: { body: 'fine\n', headers: { 'x-kind': 'probe', 'cache-control': 'no-store' } } },
  { match: '/empty', respond: { status: 204 } },
  { match: '/gone/*', methods: ['GET'], respond: { status: 410, body: 'ok' } },
  { match: '/app/*', rewrite: '/v2/{1}' },
  { match: '/both/*', rewrite: '/both-of-them?was={1}&{query}' },
  { match: '/tenant', rewrite: '/t/{header:x-tenant}/home' },
  { match: '/cookied', rewrite: '/lang/{cookie:lang}' },
  {
    match: ['/edited*', '/twin/*'],
    request_headers: {
      remove: ['x-secret'],
      set: { 'x-from': 'lb', accept: 'text/plain' },
      add: { 'x-list': ['a', 'b'] },
    },
    response_headers: {
      remove: ['server', 'x-powered-by'],
      set: { 'x-frame-options': 'DENY' },
      add: { 'set-cookie': 'a=1' },
    },
  },
  { match: '/personal', request_headers: { set: { 'x-lang': '{cookie:lang}' } } },
  { match: '/twin/a', rewrite: '/twin', request_headers: { set: { 'x-side': 'a' } } },
  { match: '/twin/b', rewrite: '/twin', request_headers: { set: { 'x-side': 'b' } } },
  {
    match: '/echo*',
    response_headers: { set: { 'x-echo': '<{header:x-in}>', 'x-method': '{method}', 'x-id': '{request_id}' } },
  },
  { match: '/hosted', hosts: ['*.site.test'], response_headers: { set: { 'x-hosted': 'yes' } } },
  { match: '/down', response_headers: { set: { 'x-down': '1' } } },
];

/** What rules do, over the transport that the environment leaves. `absolute`: whether it takes targets in absolute form. */
export function ruleScenarios(absolute: boolean): void {
  const closers: (() => void | Promise<void>)[] = [];
  let scene: Scene;

  before(async () => {
    scene = await startScene({ after: (run) => void closers.push(run) }, { rules: RULES });
  });
  after(async () => {
    for (const close of closers) await close();
  });

  test('redirects: captures, query, method, HEAD', async () => {
    const { origin } = scene;
    const before = origin.requests.length;
    const moved = await scene.get('/old/a/b?x=1&y');
    assert.deepEqual([moved.status, moved.get('location'), moved.get('content-length')], [301, '/new/b/a?x=1&y', '0']);
    assert.equal(cacheStatus(moved), 'lb; detail=rule');
    assert.equal((await scene.get('/old/a/b')).get('location'), '/new/b/a');
    // the first * stands for as little as it can
    assert.equal((await scene.get('/old/a/b/c')).get('location'), '/new/b/c/a');
    const posted = await scene.get('/away/x?q', [], { method: 'POST', body: 'abc' });
    assert.deepEqual([posted.status, posted.get('location')], [308, 'https://other.example/away/x']);
    const head = await scene.head('/old/a/b');
    assert.deepEqual([head.status, head.get('location')], [301, '/new/b/a']);
    assert.equal(origin.requests.length, before, 'no origin is asked');
  });

  test('a redirect leads nowhere else than it says', async () => {
    assert.equal((await scene.get('/slashes//evil.example')).get('location'), '/evil.example/end');
    assert.equal((await scene.get('/slashes/\\evil.example')).get('location'), '/%5Cevil.example/end');
    assert.equal(
      (await scene.get('/by-host', [['X-Part', '../a b?c#d']])).get('location'),
      'http://www.site.test/..%2Fa%20b%3Fc%23d',
    );
    assert.equal((await scene.get('/by-host', [['X-Part', '..']])).get('location'), 'http://www.site.test/');
  });

  test('simple answers: body, type, fields, methods, HEAD', async () => {
    const answer = await scene.get('/healthz');
    assert.deepEqual([answer.status, answer.text, answer.get('content-length')], [200, 'fine\n', '5']);
    assert.deepEqual([answer.get('content-type'), answer.get('x-kind')], ['text/plain; charset=utf-8', 'probe']);
    const head = await scene.head('/healthz');
    assert.deepEqual([head.status, head.text, head.get('content-length')], [200, '', '5']);
    const empty = await scene.get('/empty');
    assert.deepEqual([empty.status, empty.get('content-length'), empty.text], [204, undefined, '']);
    scene.on('/gone/x', counted([]));
    assert.equal((await scene.get('/gone/x')).status, 410);
    assert.equal((await scene.head('/gone/x')).status, 410, 'GET stands for HEAD');
    assert.equal(
      (await scene.get('/gone/x', [], { method: 'POST', body: '' })).status,
      200,
      'the rule is not for POST',
    );
  });

  test('answers without an origin on one connection, pipelined, bodies passed over', async () => {
    const client = await scene.open();
    const once = 'POST /empty HTTP/1.1\r\nHost: site.test\r\nContent-Length: 3\r\n\r\nabc';
    client.send(`${once}GET /healthz HTTP/1.1\r\nHost: site.test\r\n\r\n`);
    assert.equal((await client.response('POST')).status, 204);
    assert.equal((await client.response()).text, 'fine\n');
    client.send('GET /healthz HTTP/1.1\r\nHost: site.test\r\n\r\n'.repeat(2));
    assert.equal((await client.response()).status, 200);
    assert.equal((await client.response()).status, 200);
    client.close();
  });

  test('rewrites: what the origin is asked for is what is keyed', async () => {
    scene.on('/v2/page', counted([FRESH]));
    assert.equal((await scene.get('/app/page?x=1')).text, '1');
    assert.equal((await scene.get('/app/page?x=1')).text, '1');
    assert.equal((await scene.get('/v2/page?x=1')).text, '1', 'the same resource by its own name');
    assert.equal((await scene.get('/app/page?x=2')).text, '2');
    assert.deepEqual(
      scene.origin.requests.filter(({ target }) => target.startsWith('/v2/page')).map(({ target }) => target),
      ['/v2/page?x=1', '/v2/page?x=2'],
    );
    scene.on('/both-of-them', counted([FRESH]));
    await scene.get('/both/a?b=c');
    await scene.get('/both/a');
    assert.equal(scene.asked('/both-of-them?was=a&b=c').length, 1);
    assert.equal(scene.asked('/both-of-them?was=a&').length, 1);
  });

  test('rewrites by what clients send: each its own response, and no way out of the path', async () => {
    scene.on('/t/a/home', counted([FRESH]));
    scene.on('/t/b%2Fc%3Fd/home', counted([FRESH]));
    scene.on('/t//home', counted([FRESH]));
    await scene.get('/tenant', [['X-Tenant', 'a']]);
    assert.equal(cacheStatus(await scene.get('/tenant', [['X-Tenant', 'a']])), 'lb; hit');
    await scene.get('/tenant', [['X-Tenant', 'b/c?d']]);
    assert.equal((await scene.get('/tenant', [['X-Tenant', 'b/../c']])).status, 400);
    await scene.get('/tenant', [['X-Tenant', '..']]);
    assert.equal(scene.asked('/t/a/home').length, 1);
    assert.equal(scene.asked('/t/b%2Fc%3Fd/home').length, 1);
    assert.equal(scene.asked('/t//home').length, 1);
    scene.on('/lang/de', counted([FRESH]));
    assert.equal((await scene.get('/cookied', [['Cookie', 'x=1; lang=de']])).status, 200);
    for (const path of [
      '/app/../admin',
      '/app/%2e%2E/admin',
      '/app/a/..',
      '/app/..%2fadmin',
      '/app/./x',
      '/app/..;/x',
    ]) {
      assert.equal((await scene.get(path)).status, 400, path);
    }
  });

  test('request fields: removed, set and added, on fills and on what is passed on', async () => {
    scene.on('/edited', counted([FRESH]));
    const fields: Field[] = [
      ['X-Secret', 's'],
      ['X-From', 'me'],
      ['X-From', 'them'],
      ['Connection', 'x-from, x-list'],
      ['Accept', '*/*'],
    ];
    await scene.get('/edited', fields);
    await scene.get('/edited', fields, { method: 'POST', body: 'x' });
    const asked = scene.asked('/edited');
    assert.deepEqual(
      asked.map(({ method }) => method),
      ['GET', 'POST'],
    );
    for (const request of asked) {
      assert.deepEqual(
        [request.all('x-secret'), request.all('x-from'), request.all('accept')],
        [[], ['lb'], ['text/plain']],
      );
      assert.deepEqual(request.all('x-list'), ['a', 'b']);
    }
  });

  test('a value that differs between clients is keyed', async () => {
    scene.on('/personal', (request, answer) => answer.send(200, [FRESH], `for ${request.get('x-lang') ?? 'nobody'}`));
    const get = (lang?: string) =>
      scene.get('/personal', lang === undefined ? [] : [['Cookie', `lang=${lang}; id=${Math.random()}`]]);
    assert.equal((await get('de')).text, 'for de');
    assert.equal((await get('en')).text, 'for en');
    assert.equal((await get()).text, 'for nobody');
    const again = await get('de');
    assert.deepEqual([again.text, cacheStatus(again)], ['for de', 'lb; hit']);
    // what the client sends itself under that name neither counts nor goes on
    const forged = await scene.get('/personal', [['X-Lang', 'fr']]);
    assert.deepEqual([forged.text, cacheStatus(forged)], ['for nobody', 'lb; hit']);
  });

  test('rules that lead two paths to one target with other fields keep them apart', async () => {
    scene.on('/twin', (request, answer) => answer.send(200, [FRESH], request.get('x-side') ?? 'none'));
    for (const side of ['a', 'b', 'a', 'b']) assert.equal((await scene.get(`/twin/${side}`)).text, side);
    assert.equal((await scene.get('/twin')).text, 'none');
    assert.equal(scene.asked('/twin').length, 3);
  });

  test('response fields: of a miss, a hit, a 304, a part, and what is passed on', async () => {
    const own: Field[] = [
      FRESH,
      ['Server', 'x'],
      ['X-Powered-By', 'y'],
      ['X-Frame-Options', 'ALLOW'],
      ['Set-Cookie', 'b=2'],
    ];
    scene.on('/edited-all', validated([FRESH, ['Server', 'x'], ['X-Powered-By', 'y'], ['X-Frame-Options', 'ALLOW']]));
    scene.on('/edited-private', counted([['Cache-Control', 'no-store'], ...own.slice(1)]));
    const check = (response: Awaited<ReturnType<Scene['get']>>, cookies: string[]) => {
      assert.equal(response.get('x-frame-options'), 'DENY');
      assert.deepEqual([response.get('server'), response.get('x-powered-by')], [undefined, undefined]);
      assert.deepEqual(response.all('set-cookie'), cookies);
    };
    for (let i = 0; i < 3; i++) check(await scene.get('/edited-all'), ['a=1']);
    const part = await scene.get('/edited-all', [['Range', 'bytes=0-0']]);
    assert.deepEqual([part.status, part.get('content-range')], [206, 'bytes 0-0/1']);
    check(part, ['a=1']);
    const none = await scene.get('/edited-all', [['Range', 'bytes=9-']]);
    assert.deepEqual([none.status, none.get('content-range')], [416, 'bytes */1']);
    assert.equal(none.get('x-frame-options'), 'DENY');
    const unchanged = await scene.get('/edited-all', [['If-None-Match', '"v"']]);
    assert.equal(unchanged.status, 304);
    check(unchanged, ['a=1']);
    check(await scene.head('/edited-all'), ['a=1']);
    check(await scene.get('/edited-private'), ['b=2', 'a=1']);
    assert.equal(scene.asked('/edited-all').length, 1);
  });

  test('variables in response fields are of each request, and cannot split a head', async () => {
    scene.on('/echo', counted([FRESH]));
    const get = (text: string, method = 'GET') => scene.get('/echo', [['X-In', text]], { method });
    assert.equal((await get('a')).get('x-echo'), '<a>');
    const second = await get('b');
    assert.deepEqual([second.get('x-echo'), cacheStatus(second), second.get('x-method')], ['<b>', 'lb; hit', 'GET']);
    assert.notEqual(second.get('x-id'), (await get('c')).get('x-id'));
    assert.equal((await get('d', 'HEAD')).get('x-method'), 'HEAD');
    for (const text of ['a\x01b\x7fc', 'tab\tin', '\xe9']) {
      const response = await get(text);
      if (response.status !== 200) continue; // refused by the transport
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(response.get('x-echo') ?? '', /[\x00-\x08\x0a-\x1f\x7f]/);
    }
  });

  test('rules of a host, and problems of lb', async () => {
    scene.on('/hosted', counted([FRESH]));
    assert.equal((await scene.get('/hosted')).get('x-hosted'), undefined);
    assert.equal((await scene.get('/hosted', [['Host', 'a.site.test']])).get('x-hosted'), 'yes');
    scene.on('/down', (_request, answer) => answer.raw('nonsense\r\n\r\n'));
    const down = await scene.get('/down');
    assert.deepEqual(
      [down.status, down.get('x-down'), down.get('content-type')],
      [502, '1', 'application/problem+json'],
    );
  });

  test('a purge by URL finds what a rewrite has stored under another', async () => {
    scene.on('/v2/purged', counted([FRESH]));
    assert.equal((await scene.get('/app/purged')).text, '1');
    const purged = await fetch(`http://127.0.0.1:${scene.lb.admin.port}/cache/app/purged`, { method: 'DELETE' });
    assert.equal(purged.status, 200, await purged.text());
    assert.equal((await scene.get('/app/purged')).text, '2');
  });

  test('response fields of what goes out in pieces, of several ranges, and of what is for one client alone', async () => {
    const body = 'x'.repeat(300_000);
    scene.on('/edited-large', (_request, answer) => answer.send(200, [FRESH, ['Server', 'x']], body));
    for (let i = 0; i < 3; i++) {
      const response = await scene.get('/edited-large');
      assert.equal(response.body.length, body.length);
      assert.deepEqual([response.get('x-frame-options'), response.get('server')], ['DENY', undefined]);
    }
    const several = await scene.get('/edited-large', [['Range', 'bytes=0-0,9-9']]);
    assert.match(several.get('content-type') ?? '', /^multipart\/byteranges/);
    assert.deepEqual([several.status, several.get('x-frame-options'), several.get('server')], [206, 'DENY', undefined]);
    scene.on(
      '/edited-own',
      counted([
        ['Cache-Control', 'max-age=600, private="x-powered-by"'],
        ['X-Powered-By', 'y'],
      ]),
    );
    for (let i = 0; i < 2; i++) {
      const own = await scene.get('/edited-own');
      assert.deepEqual([own.get('x-powered-by'), own.get('x-frame-options'), own.text], [undefined, 'DENY', '1']);
    }
  });

  test('followers of one fill get the changes too, each its own', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    scene.on('/echo-slow', async (_request, answer) => {
      await gate;
      await answer.send(200, [FRESH], 'slow');
    });
    const asked = ['a', 'b', 'c'].map((text) => scene.get('/echo-slow', [['X-In', text]]));
    await until(() => scene.asked('/echo-slow').length === 1, 'the origin to be asked');
    release();
    const answers = await Promise.all(asked);
    assert.deepEqual(
      answers.map((answer) => answer.get('x-echo')),
      ['<a>', '<b>', '<c>'],
    );
    assert.equal(scene.asked('/echo-slow').length, 1);
  });

  if (!absolute) return;

  test('a target in absolute form is one path as any other', async () => {
    const client = await scene.open();
    client.send('GET http://site.test/old/a/b HTTP/1.1\r\nHost: site.test\r\n\r\n');
    assert.equal((await client.response()).get('location'), '/new/b/a');
    client.send('GET http://site.test/healthz HTTP/1.1\r\nHost: site.test\r\n\r\n');
    assert.equal((await client.response()).text, 'fine\n');
    client.close();
  });
}
