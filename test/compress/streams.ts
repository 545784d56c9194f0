import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { brotliCompressSync, createBrotliDecompress, createGunzip, createZstdDecompress, gzipSync } from 'node:zlib';
import { Gate } from '../caching/gate.ts';
import { type Field, type Scene, startScene } from '../caching/scene.ts';
import { until, within } from '../support/cleanup.ts';
import { type Client, requestText } from '../support/client.ts';
import { beginning, CODINGS, type Coding, contentOf, encode, page } from './codings.ts';

const FRESH: Field = ['Cache-Control', 'max-age=60'];
const PASSED: Field = ['Cache-Control', 'no-store'];
const HTML: Field = ['Content-Type', 'text/html'];
const CHUNKED: Field = ['Transfer-Encoding', 'chunked'];
const MB = 1024 * 1024;

/** Bytes of large bodies, and what they are made of. */
const LARGE = 12 * MB;
const BLOCK = page(256 * 1024);

const takes = (value: string): Field[] => [['Accept-Encoding', value]];

const decoderOf = (coding: Coding) =>
  coding === 'gzip' ? createGunzip() : coding === 'br' ? createBrotliDecompress() : createZstdDecompress();

/** Coded answers on their way: slow, huge, cut short, given up. */
export async function streamScenarios(): Promise<void> {
  // a quarter of the memory is the largest object: 4 MB
  const scene = await startScene(
    { after },
    { workers: 2, cache: { memory: '16MB' }, compression: { background: false } },
  );

  /** Waits until nothing is coded any more. */
  const idle = async () => {
    await scene.lb.admin.idle();
    const gauge = async () => {
      const metrics = await scene.lb.admin.metrics();
      return [...metrics].filter(([name]) => name.startsWith('lb_compression_responses_active'));
    };
    await until(async () => (await gauge()).every(([, value]) => value === 0), 'coders to end');
  };

  for (const coding of CODINGS) {
    for (const storage of [FRESH, PASSED]) {
      test(`${coding}, ${storage[1]}: what the origin has sent is there before the rest`, async () => {
        const path = `/slow-${coding}-${storage[1]}`;
        const gates = [new Gate(), new Gate()];
        const texts = [page(2000, 1), page(3000, 2), page(4000, 3)];
        scene.on(path, async (_request, answer) => {
          await answer.head(200, [storage, HTML, CHUNKED]);
          await answer.chunk(texts[0]);
          await gates[0].opened;
          await answer.chunk(texts[1]);
          await gates[1].opened;
          await answer.chunk(texts[2]);
          await answer.raw('0\r\n\r\n');
        });
        const client = await scene.open();
        client.send(requestText('GET', path, takes(coding)));
        const response = await client.head();
        assert.equal(response?.get('content-encoding'), coding);
        const got: Buffer[] = [];
        let wanted = '';
        const take = (chunk: Buffer) => {
          got.push(chunk);
          const text = beginning(coding, Buffer.concat(got));
          for (const [i, gate] of gates.entries()) {
            wanted = texts.slice(0, i + 1).join('');
            if (text.length >= wanted.length) gate.open();
          }
        };
        assert.ok(response);
        await within(client.body(response, 'GET', take), 'a slow body');
        assert.equal(beginning(coding, Buffer.concat(got)), texts.join(''));
        if (storage === FRESH) assert.equal(await contentOf(await scene.get(path, takes(coding))), texts.join(''));
      });
    }

    test(`${coding}: a body too large for the cache, coded from its first byte to its last`, async () => {
      const path = `/huge-${coding}`;
      scene.on(path, (_request, answer) => sendLarge(answer));
      const client = await scene.open();
      client.send(requestText('GET', path, takes(coding)));
      assert.equal(await hashOf(client, coding), LARGE_HASH);
      await idle();
    });
  }

  test('a large body that the origin has coded, decoded for one and coded anew for another', async () => {
    const body = gzipSync(LARGE_TEXT);
    scene.on('/huge-coded', (_request, answer) => answer.send(200, [PASSED, HTML, ['Content-Encoding', 'gzip']], body));
    for (const coding of ['identity', 'br', 'zstd', 'gzip'] as const) {
      const client = await scene.open();
      client.send(requestText('GET', '/huge-coded', takes(coding)));
      assert.equal(await hashOf(client, coding), LARGE_HASH);
    }
    await idle();
  });

  test('many clients of one fill, each in its own coding', async () => {
    const text = page(300_000, 7);
    const rest = new Gate();
    scene.on('/collapsed', async (_request, answer) => {
      await answer.head(200, [FRESH, HTML, CHUNKED]);
      await answer.chunk(text.slice(0, 50_000));
      await rest.opened;
      await answer.chunk(text.slice(50_000));
      await answer.raw('0\r\n\r\n');
    });
    const wanted = Array.from({ length: 60 }, (_, i) => [...CODINGS, 'identity'][i % 4]);
    const clients = await Promise.all(wanted.map(() => scene.open()));
    for (const [i, client] of clients.entries()) client.send(requestText('GET', '/collapsed', takes(wanted[i])));
    const heads = await Promise.all(clients.map((client) => client.head()));
    rest.open();
    for (const [i, client] of clients.entries()) {
      const head = heads[i];
      assert.ok(head);
      assert.equal(head.get('content-encoding') ?? 'identity', wanted[i]);
      assert.equal(await contentOf(await client.body(head)), text);
    }
    assert.equal(scene.asked('/collapsed').length, 1);
    await idle();
  });

  test('a client that does not read holds the origin back, and one that goes away ends all', async () => {
    for (const storage of [PASSED, FRESH]) {
      const path = `/unread-${storage[1]}`;
      const noise = createNoise(64 * MB);
      let sent = 0;
      let gone = false;
      scene.on(path, async (_request, answer) => {
        void answer.gone.then(() => {
          gone = true;
        });
        await answer.head(200, [storage, HTML, ['Content-Length', String(64 * MB)]]);
        for (const block of noise) {
          if (gone) break;
          await answer.raw(block);
          sent += block.length;
        }
      });
      const client = await scene.open();
      client.send(requestText('GET', path, takes('gzip')));
      assert.ok(await client.head());
      client.socket.pause();
      let before = -1;
      await until(
        () => {
          const isStill = before === sent && sent > 0;
          before = sent;
          return isStill;
        },
        'the origin to be held back',
        20_000,
      );
      assert.ok(sent < 40 * MB, `${sent} bytes are under way`);
      client.close();
      await until(() => gone, 'the connection to the origin to end');
      await idle();
    }
  });

  test('clients that go away at any moment leave nothing behind', async () => {
    const text = page(400_000, 5);
    scene.on('/aborted', async (_request, answer) => {
      await answer.head(200, [PASSED, HTML, CHUNKED]);
      for (let at = 0; at < text.length; at += 20_000) await answer.chunk(text.slice(at, at + 20_000));
      await answer.raw('0\r\n\r\n');
    });
    scene.on('/aborted-stored', (_request, answer) => answer.send(200, [FRESH, HTML], text));
    for (let i = 0; i < 60; i++) {
      const client = await scene.open();
      const path = i % 2 === 0 ? '/aborted' : '/aborted-stored';
      client.send(requestText('GET', path, takes(CODINGS[i % 3])));
      if (i % 3 > 0) await client.head();
      if (i % 3 > 1) await client.reader.some(1000);
      client.close();
    }
    await idle();
    assert.equal(await contentOf(await scene.get('/aborted-stored', takes('br'))), text);
  });

  test('an answer that is cut short is cut short for its client too', async () => {
    const text = page(200_000, 9);
    for (const storage of [PASSED, FRESH]) {
      const path = `/cut-${storage[1]}`;
      scene.on(path, async (_request, answer) => {
        await answer.head(200, [storage, HTML, ['Content-Length', String(text.length)]]);
        await answer.raw(text.slice(0, 150_000));
        answer.close();
      });
      const client = await scene.open();
      client.send(requestText('GET', path, takes('gzip')));
      const head = await client.head();
      assert.ok(head);
      if (head.status === 200) assert.equal((await client.body(head)).complete, false);
      else assert.equal(head.status, 502);
    }
    await idle();
  });

  test('content that is not of its coding is an error, and never a whole answer', async () => {
    const text = page(100_000, 4);
    for (const storage of [PASSED, FRESH]) {
      for (const coding of CODINGS) {
        const coded = await encode(coding, text);
        const bodies = { garbage: Buffer.from(text), half: coded.subarray(0, coded.length >> 1) };
        for (const [name, body] of Object.entries(bodies)) {
          const path = `/wrong-${storage[1]}-${coding}-${name}`;
          scene.on(path, (_request, answer) => answer.send(200, [storage, HTML, ['Content-Encoding', coding]], body));
          const client = await scene.open();
          client.send(requestText('GET', path));
          const head = await client.head();
          assert.ok(head);
          if (head.status === 200) assert.equal((await client.body(head)).complete, false, path);
          else {
            assert.equal(head.status, 502, path);
            assert.match(head.get('proxy-status') ?? '', /http_response_content_coding/);
          }
          // whoever takes the coding gets what the origin sent
          const same = await scene.get(path, takes(coding));
          assert.deepEqual(same.body, body);
        }
      }
    }
    await idle();
  });

  test('content that decodes to far more than it should is given up', async () => {
    const bomb = brotliCompressSync(Buffer.alloc(300 * MB), { params: { 1: 5 } });
    scene.on('/bomb', (_request, answer) => answer.send(200, [FRESH, HTML, ['Content-Encoding', 'br']], bomb));
    const client = await scene.open();
    client.send(requestText('GET', '/bomb'));
    const head = await client.head();
    assert.ok(head);
    let bytes = 0;
    const response = await within(
      client.body(head, 'GET', (chunk) => {
        bytes += chunk.length;
      }),
      'the bomb',
    );
    assert.equal(response.complete, head.status === 502);
    assert.ok(bytes < 100 * MB, `${bytes} bytes`);
    await idle();
  });

  test('the first byte of a page comes no later than 5 ms after that of the same page uncoded', async () => {
    const text = page(100_000, 3);
    for (let i = 0; i < 40; i++) {
      scene.on(`/first-${i}`, (_request, answer) => answer.send(200, [FRESH, HTML], text));
    }
    const plain: number[] = [];
    const coded: number[] = [];
    for (let i = 0; i < 40; i++) {
      const times = i % 2 === 0 ? plain : coded;
      const started = performance.now();
      const client = await scene.open();
      client.send(requestText('GET', `/first-${i}`, i % 2 === 0 ? [] : takes(CODINGS[(i >> 1) % 3])));
      const head = await client.head();
      await client.reader.some(1);
      times.push(performance.now() - started);
      assert.equal(head?.get('content-encoding') === undefined, i % 2 === 0);
      client.close();
    }
    const median = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1];
    const added = median(coded) - median(plain);
    assert.ok(added < 5, `${added} ms`);
    await idle();
  });
}

const LARGE_TEXT = Buffer.from(BLOCK.repeat(LARGE / BLOCK.length));
const LARGE_HASH = createHash('sha256').update(LARGE_TEXT).digest('hex');

async function sendLarge(answer: Parameters<Parameters<Scene['on']>[1]>[1]): Promise<void> {
  await answer.head(200, [FRESH, HTML, CHUNKED]);
  for (let i = 0; i < LARGE / BLOCK.length; i++) await answer.chunk(BLOCK);
  await answer.raw('0\r\n\r\n');
}

/** Of the content of the next response. */
async function hashOf(client: Client, coding: Coding | 'identity'): Promise<string> {
  const head = await client.head();
  assert.equal(head?.get('content-encoding') ?? 'identity', coding);
  assert.ok(head);
  const hash = createHash('sha256');
  if (coding === 'identity') {
    await within(
      client.body(head, 'GET', (chunk) => void hash.update(chunk)),
      'a large body',
      20_000,
    );
    return hash.digest('hex');
  }
  const decoder = decoderOf(coding);
  decoder.on('data', (chunk: Buffer) => hash.update(chunk));
  const over = new Promise((resolve, reject) => decoder.once('end', resolve).once('error', reject));
  const response = await within(
    client.body(head, 'GET', (chunk) => void decoder.write(chunk)),
    'a large body',
    20_000,
  );
  decoder.end();
  await over;
  assert.equal(response.complete, true);
  return hash.digest('hex');
}

/** Text that hardly compresses, block by block. */
function* createNoise(bytes: number): Generator<Buffer> {
  let state = 12345;
  const block = Buffer.alloc(256 * 1024);
  for (let at = 0; at < bytes; at += block.length) {
    for (let i = 0; i < block.length; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      block[i] = state & 0xff;
    }
    yield Buffer.from(block);
  }
}
