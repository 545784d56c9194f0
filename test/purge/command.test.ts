// `lb purge` against an lb that runs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text as readText } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { cacheStatus, counted, type Field, startScene } from '../caching/scene.ts';
import { MAIN, spawnLb } from '../support/process.ts';

const scene = await startScene({ after });
const FRESH: Field = ['Cache-Control', 'max-age=600'];

async function run(...args: string[]) {
  const child = spawnLb({ after }, ['purge', ...args, '--admin', `127.0.0.1:${scene.lb.admin.port}`]);
  const code = await child.exit();
  return { code, stdout: child.stdout, stderr: child.stderr };
}

async function isStored(target: string): Promise<boolean> {
  return cacheStatus(await scene.get(target)) === 'lb; hit';
}

for (const path of ['/images/a', '/images/b', '/page'])
  scene.on(path, counted([FRESH, ['Cache-Tag', path.slice(1, 5)]]));

test('lb purge /images/*, lb purge --all, and a JSON answer', async () => {
  for (const path of ['/images/a', '/images/b', '/page']) await scene.get(path);
  assert.deepEqual(await run('/images/*'), { code: 0, stdout: 'purged /images/*\n', stderr: '' });
  assert.deepEqual(await Promise.all(['/images/a', '/images/b', '/page'].map(isStored)), [false, false, true]);
  const { code, stdout } = await run('/page', '--host', 'site.test', '--json');
  assert.equal(code, 0);
  const { scope, host, pattern, objects } = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual(
    { scope, host, pattern, objects },
    { scope: 'url', host: 'site.test', pattern: '/page', objects: 1 },
  );
  assert.equal(await isStored('/page'), false);
  const all = await run('--all');
  assert.equal(all.code, 0);
  assert.match(all.stdout, /^purged .*3 objects\n$/);
  assert.equal(await isStored('/images/a'), false);
});

test('lb purge --tag, and a list from standard input', async () => {
  for (const path of ['/images/a', '/images/b', '/page']) await scene.get(path);
  assert.deepEqual(await run('--tag', 'imag', '--tag', 'none', '--soft'), {
    code: 0,
    stdout: 'marked stale tag imag\nmarked stale tag none\n',
    stderr: '',
  });
  assert.deepEqual(await Promise.all(['/images/a', '/images/b', '/page'].map(isStored)), [false, false, true]);
  const list = 'tag:page\n# the rest\nhttp://site.test/images/*\n';
  const args = [MAIN, 'purge', '--file', '-', '--admin', `127.0.0.1:${scene.lb.admin.port}`];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(list);
  const [stdout, [code]] = await Promise.all([readText(child.stdout), once(child, 'close')]);
  assert.deepEqual([code, stdout], [0, 'purged tag page\npurged /images/* of site.test\n']);
  assert.deepEqual(await Promise.all(['/images/a', '/images/b', '/page'].map(isStored)), [false, false, false]);
});
