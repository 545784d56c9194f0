// Compression switched on and off, by path, and beside other settings.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';
import { contentOf, encode, page } from './codings.ts';

const FRESH: Field = ['Cache-Control', 'max-age=600'];
const HTML: Field = ['Content-Type', 'text/html'];
const ETAG: Field = ['ETag', '"v1"'];
const TEXT = page(8000);
const GZIP: Field = ['Accept-Encoding', 'gzip'];

test('what was stored to be coded for each client is not for everybody once compression is off, and back', async () => {
  const on = { workers: 1, compression: { background: false } };
  const scene = await startScene({ after }, on);
  const body = await encode('gzip', TEXT);
  const answers = (request: { get(name: string): string | undefined }) =>
    request.get('accept-encoding')?.includes('gzip') === true;
  scene.on('/coded', (request, answer) => {
    const vary: Field = ['Vary', 'Accept-Encoding'];
    if (!answers(request)) return answer.send(200, [FRESH, HTML, ETAG, vary], TEXT);
    return answer.send(200, [FRESH, HTML, ETAG, vary, ['Content-Encoding', 'gzip']], body);
  });
  const check = async () => {
    for (let i = 0; i < 2; i++) {
      const plain = await scene.get('/coded');
      assert.equal(plain.get('content-encoding'), undefined);
      assert.equal(plain.text, TEXT);
      assert.deepEqual((await scene.get('/coded', [GZIP])).body, body);
    }
  };
  await check();
  assert.equal(scene.asked('/coded').length, 1);
  const settings = { origins: [scene.origin.address], workers: 1 };
  for (const compression of [false, { background: false }, false]) {
    assert.equal((await scene.lb.reload({ ...settings, compression })).ok, true);
    await check();
  }
});

test('by path, with other codings, and with rules for the answer', async () => {
  const scene = await startScene(
    { after },
    {
      workers: 1,
      compression: { enabled: false, encodings: ['gzip'], min_length: 100, types: ['text/event-stream', 'text/html'] },
      cache: { pages: { match: '/pages/*', compress: true } },
      rules: [{ response_headers: { set: { 'x-rule': 'yes' } } }],
    },
  );
  for (const path of ['/pages/a', '/other']) {
    scene.on(path, (_request, answer) => answer.send(200, [FRESH, HTML], TEXT));
  }
  scene.on('/pages/events', (_request, answer) =>
    answer.send(
      200,
      [
        ['Content-Type', 'text/event-stream'],
        ['Cache-Control', 'no-store'],
      ],
      TEXT,
    ),
  );
  const all: Field = ['Accept-Encoding', 'br, gzip, zstd'];
  for (let i = 0; i < 2; i++) {
    const coded = await scene.get('/pages/a', [all]);
    assert.equal(coded.get('content-encoding'), 'gzip');
    assert.equal(coded.get('x-rule'), 'yes');
    assert.equal(await contentOf(coded), TEXT);
    const plain = await scene.get('/other', [all]);
    assert.equal(plain.get('content-encoding'), undefined);
    assert.equal(plain.get('vary'), undefined);
    assert.equal((await scene.get('/pages/events', [all])).get('content-encoding'), 'gzip');
  }
  assert.equal(scene.asked('/other')[0].get('accept-encoding'), 'br, gzip, zstd');
});

test('what is not asked by GET is coded too, and what the client asks for goes to the origin', async () => {
  const scene = await startScene({ after }, { workers: 1, compression: { background: false } });
  scene.on('/form', (_request, answer) => answer.send(200, [HTML], TEXT));
  const posted = await scene.get('/form', [GZIP], { method: 'POST', body: 'a=1' });
  assert.equal(posted.get('content-encoding'), 'gzip');
  assert.equal(await contentOf(posted), TEXT);
  assert.equal(scene.asked('/form')[0].get('accept-encoding'), 'gzip');
  const body = await encode('br', TEXT);
  scene.on('/form-coded', (_request, answer) => answer.send(200, [HTML, ['Content-Encoding', 'br']], body));
  assert.equal((await scene.get('/form-coded', [], { method: 'POST', body: 'a=1' })).text, TEXT);
});

test('several lines of Accept-Encoding, and a connection that is to close', async () => {
  const scene = await startScene({ after }, { workers: 1, compression: { background: false } });
  for (const storage of ['max-age=60', 'no-store']) {
    for (const size of [5000, 500_000]) {
      const text = page(size);
      const path = `/closes-${storage}-${size}`;
      scene.on(path, (_request, answer) => answer.send(200, [['Cache-Control', storage], HTML], text));
      for (let i = 0; i < 2; i++) {
        const client = await scene.open();
        client.send(`GET ${path} HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n`);
        const response = await client.response();
        assert.equal(response.get('content-encoding'), 'gzip');
        assert.equal(await contentOf(response), text);
        const lines: Field[] = [['Accept-Encoding', 'foo'], GZIP];
        assert.equal(await contentOf(await scene.get(path, lines)), text);
      }
    }
  }
});
