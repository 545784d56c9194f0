// The challenge's page in a browser, over HTTP and HTTPS.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';
import { within } from '../support/cleanup.ts';
import { certificateFolder, securePort } from '../tls/site.ts';

const BROWSER = 'chromium';

/** In ms: it takes seconds to start where the machine has other work. */
const PATIENCE = 25_000;

const HTML: Field[] = [['Content-Type', 'text/html']];

const hasBrowser = spawnSync(BROWSER, ['--version']).status === 0;

test('a browser passes by itself, over HTTPS and HTTP', { skip: !hasBrowser && 'no Chromium' }, async (t) => {
  const folder = await certificateFolder(t);
  await folder.put('first', ['localhost']);
  const scene = await startScene(t, {
    tls: { listen: '127.0.0.1:0', folder: folder.path },
    addons: { bots: { actions: { headless: 'challenge', browser: 'challenge' }, challenge: { difficulty: 12 } } },
  });
  const reached = (path: string, page: string) =>
    new Promise<string>((resolve) => {
      scene.on(path, (request, answer) => {
        resolve(request.get('cookie') ?? '');
        return answer.send(200, HTML, page);
      });
    });
  const next = `http://127.0.0.1:${scene.lb.port}/plain?b=2`;
  const secure = reached('/secure', `<!doctype html><script>location = ${JSON.stringify(next)}</script>`);
  const plain = reached('/plain', 'thanks');
  open(t, `https://localhost:${securePort(scene.lb)}/secure?a=1#part`);
  assert.match(await within(secure, 'the page behind the challenge', PATIENCE), /^lb_clearance=[\w.-]+$/);
  assert.match(await within(plain, 'the page over HTTP', PATIENCE), /^lb_clearance_http=[\w.-]+$/);
  const targets = scene.origin.requests.map(({ target }) => target).filter((target) => target !== '/favicon.ico');
  assert.deepEqual(targets, ['/secure?a=1', '/plain?b=2']);
});

/** Has the browser open a page; it ends with the test. */
function open(t: TestContext, url: string): void {
  const profile = mkdtempSync(join(tmpdir(), 'lb-browser-'));
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--remote-debugging-port=0'];
  const more = ['--ignore-certificate-errors', `--user-data-dir=${profile}`, url];
  const browser: ChildProcess = spawn(BROWSER, [...flags, ...more], { stdio: 'ignore', detached: true });
  t.after(async () => {
    const ended = once(browser, 'exit');
    // its processes are a group of their own
    if (browser.pid !== undefined && browser.exitCode === null) process.kill(-browser.pid, 'SIGKILL');
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
  });
}
