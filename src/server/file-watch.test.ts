import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FileWatch, type Watched } from './file-watch.ts';

/** Longest wait for what the system tells, in ms. */
const PATIENCE = 5000;

interface Watch {
  readonly root: string;
  readonly watch: FileWatch;
  readonly failed: string[];
  /** Does something and waits until it is told of. */
  readonly told: (change: () => void) => Promise<void>;
}

/** @param files and folders, below the folder that `make` fills */
function watching(t: TestContext, make: (root: string) => void, { files, folders }: Watched): Watch {
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'lb-watch-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  make(root);
  const failed: string[] = [];
  let tell = () => {};
  const watch = new FileWatch(
    () => tell(),
    (folder) => failed.push(folder),
  );
  t.after(() => watch.stop());
  const within = (name: string) => join(root, name);
  watch.set({ files: files.map(within), folders: folders.map(within) });
  const told = (change: () => void) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error('nothing was told')), PATIENCE);
    tell = () => {
      clearTimeout(timer);
      resolve();
    };
    change();
    return promise;
  };
  return { root, watch, failed, told };
}

const put = (root: string, name: string, text = 'x') => writeFileSync(join(root, name), text);

test('a file that is written, replaced, removed, put there again', async (t) => {
  const { root, told } = watching(t, (folder) => put(folder, 'a'), { files: ['a'], folders: [] });
  await told(() => put(root, 'a', 'y'));
  put(root, '.a.swp');
  put(root, 'a.new');
  await told(() => renameSync(join(root, 'a.new'), join(root, 'a')));
  await told(() => rmSync(join(root, 'a')));
  await told(() => put(root, 'a'));
});

test('a link to a file elsewhere: its target is written, and the link is turned', async (t) => {
  const make = (root: string) => {
    mkdirSync(join(root, 'etc'));
    mkdirSync(join(root, 'elsewhere'));
    put(root, 'elsewhere/a');
    put(root, 'elsewhere/b');
    symlinkSync('../elsewhere/a', join(root, 'etc/a'));
  };
  const { root, told } = watching(t, make, { files: ['etc/a'], folders: [] });
  await told(() => put(root, 'elsewhere/a', 'y'));
  await told(() => {
    symlinkSync('../elsewhere/b', join(root, 'etc/next'));
    renameSync(join(root, 'etc/next'), join(root, 'etc/a'));
  });
});

test('folders behind links, as Kubernetes and deployments turn them', async (t) => {
  const make = (root: string) => {
    for (const name of ['..1', '..2', 'releases', 'releases/1', 'releases/2']) mkdirSync(join(root, name));
    for (const name of ['..1/a', '..2/a', 'releases/1/b', 'releases/2/b']) put(root, name);
    symlinkSync('..1', join(root, '..data'));
    symlinkSync('..data/a', join(root, 'a'));
    symlinkSync('releases/1', join(root, 'current'));
  };
  const { root, told } = watching(t, make, { files: ['a', 'current/b'], folders: [] });
  const turn = (name: string, target: string) => () => {
    symlinkSync(target, join(root, 'turned'));
    renameSync(join(root, 'turned'), join(root, name));
  };
  await told(turn('..data', '..2'));
  await told(turn('current', 'releases/2'));
});

test('a folder of which all counts: files and folders that come, and what is in them', async (t) => {
  const make = (root: string) => mkdirSync(join(root, 'certs/old'), { recursive: true });
  const { root, watch, told } = watching(t, make, { files: [], folders: ['certs'] });
  await told(() => put(root, 'certs/a.crt'));
  await told(() => put(root, 'certs/old/fullchain.pem'));
  await told(() => mkdirSync(join(root, 'certs/new')));
  watch.set({ files: [], folders: [join(root, 'certs')] });
  await told(() => put(root, 'certs/new/fullchain.pem'));
});

test('a folder that another one has come in the place of', async (t) => {
  const make = (root: string) => {
    mkdirSync(join(root, 'etc'));
    put(root, 'etc/a');
  };
  const { root, watch, told } = watching(t, make, { files: ['etc/a'], folders: [] });
  await told(() => {
    rmSync(join(root, 'etc'), { recursive: true });
    make(root);
  });
  watch.set({ files: [join(root, 'etc/a')], folders: [] });
  await told(() => put(root, 'etc/a', 'y'));
});

test('a change is told of although other files are set meanwhile', async (t) => {
  const { root, watch, told } = watching(t, (folder) => put(folder, 'a'), { files: ['a'], folders: [] });
  await told(() => {
    put(root, 'a', 'y');
    // the system has told, and the files are still left alone
    setTimeout(() => watch.set({ files: [join(root, 'b')], folders: [] }), 20);
  });
});

test('what cannot be watched is said, and the rest is watched', async (t) => {
  const { root, failed, told } = watching(t, (folder) => put(folder, 'a'), { files: ['none/b', 'a'], folders: ['no'] });
  assert.deepEqual(failed, [join(root, 'none'), join(root, 'no')]);
  await told(() => put(root, 'a', 'y'));
});
