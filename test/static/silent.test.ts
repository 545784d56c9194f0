// A disk that does not answer, or a mount whose server is away: nobody waits for ever.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, open, openSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { Cleanup } from '../support/cleanup.ts';
import { asker, Folder } from './folder.ts';

/** Threads of Node's pool, each of which one file that does not open holds up. */
const THREADS = Number(process.env.UV_THREADPOOL_SIZE ?? 4);

/** Nothing can be read until the function that comes back is called. */
function stall(t: Cleanup): () => Promise<void> {
  const { base } = new Folder(t);
  const names = Array.from({ length: THREADS }, (_, at) => join(base, `fifo-${at}`));
  execFileSync('mkfifo', names);
  const opening = names.map((name) => promisify(open)(name, constants.O_RDONLY));
  return async () => {
    // whoever opens it for writing lets the reader go on
    const writers = names.map((name) => openSync(name, constants.O_RDWR | constants.O_NONBLOCK));
    for (const reader of await Promise.all(opening)) closeSync(reader);
    for (const writer of writers) closeSync(writer);
  };
}

test('before the head: an error in time, and the folder goes on afterwards', async (t) => {
  const { root } = new Folder(t, { 'a.txt': 'a' });
  const ask = asker(root, { timeouts: { first_byte: '500ms' } });
  assert.equal((await ask('/a.txt')).status, 200);
  const release = stall(t);
  const late = await ask('/a.txt');
  assert.deepEqual([late.status, (late.error as NodeJS.ErrnoException).code], [0, 'UND_ERR_HEADERS_TIMEOUT']);
  await release();
  assert.equal((await ask('/a.txt')).body.toString(), 'a');
});

test('within the body: it is cut', async (t) => {
  const { root } = new Folder(t, { 'a.bin': Buffer.alloc(1 << 20) });
  let release: (() => Promise<void>) | undefined;
  const late = await asker(root, { timeouts: { between_bytes: '100ms' } })(
    '/a.bin',
    {},
    {
      taken: () => {
        release ??= stall(t);
      },
    },
  );
  assert.deepEqual([late.status, (late.error as NodeJS.ErrnoException).code], [200, 'UND_ERR_BODY_TIMEOUT']);
  assert.ok(late.body.length < 1 << 20);
  await release?.();
});
