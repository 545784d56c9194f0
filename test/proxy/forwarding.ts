import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from '../support/client.ts';
import { startLb } from '../support/lb.ts';
import type { Field } from '../support/message.ts';
import { type Handler, startOrigin } from '../support/origin.ts';
import { sharedPair } from '../support/pair.ts';

const ok: Handler = (_, answer) => answer.send(200, [], 'ok');

/** Fields of requests and responses on their way, whatever the transport. */
export function forwardingScenarios(): void {
  const pair = sharedPair();

  test('hop-by-hop fields end at lb, nominated ones too, and fields for everyone stay', async (t) => {
    const origin = pair.script((_, answer) =>
      answer.send(
        200,
        [
          ['Connection', 'keep-alive, X-Hop-Back'],
          ['X-Hop-Back', 'secret'],
          ['Keep-Alive', 'timeout=9'],
          ['Proxy-Authenticate', 'Basic'],
          ['Upgrade', 'h2c'],
          ['Trailer', 'X-T'],
          ['X-Stays', 'yes'],
        ],
        'ok',
      ),
    );
    const response = await request(t, pair.port, '/', {
      fields: [
        ['Connection', 'keep-alive, X-Hop, Host, X-Forwarded-For, Cookie'],
        ['X-Hop', 'secret'],
        ['Keep-Alive', 'timeout=5'],
        ['TE', 'trailers'],
        ['Proxy-Authorization', 'Basic eDp5'],
        ['Proxy-Connection', 'keep-alive'],
        ['Cookie', 'a=1'],
        ['X-Stays', 'yes'],
      ],
    });
    const asked = origin.requests[0];
    for (const name of ['x-hop', 'keep-alive', 'te', 'proxy-authorization', 'proxy-connection', 'upgrade']) {
      assert.equal(asked.get(name), undefined, name);
    }
    assert.equal(asked.get('host'), 'site.test');
    assert.equal(asked.get('cookie'), 'a=1');
    assert.equal(asked.get('x-forwarded-for'), '127.0.0.1');
    assert.equal(asked.get('x-stays'), 'yes');
    for (const name of ['x-hop-back', 'proxy-authenticate', 'upgrade', 'trailer']) {
      assert.equal(response.get(name), undefined, name);
    }
    assert.notEqual(response.get('keep-alive'), 'timeout=9');
    assert.equal(response.get('x-stays'), 'yes');
    assert.doesNotMatch(response.get('connection') ?? '', /x-hop/i);
  });

  test('lb says who asked, and what the client claims about that is dropped', async (t) => {
    const origin = pair.script(ok);
    const claims: Field[] = [
      ['Host', 'Shop.Test:8080'],
      ['X-Forwarded-For', '6.6.6.6'],
      ['X-Forwarded-Proto', 'https'],
      ['X-Forwarded-Host', 'evil.test'],
      ['X-Forwarded-Port', '666'],
      ['Forwarded', 'for=6.6.6.6'],
      ['X-Real-IP', '6.6.6.6'],
      ['X-Original-URL', '/admin'],
      ['Via', '1.0 before'],
      ['CDN-Loop', 'other'],
    ];
    await request(t, pair.port, '/', { fields: claims });
    const asked = origin.requests[0];
    assert.equal(asked.get('x-forwarded-for'), '127.0.0.1');
    assert.equal(asked.get('x-forwarded-proto'), 'http');
    assert.equal(asked.get('x-forwarded-host'), 'shop.test:8080');
    assert.equal(asked.get('via'), '1.0 before, 1.1 lb');
    assert.match(asked.get('cdn-loop') ?? '', /^other, lb;id=[0-9a-f]{18}$/);
    for (const name of ['x-forwarded-port', 'forwarded', 'x-real-ip', 'x-original-url']) {
      assert.equal(asked.get(name), undefined, name);
    }
  });

  test("Host is the client's, the origin's, or the configured one", async (t) => {
    const origin = await startOrigin(t, (_, answer) => answer.send(200, [], 'ok'));
    const expected = { auto: 'site.test', client: 'site.test', origin: origin.address, 'fixed.test': 'fixed.test' };
    for (const setting of Object.keys(expected)) {
      const lb = await startLb(t, { origins: [origin.address], host_header: setting });
      await request(t, lb.port, '/');
    }
    assert.deepEqual(
      origin.requests.map((asked) => asked.get('host')),
      Object.values(expected),
    );
  });

  test('a request id is kept where it is sound, and made where it is not', async (t) => {
    const origin = pair.script(ok);
    const ids = ['abc-123_x.y', undefined, 'not sound', `${'x'.repeat(4000)}`];
    for (const id of ids) await request(t, pair.port, '/', { fields: id === undefined ? [] : [['X-Request-Id', id]] });
    const seen = origin.requests.map((asked) => asked.all('x-request-id'));
    assert.ok(seen.every((values) => values.length === 1));
    assert.equal(seen[0][0], 'abc-123_x.y');
    for (const [id] of seen.slice(1)) assert.match(id, /^[0-9a-f]{32}$/);
    assert.equal(new Set(seen.flat()).size, 4);
  });

  test('a trace goes on under a new parent, and a broken one begins anew', async (t) => {
    const origin = pair.script(ok);
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    await request(t, pair.port, '/1', {
      fields: [
        ['traceparent', `00-${trace}-00f067aa0ba902b7-01`],
        ['tracestate', 'v=1'],
      ],
    });
    await request(t, pair.port, '/2', {
      fields: [
        ['traceparent', 'nonsense'],
        ['tracestate', 'v=1'],
      ],
    });
    const [first, second] = origin.requests;
    assert.match(first.get('traceparent') ?? '', new RegExp(`^00-${trace}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`));
    assert.equal(first.get('tracestate'), 'v=1');
    assert.match(second.get('traceparent') ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
    assert.equal(second.get('tracestate'), undefined);
  });

  test('a request that goes in circles gets 508', async (t) => {
    const origin = pair.script(ok);
    const refused = await request(t, pair.port, '/', { fields: [['CDN-Loop', 'lb, lb, lb']] });
    assert.equal(refused.status, 508);
    assert.match(refused.get('proxy-status') ?? '', /error=proxy_loop_detected/);
    assert.equal(origin.requests.length, 0);
    const passed = await request(t, pair.port, '/', { fields: [['CDN-Loop', 'lb; v=1, other, lb']] });
    assert.equal(passed.status, 200);
  });

  test('several origins take turns', async (t) => {
    const origins = [];
    for (let i = 0; i < 3; i++) origins.push(await startOrigin(t, (_, answer) => answer.send(200, [], String(i))));
    const lb = await startLb(t, { origins: origins.map(({ address }) => address) });
    let order = '';
    for (let i = 0; i < 9; i++) order += (await request(t, lb.port, `/${i}`)).text;
    assert.match(order, /^(012|120|201)\1\1$/);
  });

  test('field values arrive byte for byte, both ways', async (t) => {
    const bytes = Buffer.from('caf\u00e9 \u20ac and more', 'utf8').toString('latin1');
    const origin = pair.script((_, answer) =>
      answer.send(
        200,
        [
          ['Cache-Control', 'max-age=60'],
          ['X-Utf8', bytes],
          ['X-Latin1', 'caf\u00e9 \u00ff'],
          ['X-Empty', ''],
        ],
        'ok',
      ),
    );
    for (const cache of ['lb; fwd=uri-miss; stored', 'lb; hit']) {
      const response = await request(t, pair.port, '/bytes', { fields: [['X-Sent', bytes]] });
      assert.equal(response.get('cache-status'), cache);
      assert.equal(response.get('x-utf8'), bytes);
      assert.equal(response.get('x-latin1'), 'caf\u00e9 \u00ff');
      assert.equal(response.get('x-empty'), '');
    }
    assert.equal(origin.requests[0].get('x-sent'), bytes);
    const passed = await request(t, pair.port, '/bytes', { method: 'POST' });
    assert.equal(passed.get('x-utf8'), bytes);
    assert.equal(passed.get('x-latin1'), 'caf\u00e9 \u00ff');
  });
}
