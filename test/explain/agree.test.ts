// What lb explain says is what lb then does, and saying it changes nothing.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Explanation } from '../../src/explain/types.ts';
import { cacheStatus, counted, type Field, httpDate, startScene, validated } from '../caching/scene.ts';
import { until } from '../support/cleanup.ts';
import { agreementWith } from './agreement.ts';

const scene = await startScene(
  { after },
  {
    cache: {
      demanding: { match: '/demanding/*', client_directives: true },
      keyed: { match: '/keyed/*', ttl: '10m', key: { query_exclude: [':tracking'], headers: ['x-tenant'] } },
      visitor: { match: '/visitor', ttl: '10m', key: { cookies: ['lang', 'seen'], device: true, country: true } },
      query: { match: '/query', methods: ['POST'], key: { cookies: ['lang'] } },
    },
  },
);
const HOST: Field = ['Host', 'site.test'];
const FRESH: Field = ['Cache-Control', 'max-age=600'];

const { explain, ask, agree } = agreementWith(scene);

test('miss, then hit, with the arithmetic term by term', async () => {
  scene.on('/a', (_request, answer) => {
    void answer.send(
      200,
      [
        ['Cache-Control', 'max-age=100'],
        ['Age', '7'],
        ['Date', httpDate(-5)],
        ['ETag', '"a"'],
      ],
      'x',
    );
  });
  assert.equal((await agree('miss', '/a?x=1')).stored, null);
  const { stored, freshness, validation, key, site, rule } = await agree('hit', '/a?x=1');
  assert.deepEqual([site.name, rule, key.host, key.target, key.vary], ['default', null, 'site.test', '/a?x=1', null]);
  assert.deepEqual([stored?.status, stored?.bytes], [200, 1]);
  assert.ok(stored?.fields.includes('cache-control: max-age=100'));
  assert.deepEqual(validation?.request, ['if-none-match: "a"']);
  const terms = Object.fromEntries(freshness?.terms.map(({ name, value }) => [name, value]) ?? []);
  const { resident_time, apparent_age } = terms as Record<string, number>;
  assert.ok(apparent_age >= 5 && apparent_age <= 6);
  assert.ok(resident_time >= 0 && resident_time < 5);
  assert.deepEqual(terms, {
    ...terms,
    age_value: 7,
    response_delay: 0,
    corrected_age_value: 7,
    corrected_initial_age: 7,
    current_age: 7 + resident_time,
    freshness_lifetime: 100,
    remaining: 93 - resident_time,
  });
});

test('conditions and ranges of the client', async () => {
  scene.on('/c', counted([FRESH, ['ETag', '"c"'], ['Last-Modified', httpDate(-1000)]]));
  await ask('/c');
  const cases: [Field[], number][] = [
    [[['If-None-Match', '"c"']], 304],
    [[['If-None-Match', '"d"']], 200],
    [[['If-Modified-Since', httpDate(0)]], 304],
    [[['Range', 'bytes=0-0']], 206],
    [[['Range', 'bytes=9-']], 416],
    [[['Range', 'bytes=0-0,9-']], 206],
    [
      [
        ['Range', 'bytes=0-0'],
        ['If-Range', '"d"'],
      ],
      200,
    ],
  ];
  for (const [fields, status] of cases) {
    const { decision } = await agree('hit', '/c', fields);
    assert.equal(decision.status, status, JSON.stringify(fields));
  }
  assert.equal((await agree('hit', '/c', [], 'HEAD')).decision.status, 200);
});

test('stale: validated; used while it is refreshed; with no-cache validated each time', async () => {
  scene.on(
    '/s1',
    validated([
      ['Cache-Control', 'max-age=1'],
      ['Age', '9'],
    ]),
  );
  await ask('/s1');
  const { freshness, decision } = await agree('revalidate', '/s1');
  assert.equal(freshness?.fresh, false);
  assert.match(decision.why.join(), /stale for \d+ second.*whether it has changed.*should the origin fail/);
  scene.on(
    '/s2',
    counted([
      ['Cache-Control', 'max-age=1, stale-while-revalidate=60'],
      ['Age', '9'],
    ]),
  );
  await ask('/s2');
  assert.equal((await explain('/s2')).decision.action, 'stale');
  const told = await agree('stale', '/s2');
  assert.match(told.decision.cache_status, /^lb; hit; ttl=-\d+; detail=stale-while-revalidate$/);
  scene.on('/s3', validated([['Cache-Control', 'no-cache']]));
  await ask('/s3');
  const each = await agree('revalidate', '/s3');
  assert.match(each.freshness?.terms.at(-1)?.how ?? '', /no-cache/);
  assert.deepEqual([each.freshness?.remaining, each.freshness?.fresh_until], [0, null]);
  assert.match(each.decision.why[0], /^no-cache: each use of it needs a validation$/);
});

test('a lifetime beyond the end of what lb counts', async () => {
  scene.on('/huge', counted([['Cache-Control', 'max-age=9999999999999']]));
  await ask('/huge');
  const { freshness, purge } = await agree('hit', '/huge');
  const { value, how } = freshness?.terms.at(-1) ?? {};
  assert.equal(value, freshness?.remaining);
  assert.equal(how, `lb counts no further than ${freshness?.fresh_until}`);
  assert.equal(purge, null);
});

test('the directives of a client, where they count', async () => {
  scene.on('/demanding/a', validated([FRESH]));
  const { decision } = await agree('refuse', '/demanding/a', [['Cache-Control', 'only-if-cached']]);
  assert.equal(decision.status, 504);
  await ask('/demanding/a');
  await agree('hit', '/demanding/a', [['Cache-Control', 'max-age=60']]);
  const asked = await agree('revalidate', '/demanding/a', [['Cache-Control', 'no-cache']]);
  assert.equal(asked.decision.cache_status, 'lb; fwd=request');
  assert.match(asked.decision.why.join(), /wants it validated/);
  assert.equal(asked.freshness?.client_directives, 'no-cache');
  await agree('revalidate', '/demanding/a', [['Cache-Control', 'min-fresh=6000']]);
  scene.on('/a-plain', counted([FRESH]));
  await ask('/a-plain');
  const plain = await agree('hit', '/a-plain', [['Cache-Control', 'no-cache']]);
  assert.equal(plain.freshness?.client_directives, null);
});

test('variants: which the request selects, and what else is stored', async () => {
  scene.on('/v', counted([FRESH, ['Vary', 'Accept-Encoding, Accept-Language'], ['ETag', '"v"']]));
  await ask('/v', [['Accept-Encoding', 'gzip, deflate']]);
  const { key } = await agree('hit', '/v', [['Accept-Encoding', 'gzip;q=0.5']]);
  assert.deepEqual(key.vary?.selecting, { 'accept-encoding': 'gzip', 'accept-language': null });
  assert.deepEqual(
    key.vary?.variants.map(({ chosen, etag }) => [chosen, etag]),
    [[true, '"v"']],
  );
  const other = await explain('/v', [['Accept-Encoding', 'br']]);
  assert.equal(other.decision.cache_status, 'lb; fwd=vary-miss');
  assert.deepEqual(
    other.key.vary?.variants.map(({ chosen }) => chosen),
    [false],
  );
  assert.deepEqual(other.validation?.request, ['if-none-match: "v"']);
  await agree('miss', '/v', [['Accept-Encoding', 'br']]);
});

test('the key as the configuration makes it; rule and where its values come from', async () => {
  scene.on('/keyed/a', counted([]));
  await ask('/keyed/a?b=1&utm_source=x', [['X-Tenant', 'one']]);
  const { key, rule, freshness } = await agree('hit', '/keyed/a?gclid=y&b=1', [['X-Tenant', 'one']]);
  assert.equal(key.target, '/keyed/a?b=1');
  assert.deepEqual(key.configured, ['header x-tenant: one']);
  assert.equal(rule?.name, 'keyed');
  assert.match(rule?.source ?? '', /^lb\.json:\d+:\d+$/);
  const { how } = freshness?.terms.find(({ name }) => name === 'freshness_lifetime') ?? {};
  assert.equal(how, "the rule's ttl, from the arrival on");
  await agree('miss', '/keyed/a?b=1', [['X-Tenant', 'two']]);
});

test('cookies, device and country in the key', async () => {
  scene.on('/visitor', counted([]));
  const fields: Field[] = [
    ['Cookie', 'a=b; lang=de;lang=en'],
    ['User-Agent', 'Mozilla/5.0 (iPhone) Mobile'],
  ];
  await ask('/visitor', fields);
  const { key } = await agree('hit', '/visitor', fields);
  const expected = ['cookie lang: de', 'cookie lang: en', 'cookie seen (absent)', 'device: mobile', 'country: XX'];
  assert.deepEqual(key.configured, expected);
});

test('a body in the key, and what the origin sees of a cookie', async () => {
  scene.on('/query', counted([FRESH, ['Vary', 'Cookie'], ['ETag', '"q"']]));
  const post = async (action: string, body: string, cookie: string) => {
    const parameters = new URLSearchParams({ url: 'http://site.test/query', method: 'POST', body });
    parameters.append('header', `Cookie: ${cookie}`);
    const answer = await scene.lb.admin.fetch('GET', `/explain?${parameters.toString()}`);
    const explanation = answer.json() as Explanation;
    assert.equal(explanation.decision.action, action, answer.text());
    const response = await scene.get('/query', [HOST, ['Cookie', cookie]], { method: 'POST', body });
    assert.ok(cacheStatus(response).startsWith(explanation.decision.cache_status), cacheStatus(response));
    return explanation;
  };
  await post('miss', 'one', 'lang=de; session=1');
  const { key } = await post('hit', 'one', 'session=2; lang=de');
  assert.deepEqual([key.methods, key.vary?.selecting], ['POST', { cookie: 'lang=de' }]);
  assert.equal(key.configured[0], 'cookie lang: de');
  assert.match(key.configured[1], /^body: [^,]+, 3 bytes, hash [\w-]{43}$/);
  await post('miss', 'two', 'lang=de');
  await post('miss', 'one', 'lang=en');
  assert.equal((await explain('/query', [], 'PUT')).decision.cache_status, 'lb; fwd=method');
});

test('what is not stored, and why; methods that go to the origin', async () => {
  scene.on('/private', counted([['Cache-Control', 'private']]));
  await agree('miss', '/private');
  const { last_answer } = await agree('pass', '/private');
  assert.deepEqual(
    [last_answer?.status, last_answer?.reason, last_answer?.detail],
    [200, 'private', 'the origin said private'],
  );
  scene.on('/broken', (_request, answer) => answer.send(500, [], 'x'));
  await ask('/broken');
  const broken = await agree('miss', '/broken');
  assert.deepEqual([broken.last_answer?.status, broken.last_answer?.reason], [500, 'no-freshness']);
  scene.on(
    '/standing-in',
    counted([
      ['Cache-Control', 'max-age=1'],
      ['Age', '9'],
    ]),
  );
  await ask('/standing-in');
  scene.on('/standing-in', (_request, answer) => answer.send(503, [], 'x'));
  assert.match(cacheStatus(await ask('/standing-in')), /stale-if-error/);
  const failed = await explain('/standing-in');
  assert.deepEqual([failed.last_answer?.status, failed.last_answer?.reason], [503, 'no-answer']);
  const { decision } = await agree('pass', '/private', [], 'DELETE');
  assert.match(decision.why.join(), /invalidates/);
  await agree('pass', '/no-such', [], 'HEAD');
});

test('purges: hard and soft, by target and by tag', async () => {
  scene.on('/p', validated([FRESH, ['Cache-Tag', 'shop, page-7']]));
  const purge = async (body: object) => {
    const address = `http://127.0.0.1:${scene.lb.admin.port}/purge`;
    const answer = await fetch(address, { method: 'POST', body: JSON.stringify(body) });
    assert.equal(answer.status, 200, await answer.text());
  };
  await ask('/p');
  assert.equal((await explain('/p')).purge, null);
  await purge({ purge: [{ tag: 'page-7' }], soft: true });
  const soft = await explain('/p');
  assert.deepEqual([soft.purge?.soft, soft.purge?.spec, soft.decision.action], [true, 'tag page-7', 'revalidate']);
  await agree('revalidate', '/p');
  assert.equal((await agree('hit', '/p')).purge, null, 'confirmed since');
  await scene.lb.admin.fetch('DELETE', '/cache/p*?host=site.test');
  const { purge: hard } = await agree('miss', '/p');
  assert.deepEqual([hard?.soft, hard?.spec], [false, '/p* of site.test']);
  assert.equal((await agree('hit', '/p')).purge, null, 'stored since');
});

test('a look leaves cache, counters and recency as they are', async () => {
  const quiet = await startScene({ after });
  quiet.on('/quiet', counted([FRESH]));
  await quiet.get('/quiet', [HOST]);
  const { admin } = quiet.lb;
  const state = async () => {
    const counts = [...(await admin.metrics())].filter(([name]) => /^lb_(cache|http|origin)/.test(name));
    return { ...(await admin.cache()), ...Object.fromEntries(counts) };
  };
  const requests = 'lb_http_requests_total{site="default",method="GET",code="2xx"}';
  await until(async () => (await admin.metrics()).get(requests) === 1, 'the count of the request');
  const before = await state();
  const uses = new Set<number | null | undefined>();
  for (const path of ['quiet', 'quiet', 'quiet', 'unknown']) {
    const answer = await admin.fetch('GET', `/explain?url=http://site.test/${path}`);
    uses.add((answer.json() as Explanation).stored?.uses);
  }
  assert.deepEqual(await state(), before);
  assert.deepEqual([...uses], [0, undefined]);
});

test('what cannot be explained is told, with what to do', async () => {
  const refused: [string, number, RegExp][] = [
    ['/explain', 400, /there is no url: write/],
    ['/explain?url=/a&metod=GET', 400, /unknown parameter "metod"/],
    ['/explain?url=nonsense', 400, /is no URL: write http/],
    ['/explain?url=/a&method=BREW', 400, /no method "BREW"/],
    ['/explain?url=/a&body=x', 400, /a GET has no body/],
    ['/explain?url=/a&header=oops', 400, /write "Name: value"/],
    ['/explain?url=http://a%20b/', 400, /is no host/],
    ['/explain?url=/%C3%BC', 400, /percent-encode/],
  ];
  for (const [path, status, detail] of refused) {
    const answer = await scene.lb.admin.fetch('GET', path);
    assert.equal(answer.status, status, path);
    assert.match((answer.json() as { detail: string }).detail, detail);
  }
});

test('a rule whose lifetimes do not count for a path that may be another one is told as such', async () => {
  assert.deepEqual((await explain('/keyed/page')).rule?.doubted, false);
  assert.deepEqual((await explain('/keyed/..%2faccount')).rule?.doubted, true);
});
