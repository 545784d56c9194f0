import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { type Field, startScene } from '../caching/scene.ts';
import { assets } from '../compress-background/assets.ts';
import { within } from '../support/cleanup.ts';
import { IS_LONG } from '../support/long.ts';

/** A browser that has compression dictionaries (Chrome 130 and later). */
const BROWSER = 'chromium';

/** In ms: it takes seconds to start where the machine has other work. */
const PATIENCE = 25_000;

const hasBrowser = spawnSync(BROWSER, ['--version']).status === 0;
const FRESH: Field = ['Cache-Control', 'max-age=600'];

/** Asks for the first version, then for the second one until that comes by way of the dictionary, and says what it saw. */
const pageFor = (coding: string) => `<!doctype html><script type="module">
const seen = [];
await (await fetch('/app/1.js')).text();
for (let i = 0; i < 40; i++) {
  const answer = await fetch('/app/2.js?' + i);
  const body = await answer.arrayBuffer();
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', body)).toHex();
  seen.push([answer.headers.get('content-encoding'), hash]);
  if (answer.headers.get('content-encoding') === '${coding}') break;
  await new Promise((resolve) => setTimeout(resolve, 100));
  if (i % 5 === 4) await (await fetch('/app/1.js?' + i)).text();
}
await fetch('/report', { method: 'POST', body: JSON.stringify(seen) });
</script>`;

test(
  'a browser takes a dictionary, names it, and reads what is coded by it: dcz',
  {
    skip: !hasBrowser && 'no Chromium',
  },
  (t) => browse(t, 'dcz', ['zstd', 'br', 'gzip']),
);

test('dcb', { skip: (!hasBrowser && 'no Chromium') || (!IS_LONG && 'LB_TEST_LONG is not set') }, (t) =>
  browse(t, 'dcb', ['br', 'zstd', 'gzip']),
);

async function browse(t: TestContext, coding: string, encodings: string[]): Promise<void> {
  // as small as a dictionary is to be for both codings on the way
  const first = assets()[0].body.subarray(0, 60_000);
  const next = Buffer.concat([Buffer.from('"the next version";'), first.subarray(1000)]);
  const dictionaries = [{ match: ['/app/*.js'], id: 'app' }];
  const scene = await startScene({ after }, { workers: 1, compression: { enabled: true, encodings, dictionaries } });
  const script: Field = ['Content-Type', 'text/javascript'];
  scene.on('/', (_, answer) => answer.send(200, [['Content-Type', 'text/html']], pageFor(coding)));
  scene.on('/app/1.js', (_, answer) => answer.send(200, [FRESH, script], first));
  scene.on('/app/2.js', (_, answer) => answer.send(200, [FRESH, script], next));
  const reported = new Promise<string>((resolve) => {
    scene.on('/report', async (request, answer) => {
      resolve((await request.body()).toString());
      await answer.send(200, [], 'thanks');
    });
  });
  open(t, `http://localhost:${scene.lb.port}/`);
  const seen = JSON.parse(await within(reported, 'the report of the page', PATIENCE)) as [string, string][];
  const hash = Buffer.from(await crypto.subtle.digest('SHA-256', next)).toString('hex');
  assert.deepEqual(seen.at(-1), [coding, hash], JSON.stringify(seen));
  assert.ok(seen.every(([, one]) => one === hash));
}

/** Has the browser open a page; it ends with the test. */
function open(t: TestContext, url: string): void {
  const profile = mkdtempSync(join(tmpdir(), 'lb-browser-'));
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--remote-debugging-port=0'];
  const browser: ChildProcess = spawn(BROWSER, [...flags, `--user-data-dir=${profile}`, url], {
    stdio: 'ignore',
    detached: true,
  });
  t.after(async () => {
    const ended = once(browser, 'exit');
    // its processes are a group of their own
    if (browser.pid !== undefined && browser.exitCode === null) process.kill(-browser.pid, 'SIGKILL');
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
  });
}
