import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openClient, request, requestText } from '../support/client.ts';
import { sharedPair } from '../support/pair.ts';

/** What is special about some responses, whatever the transport. */
export function responseScenarios(): void {
  const pair = sharedPair();

  test('Set-Cookie lines stay apart and in order', async (t) => {
    const cookies = ['a=1; Path=/', 'b=2; Expires=Wed, 09 Jun 2032 10:18:14 GMT', 'a=3'];
    pair.script((_, answer) =>
      answer.send(
        200,
        cookies.map((value) => ['Set-Cookie', value]),
        'ok',
      ),
    );
    assert.deepEqual((await request(t, pair.port, '/')).all('set-cookie'), cookies);
  });

  test('unusual statuses pass', async (t) => {
    pair.script(({ target }, answer) => answer.send(Number(target.slice(1)), [], 'b'));
    for (const status of [201, 203, 207, 226, 299, 300, 308, 402, 418, 451, 499, 503, 511, 599, 600, 999]) {
      const response = await request(t, pair.port, `/${status}`);
      assert.equal(response.status, status);
      assert.equal(response.text, 'b');
    }
  });

  test('204 and 304 have no body, and the connection goes on', async (t) => {
    const origin = pair.script(({ target }, answer) => {
      if (target === '/204') return answer.head(204, [['ETag', '"x"']]);
      if (target === '/304') return answer.head(304, [['ETag', '"x"']]);
      return answer.send(200, [], 'after');
    });
    const before = origin.connections;
    const client = await openClient(t, pair.port);
    for (const method of ['GET', 'POST']) {
      client.send(requestText(method, '/204'));
      const empty = await client.response(method);
      assert.deepEqual([empty.status, empty.get('etag'), empty.get('content-length')], [204, '"x"', undefined]);
    }
    // passed on, not the cache's business: POST
    client.send(requestText('POST', '/304', [['If-None-Match', '"x"']]));
    assert.equal((await client.response()).status, 304);
    client.send(requestText('GET', '/after'));
    assert.equal((await client.response()).text, 'after');
    assert.ok(origin.connections - before <= 1);
  });

  test('HEAD gets the length but no body, from the origin and from the cache', async (t) => {
    pair.script(({ method }, answer) => {
      const fields = [['Cache-Control', 'max-age=60']] as const;
      if (method === 'HEAD') return answer.head(200, [...fields, ['Content-Length', '5']]);
      return answer.send(200, fields, 'hello');
    });
    const client = await openClient(t, pair.port);
    for (const [method, stored] of [
      ['HEAD', false],
      ['GET', false],
      ['HEAD', true],
      ['GET', true],
    ] as const) {
      client.send(requestText(method, '/head'));
      const response = await client.response(method);
      assert.equal(response.get('content-length'), '5');
      assert.equal(response.text, method === 'HEAD' ? '' : 'hello');
      assert.equal(response.get('cache-status') === 'lb; hit', stored);
    }
  });

  test('a client that expects 100-continue gets it, and its body arrives', async (t) => {
    pair.script(async (asked, answer) => {
      const body = await asked.body();
      await answer.send(200, [], `${asked.get('expect')} ${body.length}`);
    });
    const client = await openClient(t, pair.port);
    const fields = [
      ['Expect', '100-continue'],
      ['Content-Length', '4'],
    ] as const;
    client.send(requestText('POST', '/', fields));
    assert.equal(await client.reader.line(), 'HTTP/1.1 100 Continue');
    assert.equal(await client.reader.line(), '');
    client.send('body');
    assert.equal((await client.response()).text, 'undefined 4');
    const refused = await request(t, pair.port, '/', { method: 'POST', fields: [['Expect', 'miracles']], body: 'x' });
    assert.equal(refused.status, 417);
  });

  test('a response carries the fields of lb: Cache-Status, Via, Age', async (t) => {
    pair.script((_, answer) =>
      answer.send(
        200,
        [
          ['Cache-Control', 'max-age=60'],
          ['Age', '7'],
          ['Via', '1.1 inner'],
          ['Cache-Status', 'inner; hit'],
        ],
        'ok',
      ),
    );
    const miss = await request(t, pair.port, '/own');
    assert.equal(miss.get('cache-status'), 'inner; hit, lb; fwd=uri-miss; stored');
    const hit = await request(t, pair.port, '/own');
    assert.equal(hit.get('cache-status'), 'inner; hit, lb; hit');
    for (const response of [miss, hit]) {
      assert.equal(response.get('via'), '1.1 inner, 1.1 lb');
      assert.match(response.get('age') ?? '', /^[78]$/);
      for (const name of ['date', 'content-length', 'age', 'via', 'cache-status']) {
        assert.equal(response.all(name).length, 1, name);
      }
    }
  });
}
