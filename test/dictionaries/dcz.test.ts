import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { type BrotliOptions, brotliDecompressSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import { type Field, startScene } from '../caching/scene.ts';
import { assets } from '../compress-background/assets.ts';
import { until } from '../support/cleanup.ts';
import type { Response } from '../support/client.ts';

const FRESH: Field = ['Cache-Control', 'max-age=60'];
const SCRIPT: Field = ['Content-Type', 'text/javascript'];
const LOCAL: Field = ['Host', 'localhost'];
/** As a browser has it that holds a dictionary. */
const ALL: Field = ['Accept-Encoding', 'gzip, deflate, br, zstd, dcb, dcz'];

const scene = await startScene(
  { after },
  {
    workers: 1,
    background_cpu: 1,
    compression: {
      enabled: true,
      dictionaries: [
        { match: ['/app/*.js'], id: 'app "1"' },
        { match: ['/words.dat'], use_for: '/docs/*' },
      ],
    },
  },
);

const [BUNDLE] = assets();
/** The next version: a part is another one, the rest has moved. */
const NEXT = Buffer.concat([
  BUNDLE.body.subarray(0, 50_000),
  Buffer.from('function another(){return 42}'),
  BUNDLE.body.subarray(50_000, 200_000),
  BUNDLE.body.subarray(210_000),
]);

function sha256(body: Buffer): Buffer {
  return createHash('sha256').update(body).digest();
}

function available(body: Buffer): Field {
  return ['Available-Dictionary', `:${sha256(body).toString('base64')}:`];
}

function undo(response: Response, dictionary: Buffer): Buffer {
  assert.equal(response.get('content-encoding'), 'dcz');
  assert.equal(response.body.subarray(0, 8).toString('hex'), '5e2a4d1820000000');
  assert.ok(response.body.subarray(8, 40).equals(sha256(dictionary)));
  return zstdDecompressSync(response.body.subarray(40), { dictionary });
}

function undoBrotli(response: Response, dictionary: Buffer): Buffer {
  assert.equal(response.get('content-encoding'), 'dcb');
  assert.equal(response.body.subarray(0, 4).toString('hex'), 'ff444342');
  assert.ok(response.body.subarray(4, 36).equals(sha256(dictionary)));
  const options: BrotliOptions & { dictionary: Buffer } = { dictionary };
  return brotliDecompressSync(response.body.subarray(36), options);
}

/** Serves a body under a path, and waits until it can be used as a dictionary for another path. */
async function learn(
  path: string,
  body: Buffer,
  forPath: string,
  fields: Field[] = [],
  content: Buffer = body,
): Promise<void> {
  scene.on(path, (_, answer) => answer.send(200, [FRESH, SCRIPT, ...fields], body));
  await scene.get(path, [LOCAL, ALL]);
  await until(
    async () => (await scene.get(forPath, [LOCAL, ALL, available(content)])).get('content-encoding') === 'dcz',
    path,
  );
}

function serve(path: string, body: Buffer | string, fields: Field[] = []): void {
  scene.on(path, (_, answer) => answer.send(200, [FRESH, SCRIPT, ['ETag', '"v1"'], ...fields], body));
}

test('the next version costs its differences: on its way, and less from the store', async (t) => {
  serve('/app/2.js', NEXT);
  await learn('/app/1.js', BUNDLE.body, '/app/2.js');
  const fields = [LOCAL, ALL, available(BUNDLE.body)];
  const quick = await scene.get('/app/2.js', fields);
  assert.ok(undo(quick, BUNDLE.body).equals(NEXT));
  assert.deepEqual(
    [quick.get('vary'), quick.get('etag'), quick.get('use-as-dictionary')],
    ['Accept-Encoding, Available-Dictionary', 'W/"v1"', 'match="/app/*.js", id="app \\"1\\""'],
  );
  let stored = quick;
  await until(async () => {
    stored = await scene.get('/app/2.js', fields);
    return stored.get('content-length') !== undefined;
  }, 'the variant');
  assert.ok(undo(stored, BUNDLE.body).equals(NEXT));
  assert.equal(stored.get('etag'), 'W/"v1"');
  const plain = await scene.get('/app/2.js', [LOCAL, ['Accept-Encoding', 'br']]);
  assert.ok(brotliDecompressSync(plain.body).equals(NEXT));
  assert.equal(plain.get('vary'), 'Accept-Encoding, Available-Dictionary');
  t.diagnostic(`${NEXT.length} bytes: br ${plain.body.length}, dcz ${quick.body.length}, stored ${stored.body.length}`);
  assert.ok(stored.body.length < 2000 && quick.body.length < 4000);
  assert.equal(scene.asked('/app/2.js').length, 1);
  const confirmed = await scene.get('/app/2.js', [...fields, ['If-None-Match', 'W/"v1"']]);
  assert.equal(confirmed.status, 304);
});

test('who has no dictionary, another one, or does not take dcz gets another coding', async () => {
  serve('/app/b.js', NEXT);
  await learn('/app/a.js', BUNDLE.body, '/app/b.js');
  const others: Field[][] = [
    [ALL],
    [ALL, available(Buffer.from('never seen'))],
    [ALL, ['Available-Dictionary', 'no structured field']],
    [ALL, ['Available-Dictionary', ':AAAA:']],
    [['Accept-Encoding', 'br, zstd'], available(BUNDLE.body)],
    [['Accept-Encoding', 'br, dcz;q=0'], available(BUNDLE.body)],
    [['Accept-Encoding', 'br, dcz;q=0.5'], available(BUNDLE.body)],
    [['Accept-Encoding', 'br, *'], available(BUNDLE.body)],
  ];
  for (const fields of others) {
    const coding = (await scene.get('/app/b.js', [LOCAL, ...fields])).get('content-encoding') ?? '';
    assert.match(coding, /^(?:br|zstd)$/, JSON.stringify(fields));
  }
});

test('who likes dcb best gets it: at once by a small dictionary, by a large one once it is stored', async () => {
  const small = BUNDLE.body.subarray(0, 30_000);
  const next = Buffer.concat([small.subarray(0, 20_000), Buffer.from('//another'), small.subarray(20_000)]);
  serve('/app/o.js', next);
  await learn('/app/n.js', small, '/app/o.js');
  const only: Field = ['Accept-Encoding', 'br, dcb'];
  const quick = await scene.get('/app/o.js', [LOCAL, only, available(small)]);
  assert.equal(quick.get('content-length'), String(quick.body.length));
  assert.ok(undoBrotli(quick, small).equals(next));
  assert.ok(quick.body.length < 200);
  serve('/app/q.js', NEXT);
  const large = Buffer.concat([BUNDLE.body, Buffer.from('//p')]);
  await learn('/app/p.js', large, '/app/q.js');
  const either: Field = ['Accept-Encoding', 'br, dcz;q=0.9, dcb'];
  assert.equal((await scene.get('/app/q.js', [LOCAL, either, available(large)])).get('content-encoding'), 'br');
  let stored = quick;
  await until(async () => {
    stored = await scene.get('/app/q.js', [LOCAL, either, available(large)]);
    return stored.get('content-encoding') === 'dcb';
  }, 'the variant');
  assert.ok(undoBrotli(stored, large).equals(NEXT));
  assert.ok(stored.body.length < 2000);
  assert.equal(stored.get('etag'), 'W/"v1"');
  const alike = await scene.get('/app/q.js', [LOCAL, ALL, available(large)]);
  assert.equal(alike.get('content-encoding'), 'dcz', 'by the preference of the server');
});

test('only in secure contexts', async () => {
  serve('/app/d.js', NEXT);
  await learn('/app/c.js', BUNDLE.body, '/app/d.js');
  const elsewhere: Field = ['Host', 'site.test'];
  for (const path of ['/app/c.js', '/app/d.js']) {
    const response = await scene.get(path, [elsewhere, ALL, available(BUNDLE.body)]);
    assert.notEqual(response.get('content-encoding'), 'dcz');
    assert.deepEqual([response.get('use-as-dictionary'), response.get('vary')], [undefined, 'Accept-Encoding']);
  }
  const other: Field = ['Host', '127.0.0.1:8080'];
  const response = await scene.get('/app/d.js', [other, ALL, available(BUNDLE.body)]);
  assert.notEqual(response.get('content-encoding'), 'dcz', 'a dictionary of another origin');
  assert.notEqual(response.get('use-as-dictionary'), undefined);
});

test('a dictionary for other paths: it says so, and is used for them alone', async () => {
  const words = Buffer.from(
    Array.from({ length: 500 }, (_, i) => `<li class="word">the word ${i * 7919}</li>`).join(''),
  );
  const page = `<ul>${words.toString().slice(3000, 9000)}</ul>`;
  serve('/docs/page', page);
  serve('/app/page.js', page);
  scene.on('/words.dat', (_, answer) => answer.send(200, [FRESH, ['Content-Type', 'application/octet-stream']], words));
  const dictionary = await scene.get('/words.dat', [LOCAL, ALL]);
  assert.equal(dictionary.get('use-as-dictionary'), 'match="/docs/*"');
  assert.equal(dictionary.get('vary'), undefined);
  await until(
    async () => (await scene.get('/docs/page', [LOCAL, ALL, available(words)])).get('content-encoding') === 'dcz',
    'dcz',
  );
  const response = await scene.get('/docs/page', [LOCAL, ALL, available(words)]);
  assert.equal(undo(response, words).toString(), page);
  assert.ok(response.body.length < 200);
  assert.deepEqual(
    [response.get('use-as-dictionary'), response.get('vary')],
    [undefined, 'Accept-Encoding, Available-Dictionary'],
  );
  const other = await scene.get('/app/page.js', [LOCAL, ALL, available(words)]);
  assert.notEqual(other.get('content-encoding'), 'dcz');
});

test('a dictionary is what it is without its coding, and stays when its URL has the next version', async () => {
  serve('/app/f.js', NEXT);
  await learn('/app/e.js', gzipSync(BUNDLE.body), '/app/f.js', [['Content-Encoding', 'gzip']], BUNDLE.body);
  const fields = [LOCAL, ALL, available(BUNDLE.body)];
  serve('/app/e.js', NEXT);
  await purge('/app/f.js');
  const response = await scene.get('/app/f.js', fields);
  assert.ok(undo(response, BUNDLE.body).equals(NEXT));
});

test('a purged dictionary is none any more', async () => {
  serve('/app/h.js', NEXT);
  const body = Buffer.concat([BUNDLE.body, Buffer.from('//h')]);
  await learn('/app/g.js', body, '/app/h.js');
  await purge('/app/g.js');
  const response = await scene.get('/app/h.js', [LOCAL, ALL, available(body)]);
  assert.notEqual(response.get('content-encoding'), 'dcz');
});

test('what a client may not read is not coded by a dictionary', async () => {
  serve('/app/j.js', NEXT);
  serve('/app/open.js', NEXT, [['Access-Control-Allow-Origin', '*']]);
  const body = Buffer.concat([BUNDLE.body, Buffer.from('//j')]);
  await learn('/app/i.js', body, '/app/j.js');
  const get = async (path: string, mode: string, origin: Field[] = []) => {
    const sent: Field[] = [['Sec-Fetch-Site', 'cross-site'], ['Sec-Fetch-Mode', mode], ...origin];
    return (await scene.get(path, [LOCAL, ALL, available(body), ...sent])).get('content-encoding');
  };
  assert.notEqual(await get('/app/j.js', 'no-cors'), 'dcz');
  assert.notEqual(await get('/app/j.js', 'cors', [['Origin', 'https://other.test']]), 'dcz');
  assert.equal(await get('/app/open.js', 'cors', [['Origin', 'https://other.test']]), 'dcz');
  assert.equal(await get('/app/j.js', 'navigate'), 'dcz');
});

test('while it is filled, too; and HEAD says what GET would', async () => {
  const body = Buffer.concat([BUNDLE.body, Buffer.from('//k')]);
  serve('/app/l.js', NEXT);
  await learn('/app/k.js', body, '/app/l.js');
  serve('/app/m.js', NEXT);
  const response = await scene.get('/app/m.js', [LOCAL, ALL, available(body)]);
  assert.match(response.get('cache-status') ?? '', /fwd=uri-miss/);
  assert.ok(undo(response, body).equals(NEXT));
  const head = await scene.head('/app/m.js', [LOCAL, ALL, available(body)]);
  assert.equal(head.get('content-encoding'), 'dcz');
  await scene.lb.admin.idle();
});

async function purge(path: string): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${scene.lb.admin.port}/purge`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ purge: [{ url: `http://localhost${path}` }] }),
  });
  assert.equal(answer.status, 200, await answer.text());
}
