// Cache keys by configuration: what tells requests apart is all that the origin is asked with.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Client, requestText } from '../support/client.ts';
import { countryDatabase } from '../support/mmdb.ts';
import { cacheStatus, counted, type Field, type Handler, type Scene, startScene } from './scene.ts';

const FRESH: Field[] = [['Cache-Control', 'max-age=60']];
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148';

const scene = await startScene(
  { after },
  {
    cache: {
      key: { query_exclude: [':tracking'], query_sort: true },
      page: { match: '/page/*', key: { query_include: ['q', 'f_*'], query_exclude: [], query_sort: false } },
      assets: { match: '/assets/*', key: { query_include: [], cookies: [] } },
      lang: { match: '/lang/*', key: { cookies: ['lang'] } },
      tenant: { match: '/tenant/*', key: { headers: ['X-Tenant', 'Accept-Language'] } },
      device: { match: '/device/*', key: { device: true } },
      refreshed: { match: '/refreshed/*', ttl: 0, stale_while_revalidate: 60, methods: ['POST'] },
      graphql: { match: '/graphql*', ttl: 60, methods: ['POST'], body_limit: 100 },
    },
  },
);

/** Asks in turn; what each got: the body and whether the cache had it. */
async function ask(on: Scene, target: string, ...requests: Field[][]): Promise<string[]> {
  const got: string[] = [];
  for (const fields of requests) {
    const response = await on.get(target, fields);
    got.push(`${response.text} ${cacheStatus(response).includes('; hit') ? 'hit' : 'miss'}`);
  }
  return got;
}

/** Targets that the origin was asked for on a path. */
const targetsOf = (path: string) =>
  scene.origin.requests.map(({ target }) => target).filter((target) => target.split('?')[0] === path);

const echoing: (name: string) => Handler = (name) => (request, answer) =>
  answer.send(200, FRESH, request.get(name) ?? 'none');

test('tracking parameters make no difference, and the origin never sees them', async () => {
  scene.on('/track', counted(FRESH));
  const queries = [
    '?b=1&a=2',
    '?b=1&utm_source=x&a=2',
    '?gclid=abc&a=2&b=1&fbclid=',
    '?a=2&b=1&utm%5Fcampaign=%20',
    '?a=2&_ga=1.2&b=1',
  ];
  for (const query of queries) await scene.get(`/track${query}`);
  assert.deepEqual(targetsOf('/track'), ['/track?a=2&b=1']);
  assert.equal((await scene.get('/track?a=3&b=1')).text, '2');
  assert.equal((await scene.get('/track?utm_source=x')).text, '3');
  assert.equal(cacheStatus(await scene.get('/track')), 'lb; hit');
  assert.deepEqual(targetsOf('/track'), ['/track?a=2&b=1', '/track?a=3&b=1', '/track']);
});

test('HEAD, ranges and answers that are not stored are asked for in the same way', async () => {
  scene.on('/plain', counted([['Cache-Control', 'no-store']]));
  await scene.head('/plain?utm_source=a');
  await scene.get('/plain?utm_source=b');
  await scene.get('/plain?utm_source=c');
  await scene.get('/plain?utm_source=d', [['Range', 'bytes=0-0']]);
  assert.deepEqual(targetsOf('/plain'), ['/plain', '/plain', '/plain', '/plain']);
});

test('other methods go to the origin as they came', async () => {
  scene.on('/post', counted(FRESH));
  scene.on('/lang/post', echoing('cookie'));
  await scene.get('/post?utm_source=a&b&a', [], { method: 'POST', body: 'x' });
  assert.deepEqual(targetsOf('/post'), ['/post?utm_source=a&b&a']);
  const fields: Field[] = [['Cookie', 'sid=1; lang=de']];
  const posted = await scene.get('/lang/post', fields, { method: 'POST', body: 'x' });
  assert.equal(posted.text, 'sid=1; lang=de');
});

test('a rule that names the parameters that count', async () => {
  scene.on('/page/a', counted(FRESH));
  const queries = ['?q=1&f_x=2', '?x=1&q=1&f_x=2&y', '?q=1&utm_source=a&f_x=2', '?f_x=2&q=1'];
  const bodies = [];
  for (const query of queries) bodies.push((await scene.get(`/page/a${query}`)).text);
  assert.deepEqual(bodies, ['1', '1', '1', '2']);
  assert.deepEqual(targetsOf('/page/a'), ['/page/a?q=1&f_x=2', '/page/a?f_x=2&q=1']);
});

test('a rule without query and cookies', async () => {
  scene.on('/assets/a.js', echoing('cookie'));
  assert.deepEqual(await ask(scene, '/assets/a.js?v=1', [['Cookie', 'sid=1']], []), ['none miss', 'none hit']);
  assert.deepEqual(await ask(scene, '/assets/a.js?v=2', [['Cookie', 'sid=2']]), ['none hit']);
  assert.deepEqual(targetsOf('/assets/a.js'), ['/assets/a.js']);
});

test('cookies: the named ones are keyed, and the only ones that the origin sees', async () => {
  scene.on('/lang/a', echoing('cookie'));
  const got = await ask(
    scene,
    '/lang/a',
    [['Cookie', 'sid=1; lang=de; theme=dark']],
    [['Cookie', 'lang=de']],
    [['Cookie', 'lang=de; sid=2']],
    [['Cookie', 'lang=fr; sid=1']],
    [['Cookie', 'sid=3']],
    [],
  );
  assert.deepEqual(got, ['lang=de miss', 'lang=de hit', 'lang=de hit', 'lang=fr miss', 'none miss', 'none hit']);
});

test('cookies: answers that vary by Cookie vary by the named ones', async () => {
  const vary: Field[] = [...FRESH, ['Vary', 'Cookie']];
  scene.on('/lang/vary', (request, answer) => answer.send(200, vary, request.get('cookie') ?? 'none'));
  const got = await ask(scene, '/lang/vary', [['Cookie', 'sid=1; lang=de']], [['Cookie', 'lang=de; sid=2']]);
  assert.deepEqual(got, ['lang=de miss', 'lang=de hit']);
});

test('cookies: an answer that is not stored is no reason to pass on more', async () => {
  scene.on('/lang/private', (request, answer) =>
    answer.send(200, [['Cache-Control', 'private']], request.get('cookie') ?? 'none'),
  );
  const cookie: Field[] = [['Cookie', 'sid=1; lang=de']];
  assert.deepEqual(await ask(scene, '/lang/private', cookie, cookie), ['lang=de miss', 'lang=de miss']);
});

test('headers are keyed as they are forwarded', async () => {
  scene.on('/tenant/a', (request, answer) => {
    return answer.send(200, FRESH, `${request.get('x-tenant')} ${request.get('accept-language')}`);
  });
  const got = await ask(
    scene,
    '/tenant/a',
    [['X-Tenant', 'a']],
    [['x-tenant', 'a']],
    [['X-Tenant', 'b']],
    [['Accept-Language', 'de']],
    [],
    [
      ['X-Tenant', 'a'],
      ['X-Tenant', 'b'],
    ],
    [
      ['X-Tenant', 'c'],
      ['Connection', 'close, x-tenant'],
    ],
    [['X-Tenant', 'c']],
  );
  assert.deepEqual(got, [
    'a undefined miss',
    'a undefined hit',
    'b undefined miss',
    'undefined de miss',
    'undefined undefined miss',
    'a undefined hit',
    'c undefined miss',
    'c undefined hit',
  ]);
});

test('headers beyond ASCII have one key, before and after all headers are read', async () => {
  scene.on('/tenant/utf8', echoing('x-tenant'));
  // UTF-8 as bytes
  const tenant: Field[] = [['X-Tenant', 'caf\u00c3\u00a9s']];
  assert.deepEqual(await ask(scene, '/tenant/utf8', [...tenant, ['Content-Length', '0']], tenant), [
    'caf\u00c3\u00a9s miss',
    'caf\u00c3\u00a9s hit',
  ]);
});

test('device: the class that lb finds, whatever the client says it is', async () => {
  scene.on('/device/a', echoing('x-device-class'));
  const got = await ask(
    scene,
    '/device/a',
    [['User-Agent', IPHONE]],
    [['User-Agent', `${IPHONE} another`]],
    [
      ['User-Agent', IPHONE],
      ['X-Device-Class', 'bot'],
    ],
    [],
    [['Sec-CH-UA-Mobile', '?1']],
    [['User-Agent', 'Googlebot/2.1']],
  );
  assert.deepEqual(got, ['mobile miss', 'mobile hit', 'mobile hit', 'desktop miss', 'mobile hit', 'bot miss']);
});

test('what lb says of clients is not for clients to say, configured or not', async () => {
  scene.on('/classes', (request, answer) => {
    return answer.send(200, FRESH, `${request.get('x-device-class')} ${request.get('x-country')}`);
  });
  const fields: Field[] = [
    ['X-Device-Class', 'bot'],
    ['X-Country', 'DE'],
  ];
  assert.equal((await scene.get('/classes', fields)).text, 'undefined undefined');
  assert.equal((await scene.get('/classes', fields, { method: 'POST' })).text, 'undefined undefined');
});

test('country: of the address of the connection, by the configured database', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'lb-keys-'));
  t.after(() => rm(folder, { recursive: true }));
  const database = join(folder, 'countries.mmdb');
  writeFileSync(database, countryDatabase({ '127.0.0.1/32': 'DE', '127.0.0.2/32': 'FR' }));
  const near = await startScene(t, { geo: { database }, cache: { key: { country: true } } });
  near.on('/c', echoing('x-country'));
  const from = async (localAddress: string, fields: Field[] = []) => {
    const socket = connect({ port: near.lb.port, host: '127.0.0.1', localAddress });
    await once(socket, 'connect');
    const client = new Client(socket);
    client.send(requestText('GET', '/c', fields));
    const response = await client.response();
    client.close();
    return `${response.text} ${cacheStatus(response).includes('; hit') ? 'hit' : 'miss'}`;
  };
  assert.equal(await from('127.0.0.1'), 'DE miss');
  assert.equal(await from('127.0.0.2', [['X-Country', 'DE']]), 'FR miss');
  assert.equal(await from('127.0.0.1', [['X-Country', 'US']]), 'DE hit');
  assert.equal(await from('127.0.0.3'), 'XX miss');
  assert.equal(await from('127.0.0.2'), 'FR hit');
});

test('a purge of the URL takes all that was stored under it', async () => {
  const { port } = scene.lb.admin;
  scene.on('/lang/purged', counted(FRESH));
  const langs: Field[][] = [[['Cookie', 'lang=de']], [['Cookie', 'lang=fr']], []];
  assert.deepEqual(await ask(scene, '/lang/purged', ...langs), ['1 miss', '2 miss', '3 miss']);
  const { status } = await fetch(`http://127.0.0.1:${port}/cache/lang/purged?host=site.test`, { method: 'DELETE' });
  assert.equal(status, 200);
  assert.deepEqual(await ask(scene, '/lang/purged', ...langs), ['4 miss', '5 miss', '6 miss']);
});

/** Answers POST and GET with what was asked, counting. */
const query: () => Handler = () => {
  let count = 0;
  return async (request, answer) => {
    const body = (await request.body()).toString();
    const override = request.get('x-http-method-override') ?? '';
    return answer.send(200, [['ETag', '"e"']], `${++count} ${request.method} ${body}${override}`);
  };
};

const post = (target: string, body: string, fields: Field[] = []) =>
  scene.get(target, fields, { method: 'POST', body });

test('POST: the body is part of the key', async () => {
  scene.on('/graphql', query());
  const first = await post('/graphql', '{a}');
  assert.deepEqual([first.text, cacheStatus(first)], ['1 POST {a}', 'lb; fwd=uri-miss; stored']);
  const second = await post('/graphql?utm_source=x', '{a}');
  assert.deepEqual([second.text, cacheStatus(second)], ['1 POST {a}', 'lb; hit']);
  assert.equal((await post('/graphql', '{b}')).text, '2 POST {b}');
  assert.equal((await post('/graphql', '{a}', [['Content-Type', 'text/plain']])).text, '3 POST {a}');
  assert.equal((await post('/graphql', '')).text, '4 POST ');
  assert.equal((await post('/graphql', '')).text, '4 POST ');
  assert.equal((await post('/graphql', '{a}', [['X-HTTP-Method-Override', 'DELETE']])).text, '1 POST {a}');
  const sent = scene.origin.requests.filter(({ target, method }) => target === '/graphql' && method === 'POST');
  assert.deepEqual(
    sent.map((request) => [request.get('content-length'), request.get('if-none-match')]),
    [
      ['3', undefined],
      ['3', undefined],
      ['3', undefined],
      ['0', undefined],
    ],
  );
});

test('POST: GET and PUT have nothing to do with it', async () => {
  scene.on('/graphql/both', query());
  assert.equal((await scene.get('/graphql/both')).text, '1 GET ');
  assert.equal((await post('/graphql/both', '')).text, '2 POST ');
  assert.equal((await post('/graphql/both', '{a}')).text, '3 POST {a}');
  // a query changes nothing
  assert.equal(cacheStatus(await scene.get('/graphql/both')), 'lb; hit');
  const put = await scene.get('/graphql/both', [], { method: 'PUT', body: '{a}' });
  assert.equal(put.text, '4 PUT {a}');
});

test('POST: a body over the limit, or of unknown length, is passed on whole', async () => {
  scene.on('/graphql/large', query());
  const large = 'x'.repeat(101);
  for (const count of [1, 2]) {
    const response = await post('/graphql/large', large);
    assert.deepEqual([response.text, cacheStatus(response)], [`${count} POST ${large}`, 'lb; fwd=method']);
  }
  for (const count of [3, 4]) {
    const client = await scene.open();
    client.send(requestText('POST', '/graphql/large', [['Transfer-Encoding', 'chunked']]));
    client.send('3\r\nabc\r\n0\r\n\r\n');
    assert.equal((await client.response()).text, `${count} POST abc`);
  }
  const fits = 'x'.repeat(100);
  assert.equal((await post('/graphql/large', fits)).text, `5 POST ${fits}`);
  assert.equal((await post('/graphql/large', fits)).text, `5 POST ${fits}`);
});

test('POST: many at once for one body are one request to the origin', async () => {
  scene.on('/graphql/many', query());
  const answers = await Promise.all(Array.from({ length: 20 }, () => post('/graphql/many', '{many}')));
  assert.deepEqual(new Set(answers.map(({ text }) => text)), new Set(['1 POST {many}']));
});

test('POST: an answer that is not stored is sent on with the body of each', async () => {
  let count = 0;
  scene.on('/graphql/private', async (request, answer) => {
    const body = (await request.body()).toString();
    return answer.send(200, [['Cache-Control', 'private']], `${++count} ${body}`);
  });
  for (const expected of ['1 {p}', '2 {p}', '3 {p}'])
    assert.equal((await post('/graphql/private', '{p}')).text, expected);
});

test('POST: body parts that come late, and clients that go away in the middle', async () => {
  scene.on('/graphql/slow', query());
  const head = requestText('POST', '/graphql/slow', [['Content-Length', '6']]);
  const gone = await scene.open();
  gone.send(`${head}{sl`);
  const client = await scene.open();
  client.send(`${head}{sl`);
  await new Promise((resolve) => setImmediate(resolve));
  gone.close();
  client.send('ow}');
  assert.equal((await client.response()).text, '1 POST {slow}');
  assert.equal((await post('/graphql/slow', '{slow}')).text, '1 POST {slow}');
});

test('POST: a refresh in the background repeats the whole request, without conditions', async () => {
  scene.on('/refreshed/a', query());
  assert.equal((await post('/refreshed/a', '{a}')).text, '1 POST {a}');
  const stale = await post('/refreshed/a', '{a}');
  assert.deepEqual([stale.text, /detail=stale-while-revalidate/.test(cacheStatus(stale))], ['1 POST {a}', true]);
  await scene.lb.admin.idle();
  assert.equal((await post('/refreshed/a', '{a}')).text, '2 POST {a}');
  await scene.lb.admin.idle();
  const sent = scene.origin.requests.filter(({ target }) => target === '/refreshed/a');
  assert.ok(sent.every((request) => request.method === 'POST' && request.get('if-none-match') === undefined));
});

test('POST: a 304 that nothing asked for confirms nothing', async () => {
  scene.on('/refreshed/odd', query());
  assert.equal((await post('/refreshed/odd', '{a}')).text, '1 POST {a}');
  scene.on('/refreshed/odd', (_request, answer) => answer.head(304, [['Cache-Control', 'max-age=60']]));
  await post('/refreshed/odd', '{a}');
  await scene.lb.admin.idle();
  assert.doesNotMatch(cacheStatus(await post('/refreshed/odd', '{a}')), /^lb; hit$/);
});

test('without configuration POST is not cached', async () => {
  scene.on('/other', query());
  assert.equal((await post('/other', '{a}')).text, '1 POST {a}');
  assert.equal((await post('/other', '{a}')).text, '2 POST {a}');
});

test('nothing is left under way', () => scene.lb.admin.idle());
