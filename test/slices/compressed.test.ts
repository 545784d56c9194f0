// Slices where lb compresses, and over HTTP/2.
import assert from 'node:assert/strict';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type Field, startScene } from '../caching/scene.ts';
import { until, within } from '../support/cleanup.ts';
import { FRESH, getSettled, rangesAsked, serving, type Version, wholeOf } from './file.ts';

const SIZE = 64 * 1024;
const settings = { workers: 1, h2c: true, compression: true, cache: { slice: '64KB' } };
const scene = await startScene({ after }, settings);
const CODED: Field = ['Accept-Encoding', 'br, gzip, zstd'];
const fields: Field[] = [FRESH, ['Content-Type', 'text/plain'], ['Vary', 'Accept-Encoding']];
const V: Version = { length: 20 * SIZE + 123, etag: '"v"', fields };
const WHOLE = wholeOf(V);

let session: ClientHttp2Session | undefined;
after(() => session?.destroy());

interface Got {
  fields: Record<string, unknown>;
  body: Buffer;
}

/** @param most bytes after which the client goes away */
async function get2(path: string, more: Record<string, string> = {}, most = Infinity): Promise<Got> {
  session ??= connect(`http://127.0.0.1:${scene.lb.port}`).on('error', () => {});
  const stream = session.request({ ':authority': 'site.test', ':path': path, ...more });
  const parts: Buffer[] = [];
  let got: Record<string, unknown> = {};
  let length = 0;
  stream.on('response', (headers) => {
    got = headers;
  });
  stream.on('data', (chunk: Buffer) => {
    parts.push(chunk);
    length += chunk.length;
    if (length >= most) stream.close(constants.NGHTTP2_CANCEL);
  });
  stream.on('error', () => {});
  await within(new Promise((resolve) => stream.once('close', resolve)), 'the end of a stream');
  return { fields: got, body: Buffer.concat(parts) };
}

test('slices are asked for and sent in no coding, whoever asks', async () => {
  scene.on(
    '/plain',
    serving(() => V),
  );
  const part = await getSettled(scene, '/plain', [CODED, ['Range', `bytes=${3 * SIZE}-${4 * SIZE}`]]);
  assert.equal(part.status, 206);
  assert.ok(part.body.equals(WHOLE.subarray(3 * SIZE, 4 * SIZE + 1)));
  for (const more of [[CODED], [], [CODED]]) {
    const whole = await getSettled(scene, '/plain', more);
    assert.equal(whole.status, 200);
    assert.equal(whole.get('content-encoding'), undefined);
    assert.equal(whole.get('etag'), '"v"');
    assert.ok(whole.body.equals(WHOLE));
  }
  for (const request of scene.asked('/plain')) assert.equal(request.get('accept-encoding'), 'identity');
  assert.equal(new Set(rangesAsked(scene, '/plain')).size, rangesAsked(scene, '/plain').length);
});

test('a file of at most one slice is coded for clients, and an origin that would code it is not asked to', async () => {
  const small: Version = { ...V, length: SIZE - 5 };
  scene.on(
    '/small',
    serving(() => small),
  );
  const coded = await getSettled(scene, '/small', [['Accept-Encoding', 'gzip']]);
  assert.equal(coded.get('content-encoding'), 'gzip');
  assert.ok(gunzipSync(coded.body).equals(wholeOf(small)));
  assert.deepEqual(
    scene.asked('/small').map((request) => request.get('accept-encoding')),
    ['identity'],
  );
});

test('over HTTP/2: ranges, the whole, what a client leaves behind', async () => {
  scene.on(
    '/h2',
    serving(() => V),
  );
  const range = `bytes=${SIZE - 5}-${5 * SIZE}`;
  const part = await get2('/h2', { range, 'accept-encoding': 'br' });
  assert.equal(part.fields[':status'], 206);
  assert.ok(part.body.equals(WHOLE.subarray(SIZE - 5, 5 * SIZE + 1)));
  await Promise.all(Array.from({ length: 8 }, () => get2('/h2', {}, 3 * SIZE)));
  const all = await Promise.all(Array.from({ length: 8 }, () => get2('/h2')));
  for (const { fields: got, body } of all) {
    assert.equal(got[':status'], 200);
    assert.equal(got['content-length'], String(V.length));
    assert.ok(body.equals(WHOLE));
  }
  assert.equal(new Set(rangesAsked(scene, '/h2')).size, rangesAsked(scene, '/h2').length);
  await until(async () => (await scene.lb.admin.cache()).pins === 0, 'no pins');
});
