import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Field, httpDate, startScene } from '../caching/scene.ts';
import { CODINGS, contentOf, encode, page } from './codings.ts';

const FRESH: Field = ['Cache-Control', 'max-age=60'];
const HTML: Field = ['Content-Type', 'text/html; charset=utf-8'];
const TEXT = page(100_000);
const SHORT = page(5_000);
const ETAG: Field = ['ETag', '"v1"'];

const takes = (value: string): Field[] => [['Accept-Encoding', value]];

/** Answers that lb codes as clients take them, over real sockets. */
export async function servedScenarios(): Promise<void> {
  const scene = await startScene({ after }, { workers: 1, compression: { background: false } });

  for (const coding of CODINGS) {
    for (const [size, text] of [
      ['large', TEXT],
      ['small', SHORT],
    ] as const) {
      test(`${coding}: a ${size} answer, as it is filled and as it is stored`, async () => {
        const path = `/plain-${coding}-${size}`;
        scene.on(path, (_request, answer) => answer.send(200, [FRESH, HTML, ETAG], text));
        for (const status of ['lb; fwd=uri-miss; stored', 'lb; hit', 'lb; hit']) {
          const response = await scene.get(path, takes(coding));
          assert.equal(response.get('content-encoding'), coding);
          assert.equal(response.get('vary'), 'Accept-Encoding');
          assert.equal(response.get('etag'), 'W/"v1"');
          assert.equal(response.get('cache-status'), status);
          assert.equal(await contentOf(response), text);
          assert.ok(response.body.length < text.length / 2);
        }
        const plain = await scene.get(path);
        assert.equal(plain.get('content-encoding'), undefined);
        assert.equal(plain.get('vary'), 'Accept-Encoding');
        assert.equal(plain.get('etag'), '"v1"');
        assert.equal(plain.get('content-length'), String(text.length));
        assert.equal(plain.text, text);
        assert.equal(scene.asked(path).length, 1);
        assert.equal(scene.asked(path)[0].get('accept-encoding'), 'br, gzip, zstd');
      });
    }

    test(`${coding}: what the origin has coded goes to who takes it, and decoded to who does not`, async () => {
      const path = `/coded-${coding}`;
      const body = await encode(coding, TEXT);
      const fields: Field[] = [FRESH, HTML, ETAG, ['Content-Encoding', coding], ['Vary', 'Accept-Encoding']];
      scene.on(path, (_request, answer) => answer.send(200, fields, body));
      for (let i = 0; i < 2; i++) {
        const same = await scene.get(path, takes('gzip, br, zstd'));
        assert.equal(same.get('content-encoding'), coding);
        assert.equal(same.get('etag'), '"v1"');
        assert.deepEqual(same.body, body);
        const plain = await scene.get(path);
        assert.equal(plain.get('content-encoding'), undefined);
        assert.equal(plain.get('etag'), 'W/"v1"');
        assert.equal(plain.text, TEXT);
        for (const other of CODINGS.filter((name) => name !== coding)) {
          const response = await scene.get(path, takes(other));
          assert.equal(response.get('content-encoding'), other);
          assert.equal(await contentOf(response), TEXT);
        }
      }
      assert.equal(scene.asked(path).length, 1);
    });

    test(`${coding}: passed answers are coded and decoded as well`, async () => {
      const path = `/passed-${coding}`;
      scene.on(path, async (_request, answer) => {
        await answer.head(200, [['Cache-Control', 'no-store'], HTML, ETAG, ['Transfer-Encoding', 'chunked']]);
        for (let at = 0; at < TEXT.length; at += 7000) await answer.chunk(TEXT.slice(at, at + 7000));
        await answer.raw('0\r\n\r\n');
      });
      const response = await scene.get(path, takes(coding));
      assert.equal(response.get('content-encoding'), coding);
      assert.equal(response.get('etag'), 'W/"v1"');
      assert.equal(await contentOf(response), TEXT);
      const coded = `/passed-coded-${coding}`;
      const body = await encode(coding, TEXT);
      const fields: Field[] = [['Cache-Control', 'no-store'], HTML, ['Content-Encoding', coding]];
      scene.on(coded, (_request, answer) => answer.send(200, fields, body));
      assert.equal((await scene.get(coded)).text, TEXT);
      assert.deepEqual((await scene.get(coded, takes(coding))).body, body);
    });
  }

  test('what may be coded and what not', async () => {
    const cases: [name: string, fields: Field[], body: string, isCoded: boolean][] = [
      ['json', [['Content-Type', 'application/problem+json']], SHORT, true],
      ['svg', [['Content-Type', 'image/svg+xml']], SHORT, true],
      ['png', [['Content-Type', 'image/png']], SHORT, false],
      ['none', [], SHORT, false],
      ['woff2', [['Content-Type', 'font/woff2']], SHORT, false],
      ['events', [['Content-Type', 'text/event-stream']], SHORT, false],
      ['tiny', [HTML], page(500), false],
      ['fixed', [HTML, ['Cache-Control', 'no-transform']], SHORT, false],
    ];
    for (const [name, fields, body, isCoded] of cases) {
      for (const storage of ['max-age=60', 'no-store']) {
        const path = `/rules-${name}-${storage}`;
        scene.on(path, (_request, answer) => answer.send(200, [['Cache-Control', storage], ...fields], body));
        for (let i = 0; i < 2; i++) {
          const response = await scene.get(path, takes('gzip'));
          assert.equal(response.get('content-encoding'), isCoded ? 'gzip' : undefined, path);
          assert.equal(response.get('vary'), isCoded ? 'Accept-Encoding' : undefined, path);
          assert.equal(await contentOf(response), body);
        }
      }
    }
  });

  test('a client that forbids transformation gets what is stored', async () => {
    scene.on('/client-fixed', (_request, answer) => answer.send(200, [FRESH, HTML], SHORT));
    const fields: Field[] = [...takes('gzip'), ['Cache-Control', 'no-transform']];
    for (let i = 0; i < 2; i++) {
      const response = await scene.get('/client-fixed', fields);
      assert.equal(response.get('content-encoding'), undefined);
      assert.equal(response.get('vary'), 'Accept-Encoding');
      assert.equal(response.text, SHORT);
    }
  });

  test('what must not be decoded is asked for anew on behalf of who cannot take it', async () => {
    const body = await encode('gzip', SHORT);
    scene.on('/no-transform', (request, answer) => {
      const isCoded = request.get('accept-encoding')?.includes('gzip') === true;
      const coding: Field[] = isCoded ? [['Content-Encoding', 'gzip']] : [];
      const fields: Field[] = [['Cache-Control', 'max-age=60, no-transform'], HTML, ['Vary', 'Accept-Encoding']];
      return answer.send(200, [...fields, ...coding], isCoded ? body : SHORT);
    });
    for (let i = 0; i < 2; i++) {
      const plain = await scene.get('/no-transform');
      assert.equal(plain.get('content-encoding'), undefined);
      assert.equal(plain.text, SHORT);
      const coded = await scene.get('/no-transform', takes('gzip'));
      assert.deepEqual(coded.body, body);
    }
    const bodies = scene.asked('/no-transform').map((request) => request.get('accept-encoding'));
    assert.equal(bodies.filter((value) => value === 'br, gzip, zstd').length, 1);
    scene.on('/no-transform-passed', (request, answer) => {
      const isCoded = request.get('accept-encoding')?.includes('gzip') === true;
      const coding: Field[] = isCoded ? [['Content-Encoding', 'gzip']] : [];
      return answer.send(200, [['Cache-Control', 'no-store, no-transform'], HTML, ...coding], isCoded ? body : SHORT);
    });
    for (let i = 0; i < 2; i++) assert.equal((await scene.get('/no-transform-passed')).text, SHORT);
  });

  test('HEAD says what GET would, and 304 names the tag that the client has', async () => {
    scene.on('/conditional', (request, answer) => {
      if (request.get('if-none-match') === '"v1"') return answer.head(304, [FRESH, ETAG]);
      return answer.send(200, [FRESH, HTML, ETAG], TEXT);
    });
    await scene.get('/conditional', takes('br'));
    const head = await scene.head('/conditional', takes('br'));
    assert.equal(head.get('content-encoding'), 'br');
    assert.equal(head.get('etag'), 'W/"v1"');
    assert.equal(head.get('content-length'), undefined);
    const plain = await scene.head('/conditional');
    assert.equal(plain.get('content-length'), String(TEXT.length));
    for (const tag of ['W/"v1"', '"v1"', '"other", W/"v1"']) {
      const response = await scene.get('/conditional', [...takes('br'), ['If-None-Match', tag]]);
      assert.equal(response.status, 304);
      assert.equal(response.get('etag'), 'W/"v1"');
      assert.equal(response.get('vary'), 'Accept-Encoding');
      assert.equal(response.get('content-encoding'), undefined);
      const uncoded = await scene.get('/conditional', [['If-None-Match', tag]]);
      assert.equal(uncoded.status, 304);
      assert.equal(uncoded.get('etag'), '"v1"');
    }
    scene.on('/conditional-passed', (request, answer) => {
      if (request.get('if-none-match') === 'W/"v1"') return answer.head(304, [['Cache-Control', 'no-store'], ETAG]);
      return answer.send(200, [['Cache-Control', 'no-store'], HTML, ETAG], TEXT);
    });
    const held = await scene.get('/conditional-passed', takes('br'));
    assert.equal(held.get('etag'), 'W/"v1"');
    const again = await scene.get('/conditional-passed', [...takes('br'), ['If-None-Match', 'W/"v1"']]);
    assert.equal(again.status, 304);
    assert.equal(again.get('etag'), 'W/"v1"');
  });

  test('ranges are of what is stored, and never of what is coded on its way', async () => {
    scene.on('/ranged', (_request, answer) => answer.send(200, [FRESH, HTML, ETAG, ['Accept-Ranges', 'bytes']], TEXT));
    const whole = await scene.get('/ranged', takes('br'));
    assert.equal(whole.get('accept-ranges'), undefined);
    const part = await scene.get('/ranged', [...takes('br'), ['Range', 'bytes=100-199']]);
    assert.equal(part.status, 206);
    assert.equal(part.get('content-encoding'), undefined);
    assert.equal(part.text, TEXT.slice(100, 200));
    const weak = await scene.get('/ranged', [...takes('br'), ['Range', 'bytes=100-199'], ['If-Range', 'W/"v1"']]);
    assert.equal(weak.status, 200);
    assert.equal(await contentOf(weak), TEXT);
    const strong = await scene.get('/ranged', [...takes('br'), ['Range', 'bytes=100-199'], ['If-Range', '"v1"']]);
    assert.equal(strong.status, 206);
    const body = await encode('gzip', TEXT);
    scene.on('/ranged-coded', (_request, answer) =>
      answer.send(200, [FRESH, HTML, ETAG, ['Content-Encoding', 'gzip']], body),
    );
    await scene.get('/ranged-coded', takes('gzip'));
    const coded = await scene.get('/ranged-coded', [...takes('gzip'), ['Range', 'bytes=10-19']]);
    assert.equal(coded.status, 206);
    assert.deepEqual(coded.body, body.subarray(10, 20));
    assert.equal(coded.get('content-encoding'), 'gzip');
    const decoded = await scene.get('/ranged-coded', [['Range', 'bytes=10-19']]);
    assert.equal(decoded.status, 200);
    assert.equal(decoded.text, TEXT);
  });

  test('a date says nothing of the coding that a client has a part of', async () => {
    const changed: Field = ['Last-Modified', httpDate(-3600)];
    const plain: Field[] = [FRESH, HTML, changed];
    scene.on('/ranged-date', (_request, answer) => answer.send(200, plain, TEXT));
    const body = await encode('gzip', TEXT);
    const coded: Field[] = [...plain, ['Content-Encoding', 'gzip']];
    scene.on('/ranged-date-coded', (_request, answer) => answer.send(200, coded, body));
    const more: Field[] = [
      ['Range', 'bytes=100-'],
      ['If-Range', changed[1]],
    ];
    for (const path of ['/ranged-date', '/ranged-date-coded']) {
      await scene.get(path, takes('br'));
      const again = await scene.get(path, [...takes('br'), ...more]);
      assert.equal(again.status, 200);
      assert.equal(again.get('content-encoding'), 'br');
      assert.equal(await contentOf(again), TEXT);
    }
    // who takes no other coding can have no part of another one
    const rest = await scene.get('/ranged-date', more);
    assert.equal(rest.status, 206);
    assert.equal(rest.text, TEXT.slice(100));
    const restCoded = await scene.get('/ranged-date-coded', [...takes('gzip'), ...more]);
    assert.equal(restCoded.status, 206);
    assert.deepEqual(restCoded.body, body.subarray(100));
  });

  test('a range of what is not stored is asked for uncoded', async () => {
    scene.on('/cold-range', (request, answer) => {
      const match = /bytes=(\d+)-(\d+)/.exec(request.get('range') ?? '');
      if (match === null) return answer.send(200, [FRESH, HTML, ETAG], TEXT);
      const [start, end] = [Number(match[1]), Number(match[2])];
      const range: Field = ['Content-Range', `bytes ${start}-${end}/${TEXT.length}`];
      return answer.send(206, [FRESH, HTML, ETAG, range], TEXT.slice(start, end + 1));
    });
    const part = await scene.get('/cold-range', [...takes('br'), ['Range', 'bytes=10-19']]);
    assert.equal(part.status, 206);
    assert.equal(part.text, TEXT.slice(10, 20));
    assert.equal(part.get('content-encoding'), undefined);
    assert.equal(scene.asked('/cold-range')[0].get('accept-encoding'), 'identity');
  });

  test('fields of the bytes go with them', async () => {
    const digests: Field[] = [
      ['Content-MD5', 'x'],
      ['Digest', 'sha-256=x'],
      ['Content-Digest', 'sha-256=:x:'],
      ['Repr-Digest', 'sha-256=:x:'],
    ];
    scene.on('/digests', (_request, answer) => answer.send(200, [FRESH, HTML, ...digests, ['Vary', 'Origin']], SHORT));
    await scene.get('/digests');
    const coded = await scene.get('/digests', takes('gzip'));
    for (const [name] of digests) assert.equal(coded.get(name), undefined);
    assert.equal(coded.get('warning'), undefined);
    assert.equal(coded.get('vary'), 'Origin, Accept-Encoding');
    const plain = await scene.get('/digests');
    for (const [name, value] of digests) assert.equal(plain.get(name), value);
    assert.equal(plain.get('vary'), 'Origin, Accept-Encoding');
  });

  test('who takes nothing gets it as it is', async () => {
    scene.on('/refuses', (_request, answer) => answer.send(200, [FRESH, HTML], SHORT));
    for (const value of ['identity;q=0', '*;q=0', 'foo', 'gzip;q=0, identity;q=0']) {
      const response = await scene.get('/refuses', takes(value));
      assert.equal(response.status, 200);
      assert.equal(response.text, SHORT);
    }
    for (const [value, coding] of [
      ['gzip;q=0.5, br;q=0.4', 'gzip'],
      ['identity;q=0.1, br;q=0.05', undefined],
      ['x-gzip', 'gzip'],
      ['gzip, br, zstd', 'zstd'],
      ['gzip, br', 'br'],
      ['*', 'zstd'],
      ['gzip;q=0, *', 'zstd'],
      ['BR;Q=1.000', 'br'],
    ] as const) {
      const response = await scene.get('/refuses', takes(value));
      assert.equal(response.get('content-encoding'), coding, value);
      assert.equal(await contentOf(response), SHORT);
    }
  });

  test('errors, empty and bodyless answers', async () => {
    scene.on('/missing', (_request, answer) => answer.send(404, [FRESH, HTML], SHORT));
    const missing = await scene.get('/missing', takes('br'));
    assert.equal(missing.status, 404);
    assert.equal(await contentOf(missing), SHORT);
    scene.on('/empty', (_request, answer) => answer.send(200, [FRESH, HTML, ['Content-Encoding', 'gzip']], ''));
    scene.on('/nothing', (_request, answer) => answer.head(204, [FRESH, HTML]));
    scene.on('/empty-chunks', async (_request, answer) => {
      await answer.head(200, [FRESH, HTML, ['Content-Encoding', 'gzip'], ['Transfer-Encoding', 'chunked']]);
      await answer.raw('0\r\n\r\n');
    });
    for (const value of ['gzip', 'br', 'identity']) {
      for (const path of ['/empty', '/nothing', '/empty-chunks']) {
        const response = await scene.get(path, takes(value));
        assert.equal(response.status, path === '/nothing' ? 204 : 200, `${path} ${value}`);
        assert.equal(response.complete, true);
        if (response.get('content-encoding') !== 'br') assert.equal(response.text, '', `${path} ${value}`);
      }
    }
  });
}
