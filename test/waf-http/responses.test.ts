// What the firewall makes of answers, and what is stored of them.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startWaf } from './scene.ts';

const LEAK = '<p>ORA-01756: quoted string not properly terminated</p>';
const HTML = ['Content-Type', 'text/html'] as const;
const FRESH = ['Cache-Control', 'max-age=600'] as const;

const scene = await startWaf(
  { after },
  { response_body: { limit: '4KB' }, paths: [{ match: '/logged', mode: 'log' }] },
);

test('an answer that leaks goes to nobody and is not stored', async () => {
  let asked = 0;
  scene.on('/leak', (_request, answer) => {
    asked++;
    return answer.send(200, [HTML, FRESH], asked === 1 ? LEAK : 'mended');
  });
  const answer = await scene.get('/leak');
  assert.deepEqual([answer.status, answer.text.includes('ORA')], [403, false]);
  const id = answer.get('x-request-id');
  const event = await scene.event(({ request_id }) => request_id === id);
  assert.deepEqual([event.action, event.rule_ids, event.status], ['response_blocked', [951900], 403]);
  const next = await scene.get('/leak');
  assert.deepEqual([next.status, next.text], [200, 'mended']);
});

test('what is coded is looked at as it was before', async () => {
  scene.on('/coded', (_request, answer) =>
    answer.send(200, [HTML, FRESH, ['Content-Encoding', 'gzip']], gzipSync(LEAK)),
  );
  assert.equal((await scene.get('/coded', [['Accept-Encoding', 'gzip']])).status, 403);
  scene.on('/coded-fine', (_request, answer) =>
    answer.send(200, [HTML, FRESH, ['Content-Encoding', 'gzip']], gzipSync('fine')),
  );
  const fine = await scene.get('/coded-fine', [['Accept-Encoding', 'gzip']]);
  assert.deepEqual([fine.status, fine.get('content-encoding')], [200, 'gzip']);
});

test('a rule on the head refuses without the body', async () => {
  scene.on('/status', (_request, answer) => answer.send(599, [FRESH], 'odd'));
  assert.equal((await scene.get('/status')).status, 403);
});

test('answers that are passed on are looked at too', async () => {
  scene.on('/passed', async (request, answer) => {
    await request.body();
    await answer.send(200, [HTML, ['Cache-Control', 'no-store']], LEAK);
  });
  assert.equal((await scene.get('/passed')).status, 403);
  assert.equal((await scene.get('/passed', [], { method: 'POST', body: 'a=b' })).status, 403);
  const switching = [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', '13'],
    ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ] as const;
  assert.equal((await scene.get('/passed', switching)).status, 403);
});

test('a long body is looked at up to the limit and goes on whole', async () => {
  const long = 'x'.repeat(300_000);
  scene.on('/long', (_request, answer) => answer.send(200, [HTML, FRESH], long));
  const answer = await scene.get('/long');
  assert.deepEqual([answer.status, answer.text === long], [200, true]);
  scene.on('/long-leak', (_request, answer) => answer.send(200, [HTML, FRESH], LEAK + long));
  assert.equal((await scene.get('/long-leak')).status, 403);
});

test('a body in chunks, one that nobody asks for, and one of a HEAD', async () => {
  scene.on('/chunks', async (_request, answer) => {
    await answer.head(200, [HTML, FRESH, ['Transfer-Encoding', 'chunked']]);
    for (const part of ['fi', 'ne']) await answer.chunk(part);
    await answer.raw('0\r\n\r\n');
  });
  const answer = await scene.get('/chunks');
  assert.deepEqual([answer.status, answer.text], [200, 'fine']);
  scene.on('/picture', (_request, to) => to.send(200, [['Content-Type', 'image/png'], FRESH], LEAK));
  assert.equal((await scene.get('/picture')).status, 200);
  scene.on('/head', (_request, to) => to.head(200, [HTML, FRESH, ['Content-Length', '7']]));
  assert.equal((await scene.head('/head')).status, 200);
});

test('an answer that breaks while it is held is as if none had come', async () => {
  scene.on('/broken', async (_request, answer) => {
    await answer.head(200, [HTML, FRESH, ['Content-Length', '1000']]);
    await answer.raw('some');
    answer.reset();
  });
  assert.equal((await scene.get('/broken')).status, 502);
});

test('where it only logs, the answer goes out and is told', async () => {
  scene.on('/logged', (_request, answer) => answer.send(200, [HTML, FRESH], LEAK));
  assert.equal((await scene.get('/logged')).status, 200);
  const event = await scene.event(({ path }) => path === '/logged');
  assert.deepEqual([event.action, event.rule_ids], ['would_block', [951900]]);
});
