// Coded answers over HTTP/2.
import assert from 'node:assert/strict';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { after, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';
import { until, within } from '../support/cleanup.ts';
import { Response } from '../support/client.ts';
import { Head } from '../support/message.ts';
import { CODINGS, contentOf, encode, page } from './codings.ts';

const scene = await startScene({ after }, { workers: 1, h2c: true, compression: { background: false } });
const HTML: Field = ['Content-Type', 'text/html'];

let session: ClientHttp2Session | undefined;
after(() => session?.destroy());

async function get(path: string, coding: string): Promise<Response> {
  session ??= connect(`http://127.0.0.1:${scene.lb.port}`).on('error', () => {});
  const stream = session.request({ ':authority': 'site.test', ':path': path, 'accept-encoding': coding });
  const parts: Buffer[] = [];
  let fields: Field[] = [];
  let status = 0;
  stream.on('response', (headers) => {
    status = Number(headers[':status']);
    fields = Object.entries(headers)
      .filter(([name]) => !name.startsWith(':'))
      .map(([name, value]) => [name, String(value)] as const);
  });
  stream.on('data', (chunk: Buffer) => parts.push(chunk));
  stream.on('error', () => {});
  await within(new Promise((resolve) => stream.once('close', resolve)), 'the end of a stream');
  const response = new Response(new Head(`HTTP/1.1 ${status} Fine`, fields), []);
  response.body = Buffer.concat(parts);
  response.complete = stream.rstCode === constants.NGHTTP2_NO_ERROR;
  return response;
}

test('large and small, filled, stored and passed, coded and decoded', async () => {
  for (const coding of CODINGS) {
    for (const size of [3_000, 300_000]) {
      for (const storage of ['max-age=60', 'no-store']) {
        const text = page(size, size);
        const path = `/${coding}-${size}-${storage}`;
        const fields: Field[] = [['Cache-Control', storage], HTML, ['ETag', '"a"']];
        const body = await encode(coding, text);
        scene.on(path, (_request, answer) => answer.send(200, fields, text));
        scene.on(`${path}-coded`, (_request, answer) =>
          answer.send(200, [...fields, ['Content-Encoding', coding]], body),
        );
        for (let i = 0; i < 2; i++) {
          const response = await get(path, coding);
          assert.equal(response.get('content-encoding'), coding);
          assert.equal(response.get('etag'), 'W/"a"');
          assert.equal(await contentOf(response), text);
          assert.equal(await contentOf(await get(`${path}-coded`, 'identity')), text);
          assert.deepEqual((await get(`${path}-coded`, coding)).body, body);
        }
      }
    }
  }
});

test('streams that are given up leave nothing behind', async () => {
  const text = page(2_000_000);
  for (const storage of ['max-age=60', 'no-store']) {
    const path = `/aborted-${storage}`;
    scene.on(path, (_request, answer) => answer.send(200, [['Cache-Control', storage], HTML], text));
    for (let i = 0; i < 20; i++) {
      session ??= connect(`http://127.0.0.1:${scene.lb.port}`).on('error', () => {});
      const stream = session.request({ ':authority': 'site.test', ':path': path, 'accept-encoding': CODINGS[i % 3] });
      stream.on('error', () => {});
      if (i % 2 > 0) await new Promise((resolve) => stream.once('response', resolve));
      stream.close(constants.NGHTTP2_CANCEL);
    }
    assert.equal(await contentOf(await get(path, 'br')), text);
  }
  await scene.lb.admin.idle();
  await until(async () => {
    const metrics = await scene.lb.admin.metrics();
    return [...metrics].every(([name, value]) => !name.startsWith('lb_compression_responses_active') || value === 0);
  }, 'coders to end');
});
