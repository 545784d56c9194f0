// Live commands on a terminal, by way of script(1).
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { after, test } from 'node:test';
import { startAdmin } from '../../src/admin/server.ts';
import type { AccessLine, LineListener, LineSource } from '../../src/stats/access-log.ts';
import { counted, startScene } from '../caching/scene.ts';
import { adminDeps } from '../support/admin-deps.ts';
import { until, within } from '../support/cleanup.ts';
import { MAIN, spawnLb } from '../support/process.ts';

const hasScript = spawnSync('script', ['--version']).status === 0;
const scene = await startScene({ after });
scene.on('/page', counted([['Cache-Control', 'max-age=60']]));

for (const [command, shown] of [
  ['top', 'site.test/page'],
  ['stats', 'cache_hits_total'],
] as const) {
  test(`lb ${command} draws, hears keys and gives the terminal back`, {
    skip: hasScript ? false : 'no script(1)',
  }, async (t) => {
    const line = `stty cols 100 rows 30; ${process.execPath} ${MAIN} ${command} --interval 200ms; echo "code $?"`;
    const child = spawn('script', ['-qefc', line, '/dev/null'], {
      env: { ...process.env, LB_ADMIN: `127.0.0.1:${scene.lb.admin.port}`, TERM: 'xterm', NO_COLOR: '1' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    t.after(() => void child.kill('SIGKILL'));
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await until(async () => {
      await scene.get('/page');
      return text.includes(shown);
    }, `${shown} on the screen`);
    assert.ok(text.includes('\x1b[?1049h'), 'an own screen');
    if (command === 'top') {
      child.stdin.write('b');
      await until(() => text.includes('by bytes'), 'the other order');
    }
    child.stdin.write('q');
    await within(new Promise((resolve) => child.once('exit', resolve)), 'the end');
    assert.ok(text.includes('\x1b[?1049l'), 'the former screen');
    assert.match(text, /code 0/);
  });
}

test('lb logs --tail goes on when lb comes back, and Ctrl-C ends it with 130', async (t) => {
  let listening = new Set<LineListener>();
  const lines: LineSource = {
    listen: (one) => {
      listening.add(one);
      return () => void listening.delete(one);
    },
  };
  const first = await startAdmin(adminDeps({ lines }));
  const { port } = first.address;
  const child = spawnLb(t, ['logs', '--tail', '--json'], { LB_ADMIN: `127.0.0.1:${port}` });
  const say = (path: string) => {
    for (const one of listening)
      one.onLine({ time: '', event: 'access', status: 200, cache: 'HIT', path } as AccessLine);
  };
  await until(() => listening.size === 1, 'the reader');
  say('/before');
  await until(() => child.stdout.includes('/before'), 'a line');
  await first.close();
  await until(() => child.stderr.includes('waiting for it to come back'), 'the note');
  listening = new Set();
  const second = await startAdmin(adminDeps({ lines, config: { host: '127.0.0.1', port } }));
  t.after(() => second.close());
  await until(() => listening.size === 1, 'the reader to come back');
  say('/after');
  await until(() => child.stdout.includes('/after'), 'a line of the other');
  child.signal('SIGINT');
  assert.equal(await child.exit(), 130);
});
