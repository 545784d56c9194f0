// For random pairs of requests: who gets the answer that was stored for another would have been the same to the origin.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { type Field, startScene } from '../caching/scene.ts';
import type { OriginRequest } from '../support/origin.ts';
import { FRESH, HIT } from './attack.ts';

const settings = {
  cache: {
    tracked: { match: '/tracked/*', key: { query_exclude: [':tracking', 'x'], query_sort: true } },
    cookies: { match: '/cookies/*', key: { cookies: ['lang', 'theme'], query_include: ['y', 'utm_*'] } },
    fields: { match: '/fields/*', key: { headers: ['X-Custom', 'Accept-Language'], cookies: [] } },
    device: { match: '/device/*', key: { device: true, query_include: [] } },
  },
};
/** Fields of the client's that are keyed in a rule, so that they too reach the origin as the key has them. */
const KEYED: Record<string, readonly string[]> = {
  plain: [],
  tracked: [],
  cookies: ['cookie'],
  fields: ['x-custom', 'accept-language', 'cookie'],
  device: ['x-device-class'],
};

// both have the same settings; the second one is asked for what the first answered from its cache, and has nothing stored
const caching = await startScene({ after }, settings);
const asking = await startScene({ after }, settings);

/** Fields that differ from request to request though nothing but their sender, or the way there, does. */
const OF_ONE_REQUEST = new Set(['x-request-id', 'traceparent', 'tracestate', 'cdn-loop', 'via']);

/** Fields that a client may send and the origin sees as they are: what it answers by them it must name in Vary. */
const OF_THE_CLIENT = [
  'Accept',
  'Accept-Language',
  'Cookie',
  'User-Agent',
  'Referer',
  'X-Custom',
  'Authorization',
  'Origin',
];

const PATHS = [
  '/a',
  '/A',
  '/a/',
  '/%61',
  '/a/../a',
  '/a;x',
  '/a%2fb',
  '/a//b',
  '/a%00',
  '/a.css',
  '/a?',
  '/a?x',
  '/a?x=1&y=2',
  '/a?y=2&x=1',
  '/a?x=1;y=2',
  '/a?x=1&x=2',
  '/a?utm_source=1&y=2',
  '/a?y=2&utm_source=1;y=3',
  '/a?y=2&UTM_source=1',
  '/a?y=2&utm%5Fsource=1',
  '/a?%79=2&y=2',
  '/a?y=2&x',
  '/a?x&y=2',
];
const HOSTS = ['a.test', 'A.test', 'a.test.', 'a.test:80', 'a.test:81', 'b.test', 'a.test:'];
const LIES = [
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Forwarded-Scheme',
  'X-Forwarded-For',
  'X-Forwarded-Port',
  'X-Original-URL',
  'X-Rewrite-URL',
  'X-Host',
  'Forwarded',
  'X-HTTP-Method-Override',
  'X-Real-IP',
];
const MEANT_FOR_LB = [
  'Range',
  'If-None-Match',
  'If-Modified-Since',
  'If-Range',
  'TE',
  'Connection',
  'Keep-Alive',
  'Upgrade',
  'Expect',
  'Proxy-Authorization',
];
const VALUES: Record<string, string[]> = {
  'Accept-Encoding': ['gzip', 'br, gzip', 'gzip, br', 'gzip;q=0', '*', 'evil', 'identity', ''],
  'Accept-Language': ['de', 'en, de', 'de,en', 'EN', 'de;q=0.5'],
  Accept: ['text/html', 'TEXT/HTML', '*/*'],
  Range: ['bytes=0-0', 'bytes=1-'],
  Connection: ['close', 'keep-alive', 'X-Custom', 'Cookie, Host'],
  Expect: ['100-continue'],
  Authorization: ['Bearer a', 'Bearer b'],
  Cookie: [
    'lang=de',
    'lang=de; sid=1',
    'sid=1;lang=de',
    'theme=1; lang=de',
    'lang=en',
    'sid=2',
    'lang="de; theme=1"',
    '',
  ],
  'User-Agent': ['Mozilla/5.0 (iPhone) Mobile', 'Mozilla/5.0 (X11; Linux)', 'Googlebot/2.1', '1'],
};

interface Sent {
  method: 'GET' | 'HEAD';
  target: string;
  fields: Field[];
}

const field = fc
  .constantFrom('Accept-Encoding', ...OF_THE_CLIENT, ...LIES, ...MEANT_FOR_LB)
  .chain((name) =>
    fc.constantFrom(...(VALUES[name] ?? ['1', 'evil.test', 'a,b', 'a, b'])).map((value): Field => [name, value]),
  );
const sent: fc.Arbitrary<Sent> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD'),
  target: fc.constantFrom(...PATHS),
  fields: fc
    .tuple(fc.constantFrom(...HOSTS), fc.array(field, { maxLength: 4 }))
    .map(([host, others]): Field[] => [['Host', host], ...others]),
});
/** Fields that take others from the request, by Connection, or bring them in another spelling. */
const tricks = fc.constantFrom<Field[]>(
  [
    ['X-Custom', '1'],
    ['Connection', 'X-Custom'],
  ],
  [['X_Custom', '2']],
  [['X.Custom', '2']],
  [
    ['X-Custom', '1'],
    ['X-Custom', '2'],
  ],
  [
    ['Cookie', 'lang=de'],
    ['Cookie', 'lang=en'],
  ],
  [['X-Device-Class', 'evil']],
  [['X-Country', 'evil']],
);
/** Two requests, the second one often much like the first. */
const pair = fc.oneof(
  { weight: 1, arbitrary: fc.tuple(sent, sent) },
  { weight: 3, arbitrary: fc.tuple(sent, sent).map(([a, b]): [Sent, Sent] => [a, { ...b, target: a.target }]) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(sent, field)
      .map(([a, more]): [Sent, Sent] => [a, { ...a, method: 'GET', fields: [...a.fields, more] }]),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(sent, tricks, fc.boolean())
      .map(([a, more, before]): [Sent, Sent] =>
        before
          ? [{ ...a, method: 'GET', fields: [...a.fields, ...more] }, a]
          : [a, { ...a, method: 'GET', fields: [...a.fields, ...more] }],
      ),
  },
);
const vary = fc.subarray(['Accept-Encoding', 'Accept-Language', 'Accept', 'Cookie', 'X-Custom', 'User-Agent'], {
  maxLength: 3,
});

/** What lb may make equal in a field that selects: whitespace around commas, and for some case and order. */
function normal(name: string, value: string | undefined): string | undefined {
  if (value === undefined || name === 'cookie' || name === 'user-agent') return value;
  const members = value.split(',').map((member) => member.trim());
  if (name === 'accept-language')
    return members
      .map((member) => member.toLowerCase())
      .sort()
      .join();
  return name === 'accept' ? members.join().toLowerCase() : members.join();
}

/** What the origin was told that no Vary speaks of, and that the client did not say in its own name. */
function routed(request: OriginRequest, keyed: readonly string[]): string[] {
  const client = [...OF_THE_CLIENT, 'X_Custom', 'X.Custom', 'Accept-Encoding'].map((name) => name.toLowerCase());
  const own = new Set([...OF_ONE_REQUEST, ...client.filter((name) => !keyed.includes(name))]);
  const told = request.fields.map(([name, value]) => [name.toLowerCase(), value] as const);
  return [request.start, ...told.filter(([name]) => !own.has(name)).map(([name, value]) => `${name}: ${value}`)].sort();
}

test('an answer given to a second request is one that the origin would have given to it', async () => {
  let shared = 0;
  let run = 0;
  const check = async (rule: string, [first, second]: [Sent, Sent], selecting: string[]) => {
    const prefix = `/${rule}/${++run}`;
    const fields: Field[] = selecting.length === 0 ? [FRESH] : [FRESH, ['Vary', selecting.join(', ')]];
    for (const scene of [caching, asking]) {
      for (const { target } of [first, second])
        scene.on(prefix + target.split('?')[0], (request, answer) =>
          request.method === 'HEAD'
            ? answer.head(200, [...fields, ['Content-Length', '4']])
            : answer.send(200, fields, 'page'),
        );
    }
    await caching.get(prefix + first.target, first.fields, { method: first.method });
    const answer = await caching.get(prefix + second.target, second.fields, { method: second.method });
    if (!(answer.get('cache-status') ?? '').startsWith(HIT)) return;
    shared++;
    // as a GET without condition and range, which is what a cache asks for
    const plain = second.fields.filter(([name]) => !/^(range|if-.*)$/i.test(name));
    await asking.get(prefix + second.target, plain);
    const [was, would] = [caching.origin.requests.at(-1), asking.origin.requests.at(-1)];
    assert.ok(was !== undefined && would !== undefined);
    assert.deepEqual(routed(was, KEYED[rule]), routed(would, KEYED[rule]));
    for (const name of selecting.map((selected) => selected.toLowerCase()))
      assert.equal(normal(name, was.get(name)), normal(name, would.get(name)), name);
  };
  await fc.assert(fc.asyncProperty(fc.constantFrom(...Object.keys(KEYED)), pair, vary, check), {
    numRuns: 300,
    seed: 9111,
    verbose: 1,
  });
  assert.ok(shared > 40, `only ${shared} of the second requests were answered from the cache`);
});
