// Interim answers (1xx) and trailers, whatever carries them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from '../caching/gate.ts';
import { cacheStatus, type Field } from '../caching/scene.ts';
import { type Cleanup, within } from '../support/cleanup.ts';
import { type Client, openClient, request, requestText } from '../support/client.ts';
import { type Head, readHead } from '../support/message.ts';
import { type Pair, sharedPair } from '../support/pair.ts';

const HINT = 'HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\nLink: <caf\xe9>; rel=preload\r\n\r\n';
const FRESH: Field = ['Cache-Control', 'max-age=60'];
const PRIVATE: Field = ['Cache-Control', 'private'];

async function nextHead(client: Client): Promise<Head> {
  const head = await within(readHead(client.reader), 'a head');
  assert.ok(head !== undefined, 'a head');
  return head;
}

interface Final {
  name: string;
  method?: string;
  request?: Field[];
  status?: number;
  fields: Field[];
  body?: string;
}

const CHUNKED: Field = ['Transfer-Encoding', 'chunked'];
const LARGE = 'large '.repeat(100_000);

const finals: Final[] = [
  { name: 'an answer that is stored', fields: [FRESH, ['Content-Length', '2']], body: 'ok' },
  { name: 'a large one that is stored', fields: [FRESH, ['Content-Length', String(LARGE.length)]], body: LARGE },
  { name: 'a chunked one that is stored', fields: [FRESH, CHUNKED], body: 'ok' },
  { name: 'an answer for one client', fields: [PRIVATE, ['Content-Length', '2']], body: 'ok' },
  { name: 'a large one for one client', fields: [PRIVATE, ['Content-Length', String(LARGE.length)]], body: LARGE },
  { name: 'a chunked one for one client', fields: [PRIVATE, CHUNKED], body: LARGE },
  { name: 'an empty one', fields: [PRIVATE, ['Content-Length', '0']], body: '' },
  { name: 'no content', status: 204, fields: [PRIVATE] },
  { name: 'HEAD', method: 'HEAD', fields: [FRESH, ['Content-Length', '5']] },
  { name: 'POST', method: 'POST', status: 201, fields: [['Content-Length', '2']], body: 'ok' },
  {
    name: 'not modified',
    method: 'HEAD',
    request: [['If-None-Match', '"a"']],
    status: 304,
    fields: [['ETag', '"a"']],
  },
];

async function interimAnswer(kind: Final, number: number, pair: Pair, t: Cleanup) {
  const { method = 'GET', request: asked = [], status = 200, fields, body } = kind;
  const seen = new Gate();
  const origin = pair.script(async ({ target }, answer) => {
    if (target === '/next') return answer.send(200, [PRIVATE], 'next');
    await answer.raw(HINT);
    await answer.raw('HTTP/1.1 102 Processing\r\nConnection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n\r\n');
    await seen.opened;
    await answer.head(status, fields);
    if (body === undefined) return;
    if (!fields.includes(CHUNKED)) return answer.raw(body);
    await answer.chunk(body);
    return answer.raw('0\r\n\r\n');
  });
  const client = await openClient(t, pair.port);
  client.send(requestText(method, `/${number}`, asked, method === 'POST' ? 'asked' : undefined));
  const hint = await nextHead(client);
  const fieldsOf = (head: Head) => head.fields.map(([name, value]) => [name.toLowerCase(), value]);
  assert.equal(hint.start, 'HTTP/1.1 103 Early Hints');
  assert.deepEqual(fieldsOf(hint), [
    ['via', '1.1 lb'],
    ['link', '</s.css>; rel=preload'],
    ['link', '<caf\xe9>; rel=preload'],
  ]);
  const processing = await nextHead(client);
  assert.deepEqual([processing.start, fieldsOf(processing)], ['HTTP/1.1 102 Processing', [['via', '1.1 lb']]]);
  seen.open();
  const response = await client.response(method);
  assert.deepEqual([response.status, response.complete || body === undefined], [status, true]);
  assert.equal(response.text, method === 'HEAD' ? '' : (body ?? ''));
  assert.equal(response.get('link'), undefined);
  assert.equal(response.all('cache-status').length, 1);
  if (status !== 204 && status !== 304 && !fields.includes(CHUNKED)) {
    assert.equal(response.get('content-length'), fields.find(([name]) => name === 'Content-Length')?.[1]);
  }
  client.send(requestText('GET', '/next'));
  assert.deepEqual([(await client.response()).text, client.reader.left.length], ['next', 0]);
  if (!fields.includes(FRESH) || method !== 'GET') return;
  client.send(requestText('GET', `/${number}`));
  const hit = await client.response();
  assert.deepEqual([cacheStatus(hit), hit.interim, hit.text, hit.get('link')], ['lb; hit', [], body, undefined]);
  assert.equal(origin.requests.length, 2);
}

export function interimScenarios(): void {
  const pair = sharedPair({ cache: { memory: '32MB' } });

  /** Returns when lb has handled all that was sent before: its one thread takes sockets in turn. */
  async function settled(t: Cleanup): Promise<void> {
    for (let i = 0; i < 4; i++) await request(t, pair.port, '/settled');
  }

  for (const [number, kind] of finals.entries()) {
    test(`103 and 102 reach the client before the origin has more to say: ${kind.name}`, (t) =>
      interimAnswer(kind, number, pair, t));
  }

  test('those who wait for the same answer get no hint of it: whether it is shared is not known yet', async (t) => {
    const seen = new Gate();
    pair.script(async ({ target }, answer) => {
      if (target === '/settled') return answer.send(200, [], '');
      await seen.opened;
      await answer.raw(HINT);
      await answer.send(200, [FRESH], 'shared');
    });
    const [leader, follower] = [await openClient(t, pair.port), await openClient(t, pair.port)];
    leader.send(requestText('GET', '/shared'));
    await pair.origin.request(0);
    follower.send(requestText('GET', '/shared'));
    await settled(t);
    seen.open();
    const [first, second] = [await leader.response(), await follower.response()];
    assert.deepEqual([first.interim, first.text], [[103], 'shared']);
    assert.deepEqual([second.interim, second.text], [[], 'shared']);
  });

  test('eight interim answers pass; too large a one, and one too many, do not', async (t) => {
    pair.script(async (_, answer) => {
      await answer.raw(`HTTP/1.1 103 Early Hints\r\nLink: <${'x'.repeat(9000)}>\r\n\r\n`);
      for (let i = 0; i < 20; i++) await answer.raw(HINT);
      await answer.send(200, [PRIVATE], 'ok');
    });
    const client = await openClient(t, pair.port);
    client.send(requestText('GET', '/many'));
    const response = await client.response();
    assert.deepEqual([response.interim, response.text], [new Array(7).fill(103), 'ok']);
  });

  test('an origin that fails after a hint: 502 behind it', async (t) => {
    pair.script(async (_, answer) => {
      await answer.raw(HINT);
      answer.close();
    });
    for (const method of ['GET', 'POST']) {
      const client = await openClient(t, pair.port);
      client.send(requestText(method, '/fails'));
      const response = await client.response();
      assert.deepEqual([response.status, response.interim], [502, [103]]);
      assert.match(response.get('content-type') ?? '', /problem/);
    }
  });

  test('a client that goes away after a hint harms nobody', async (t) => {
    const gone = new Gate();
    pair.script(async ({ target }, answer) => {
      if (target === '/settled') return answer.send(200, [], '');
      await answer.raw(HINT);
      await gone.opened;
      await answer.raw(HINT);
      await answer.send(200, [FRESH], 'kept');
    });
    const client = await openClient(t, pair.port);
    client.send(requestText('GET', '/gone'));
    await nextHead(client);
    client.close();
    await settled(t);
    gone.open();
    const next = await openClient(t, pair.port);
    next.send(requestText('GET', '/gone'));
    const response = await next.response();
    assert.deepEqual([response.status, response.text], [200, 'kept']);
  });
}

/** @param passed whether the transport can pass trailers on to clients that take them */
export function trailerScenarios(passed: boolean): void {
  const pair = sharedPair();
  const TRAILERS = 'X-Sum: 7\r\nContent-Type: text/evil\r\nSet-Cookie: a=b\r\nETag: "t"\r\n';

  /** The bytes behind the last chunk, after one answer with trailers. */
  async function tail(t: Cleanup, target: string, fields: Field[], control: Field) {
    pair.script(async (_, answer) => {
      await answer.head(200, [control, CHUNKED, ['Content-Type', 'text/plain'], ['Trailer', 'X-Sum']]);
      await answer.chunk('ok');
      await answer.raw(`0\r\n${TRAILERS}\r\n`);
    });
    const client = await openClient(t, pair.port);
    client.send(requestText('GET', target, fields));
    const text = () => client.reader.left.toString('latin1');
    while (!/\r\n\r\n(?:ok|2\r\nok\r\n0\r\n(?:[^\r]+\r\n)*\r\n)$/.test(text())) {
      assert.ok(await within(client.reader.more(), 'the end of a body'), text());
    }
    return text();
  }

  test('trailers of an answer are no headers of it, and are not stored', async (t) => {
    for (const control of [FRESH, PRIVATE]) {
      const text = await tail(t, `/trailers-${control[1]}`, [], control);
      assert.doesNotMatch(text, /x-sum|evil|set-cookie|etag/i);
    }
    const hit = await tail(t, `/trailers-${FRESH[1]}`, [['TE', 'trailers']], FRESH);
    assert.match(hit, /cache-status: lb; hit\r\n/i);
    assert.doesNotMatch(hit, /x-sum|evil|set-cookie|etag/i);
  });

  test('trailers that contradict the framing break the answer, and nothing is stored', async (t) => {
    pair.script(async (_, answer) => {
      await answer.head(200, [FRESH, CHUNKED]);
      await answer.chunk('ok');
      await answer.raw('0\r\nContent-Length: 3\r\n\r\n');
    });
    for (let i = 0; i < 2; i++) {
      const response = await request(t, pair.port, '/contradiction');
      assert.deepEqual([response.complete, cacheStatus(response)], [false, 'lb; fwd=uri-miss; stored']);
    }
  });

  test(`a client that takes trailers ${passed ? 'gets those that may be' : 'gets none all the same'}`, async (t) => {
    const text = await tail(t, '/te', [['TE', 'trailers, deflate;q=0.5']], PRIVATE);
    assert.doesNotMatch(text, /evil|set-cookie|etag/i);
    if (passed) assert.match(text, /\r\n\r\n2\r\nok\r\n0\r\nx-sum: 7\r\n\r\n$/i);
    else assert.doesNotMatch(text, /x-sum/i);
  });

  test(`trailers of a request never reach the origin: ${passed ? 'they are dropped' : 'it is refused'}`, async (t) => {
    const origin = pair.script(async (asked, answer) => answer.send(200, [], await asked.body()));
    for (const trailers of ['X-Sum: 7\r\n', 'GET /smuggled HTTP/1.1\r\nHost: site.test\r\n']) {
      const client = await openClient(t, pair.port);
      client.send(requestText('POST', '/asked', [['Transfer-Encoding', 'chunked']]));
      client.send(`2\r\nok\r\n0\r\n${trailers}\r\n`);
      const text = await client.end();
      if (passed && trailers.startsWith('X')) assert.match(text, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nok$/s);
      else assert.match(text, /^(?:HTTP\/1\.1 (?:400|505) |$)/);
    }
    assert.deepEqual(
      origin.requests.filter((asked) => asked.target !== '/asked' || asked.get('x-sum') !== undefined),
      [],
    );
  });
}
