// Files that change while they are sent: the old ones whole, or a cut; never something of both.
import assert from 'node:assert/strict';
import { appendFileSync, renameSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { asker, Folder } from './folder.ts';

const SIZE = 2 * 1024 * 1024;
const OLD = Buffer.alloc(SIZE, 'o');
const NEW = Buffer.alloc(SIZE, 'n');

/** What comes of a file that is changed once its first block has been sent. */
async function changed(folder: Folder, change: (path: string) => void) {
  folder.put({ 'big.bin': OLD });
  let isChanged = false;
  return asker(folder.root)(
    '/big.bin',
    {},
    {
      taken(controller) {
        if (isChanged) return;
        isChanged = true;
        controller.pause();
        change(join(folder.root, 'big.bin'));
        setImmediate(() => controller.resume());
      },
    },
  );
}

test('a file that is replaced goes out as it was', async (t) => {
  const folder = new Folder(t);
  const { error, body } = await changed(folder, (path) => {
    writeFileSync(`${path}.new`, NEW);
    renameSync(`${path}.new`, path);
  });
  assert.equal(error, undefined);
  assert.ok(body.equals(OLD));
});

const CUTS: Record<string, (path: string) => void> = {
  'cut short': (path) => truncateSync(path, SIZE / 2),
  'cut to nothing': (path) => truncateSync(path, 0),
  'written over': (path) => writeFileSync(path, NEW),
  'added to': (path) => appendFileSync(path, 'more'),
  'cut and made as long again': (path) => {
    truncateSync(path, 10);
    truncateSync(path, SIZE);
  },
  touched: (path) => utimesSync(path, 1, 1),
};

for (const [how, change] of Object.entries(CUTS)) {
  test(`a file that is ${how} is cut`, async (t) => {
    const { status, error, body, headers } = await changed(new Folder(t), change);
    assert.equal(status, 200);
    assert.equal(headers['content-length'], String(SIZE));
    assert.ok(error !== undefined);
    assert.ok(body.length < SIZE && body.equals(OLD.subarray(0, body.length)));
  });
}

test('a small file that is written over again and again is never mixed', async (t) => {
  const folder = new Folder(t, { 'a.txt': OLD.subarray(0, 60_000) });
  const ask = asker(folder.root);
  const path = join(folder.root, 'a.txt');
  let isOver = false;
  const writing = (async () => {
    for (let i = 0; !isOver; i++) {
      writeFileSync(path, (i % 2 === 0 ? NEW : OLD).subarray(0, 30_000 + (i % 3) * 10_000));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  for (let i = 0; i < 200; i++) {
    const { status, headers, body, error } = await ask('/a.txt');
    if (error !== undefined) continue;
    assert.equal(status, 200);
    assert.equal(body.length, Number(headers['content-length']));
    assert.ok(
      body.every((byte) => byte === body[0]),
      'bytes of two versions',
    );
  }
  isOver = true;
  await writing;
});

test('one who stops taking holds the reading back, and one who goes ends it', async (t) => {
  const folder = new Folder(t, { 'big.bin': Buffer.alloc(8 * 1024 * 1024, 'x') });
  let taken = 0;
  const asked = asker(folder.root)(
    '/big.bin',
    {},
    {
      taken(controller, bytes) {
        taken += bytes;
        if (taken === bytes) {
          controller.pause();
          setTimeout(() => {
            assert.equal(taken, bytes, 'nothing comes while it is held back');
            controller.abort(new Error('gone'));
          }, 50);
        }
      },
    },
  );
  assert.equal((await asked).error?.message, 'gone');
  assert.ok(taken <= 256 * 1024);
});
