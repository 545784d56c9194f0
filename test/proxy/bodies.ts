import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { openClient, request, requestText } from '../support/client.ts';
import { sharedPair } from '../support/pair.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Methods and bodies, whatever the transport. */
export function bodyScenarios(): void {
  const pair = sharedPair();

  test('every method arrives as it was sent, and its answer comes back', async (t) => {
    const origin = pair.script(({ method }, answer) => {
      if (method === 'HEAD') return answer.head(200, [['Content-Length', '77']]);
      return answer.send(200, [['X-Method', method]], `for ${method}`);
    });
    for (const method of METHODS) {
      const response = await request(t, pair.port, `/${method}?a=1&b`, { method });
      assert.equal(response.status, 200, method);
      assert.equal(response.complete, true);
      if (method === 'HEAD') assert.equal(response.get('content-length'), '77');
      else assert.equal(response.text, `for ${method}`);
    }
    assert.deepEqual(
      origin.log,
      METHODS.map((method) => `${method} /${method}?a=1&b`),
    );
    assert.ok(origin.requests.every(({ framing }) => framing === 0));
  });

  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'GET']) {
    test(`a ${method} body arrives, by length and in chunks`, async (t) => {
      const bodies: string[] = [];
      const origin = pair.script(async (asked, answer) => {
        bodies.push((await asked.body()).toString('latin1'));
        await answer.send(200, [], String(asked.get('content-length')));
      });
      const whole = await request(t, pair.port, '/body', { method, body: 'twelve bytes' });
      assert.equal(whole.text, '12');
      const client = await openClient(t, pair.port);
      client.send(requestText(method, '/body', [['Transfer-Encoding', 'chunked']]));
      client.send('6\r\ntwelve\r\n');
      await origin.request(1);
      client.send('6\r\n bytes\r\n0\r\n\r\n');
      assert.equal((await client.response()).text, 'undefined');
      assert.deepEqual(bodies, ['twelve bytes', 'twelve bytes']);
      assert.deepEqual(origin.malformed, []);
      await client.end();
    });
  }

  test('an empty body stays empty, and a POST without one says so', async (t) => {
    const origin = pair.script(async (asked, answer) => {
      await asked.body();
      await answer.send(200, [], String(asked.get('content-length')));
    });
    assert.equal((await request(t, pair.port, '/', { method: 'POST', body: '' })).text, '0');
    const client = await openClient(t, pair.port);
    client.send(requestText('POST', '/', [['Transfer-Encoding', 'chunked']]));
    client.send('0\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    assert.deepEqual(
      origin.requests.map(({ received }) => received),
      [0, 0],
    );
  });

  test('response bodies come back byte for byte, by length, in chunks and up to the close', async (t) => {
    const body = randomBytes(700_001);
    const origin = pair.script(async ({ target }, answer) => {
      if (target === '/length') return answer.send(200, [], body);
      if (target === '/close') {
        await answer.head(200, [['Connection', 'close']]);
        await answer.raw(body);
        return answer.close();
      }
      await answer.head(200, [['Transfer-Encoding', 'chunked']]);
      for (let at = 0; at < body.length; at += 99_999) {
        await answer.chunk(body.toString('latin1', at, Math.min(at + 99_999, body.length)));
      }
      return answer.raw('0\r\nX-Trailer: dropped\r\n\r\n');
    });
    for (const target of ['/length', '/chunked', '/close']) {
      const response = await request(t, pair.port, target);
      assert.equal(response.complete, true, target);
      assert.ok(response.body.equals(body), target);
      const known = target === '/length' ? String(body.length) : undefined;
      assert.equal(response.get('content-length'), known, target);
      assert.equal(response.get('x-trailer'), undefined);
    }
    assert.deepEqual(origin.malformed, []);
  });

  test('empty responses are empty, however they say so', async (t) => {
    pair.script(async ({ target }, answer) => {
      if (target === '/length') return answer.send(200, [], '');
      if (target === '/chunked') return answer.raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
      await answer.raw('HTTP/1.1 200 OK\r\n\r\n');
      return answer.close();
    });
    for (const target of ['/length', '/chunked', '/close']) {
      const response = await request(t, pair.port, target);
      assert.deepEqual([response.status, response.complete, response.text], [200, true, ''], target);
    }
  });

  test('several requests share one connection of the client', async (t) => {
    const origin = pair.script(async (asked, answer) => {
      await asked.body();
      await answer.send(200, [], asked.target);
    });
    const client = await openClient(t, pair.port);
    for (let i = 0; i < 10; i++) {
      client.send(requestText(i % 2 === 0 ? 'POST' : 'GET', `/${i}`, [], i % 2 === 0 ? `body ${i}` : undefined));
      assert.equal((await client.response()).text, `/${i}`);
    }
    assert.equal(origin.requests.length, 10);
  });

  test('connections to the origin are used again', async (t) => {
    const origin = pair.script(async (asked, answer) => {
      await asked.body();
      await answer.send(200, [['Keep-Alive', 'timeout=10']], 'x');
    });
    const before = origin.connections;
    for (let i = 0; i < 20; i++) await request(t, pair.port, `/${i}`, i % 3 === 0 ? { method: 'POST', body: 'b' } : {});
    assert.ok(origin.connections - before <= 1);
  });
}
