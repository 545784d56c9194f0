// Nothing outside of the folder, and nothing hidden in it, however it is asked for.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { Cleanup } from '../support/cleanup.ts';
import { openClient } from '../support/client.ts';
import { startLb } from '../support/lb.ts';
import { ATTACKS } from './attacks.ts';
import { asker, Folder } from './folder.ts';

const SECRET = 'SECRET-OF-SOMEONE-ELSE';

/** A folder with secrets beside it and hidden in it. */
function guarded(t: Cleanup): Folder {
  const folder = new Folder(t, {
    'index.html': 'home',
    'a/index.html': 'a',
    'a/b/c.txt': 'c',
    '.env': SECRET,
    '.git/config': SECRET,
    'a/.htpasswd': SECRET,
    '.well-known/security.txt': 'contact',
    '.well-known/.hidden': SECRET,
  });
  writeFileSync(join(folder.base, 'secret.txt'), SECRET);
  mkdirSync(join(folder.base, 'root-beside'));
  writeFileSync(join(folder.base, 'root-beside', 'secret.txt'), SECRET);
  symlinkSync('../secret.txt', join(folder.root, 'link.txt'));
  symlinkSync('..', join(folder.root, 'up'));
  symlinkSync(join(folder.base, 'root-beside'), join(folder.root, 'beside'));
  symlinkSync('/', join(folder.root, 'slash'));
  symlinkSync('loop', join(folder.root, 'loop'));
  symlinkSync('a/b', join(folder.root, 'within'));
  symlinkSync(join(folder.root, 'a'), join(folder.root, 'absolute'));
  return folder;
}

const folder = guarded({ after });
const ask = asker(folder.root);

test('links that stay within are followed, others lead nowhere', async () => {
  for (const path of ['/within/c.txt', '/absolute/b/c.txt']) assert.equal((await ask(path)).body.toString(), 'c');
  for (const path of ['/link.txt', '/up/secret.txt', '/beside/secret.txt', '/slash/etc/passwd', '/loop', '/up/', '/up'])
    assert.equal((await ask(path)).status, 404, path);
});

test('a link that leads out and back in is within', async () => {
  assert.equal((await ask('/up/root/a/b/c.txt')).body.toString(), 'c');
});

test('hidden names', async () => {
  for (const path of ['/.env', '/.git/config', '/.git/', '/a/.htpasswd', '/.well-known/.hidden', '/%2eenv', '/.'])
    assert.equal((await ask(path)).status, 404, path);
  assert.equal((await ask('/.well-known/security.txt')).body.toString(), 'contact');
  assert.equal((await ask('/a/.well-known/x')).status, 404);
  const open = asker(folder.root, { static_dotfiles: true });
  assert.equal((await open('/.env')).body.toString(), SECRET);
  for (const path of ['/..', '/../secret.txt', '/.', '/a/../../secret.txt'])
    assert.equal((await open(path)).status, 404, path);
});

test('the root may be a link, and lead elsewhere from one request to the next', async (t) => {
  const { base, root } = new Folder(t, { 'one/a.txt': '1', 'two/a.txt': '2' });
  const current = join(base, 'current');
  symlinkSync(join(root, 'one'), current);
  const released = asker(current);
  assert.equal((await released('/a.txt')).body.toString(), '1');
  symlinkSync(join(root, 'two'), `${current}.new`);
  renameSync(`${current}.new`, current);
  assert.equal((await released('/a.txt')).body.toString(), '2');
  rmSync(current);
  assert.equal((await released('/a.txt')).status, 503);
});

test('what is no file: sockets, FIFOs, devices by a link', async (t) => {
  const { root } = new Folder(t);
  execFileSync('mkfifo', [join(root, 'fifo')]);
  symlinkSync('/dev/zero', join(root, 'zero'));
  const special = asker(root);
  for (const path of ['/fifo', '/zero']) assert.equal((await special(path)).status, 404, path);
});

test('a corpus of known attacks', async () => {
  for (const path of ATTACKS) {
    const { status, body } = await ask(path);
    assert.ok(!body.includes(SECRET) && !body.includes('root:'), path);
    assert.ok([404, 200, 301].includes(status), `${status} for ${path}`);
    if (status !== 404) assert.match(path, /^\/(?:a|$)/, path);
  }
});

test('the same corpus over a socket, with and without a cached answer', async (t) => {
  const lb = await startLb(t, { static_root: folder.root });
  for (const path of ATTACKS) {
    if (/[^\x21-\x7e]/.test(path)) continue;
    for (let i = 0; i < 2; i++) {
      const client = await openClient(t, lb.port);
      client.send(`GET ${path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n`);
      const { status, body } = await client.response();
      assert.ok([400, 404, 200, 301].includes(status), `${status} for ${path}`);
      assert.ok(!body.includes(SECRET) && !body.includes('root:'), path);
    }
  }
});

test('paths made at random of what attacks are made of', async () => {
  const names = [
    '..',
    '.',
    '',
    'a',
    'b',
    'c.txt',
    'up',
    'root',
    'beside',
    'secret.txt',
    '.env',
    '.git',
    'etc',
    'slash',
  ];
  const coded = fc
    .tuple(fc.constantFrom(...names), fc.constantFrom('as is', 'once', 'twice', 'long', 'u', 'half'))
    .map(([name, how]) => encoded(name, how));
  const slash = fc.constantFrom(
    '/',
    '/',
    '//',
    '\\',
    '%2f',
    '%5c',
    '%252f',
    '/./',
    '/%2e/',
    ';/',
    '%00/',
    '/%00',
    '?/',
  );
  const path = fc
    .array(fc.tuple(slash, coded), { minLength: 1, maxLength: 7 })
    .map((parts) => `/${parts.map(([before, name], at) => (at === 0 ? '' : before) + name).join('')}`);
  const property = fc.asyncProperty(path, fc.boolean(), async (target, dotfiles) => {
    const { status, body } = dotfiles ? await openAsk(target) : await ask(target);
    assert.ok([404, 200, 301].includes(status), `${status} for ${target}`);
    if (!dotfiles) assert.ok(!body.includes(SECRET), target);
    else if (body.includes(SECRET)) assert.match(target, /\.env|%2e|\.git/i);
  });
  const openAsk = asker(folder.root, { static_dotfiles: true });
  await fc.assert(property, { numRuns: 1500 });
});

/** One name in one of the ways in which it may be written. */
function encoded(name: string, how: string): string {
  const bytes = (text: string) =>
    [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  if (how === 'once') return bytes(name);
  if (how === 'twice') return bytes(bytes(name));
  if (how === 'long') return name.replaceAll('.', '%c0%ae');
  if (how === 'u') return name.replaceAll('.', '%u002e');
  return how === 'half' ? name.replace('.', '%2e') : name;
}

test('a link that is put in between while files are opened never leads out', async (t) => {
  const { base, root } = new Folder(t, { 'real/f.txt': 'inside', 'f.txt': 'inside' });
  writeFileSync(join(base, 'f.txt'), SECRET);
  linkSync(join(root, 'f.txt'), join(root, 'hard.txt'));
  const racing = asker(root);
  const folderPath = join(root, 'turn');
  let isOver = false;
  const asking = (async () => {
    let inside = 0;
    for (let i = 0; i < 400; i++) {
      const { status, body } = await racing('/turn/f.txt');
      assert.ok(status === 404 || body.toString() === 'inside', body.toString());
      if (status === 200) inside++;
    }
    isOver = true;
    return inside;
  })();
  for (let i = 0; !isOver; i++) {
    symlinkSync(i % 2 === 0 ? 'real' : '..', `${folderPath}.new`);
    renameSync(`${folderPath}.new`, folderPath);
    await new Promise(setImmediate);
  }
  assert.ok((await asking) > 0);
});
