// Tracing must never be in the way: collector away, silent or slow, lb ending, tracing off.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { counted, startScene } from '../caching/scene.ts';
import { until, within } from '../support/cleanup.ts';
import { startLb } from '../support/lb.ts';
import { freePort, startOrigin } from '../support/origin.ts';
import { spawnLb } from '../support/process.ts';
import { startCollector } from './collector.ts';

test('spans that nobody takes are dropped and counted, and requests go on', async (t) => {
  const tracing = { endpoint: `http://127.0.0.1:${await freePort()}`, sample: 1 };
  const scene = await startScene(t, { tracing });
  scene.on('/a', counted([['Cache-Control', 'max-age=60']]));
  const started = performance.now();
  for (let i = 0; i < 50; i++) assert.equal((await scene.get('/a')).status, 200);
  assert.ok(performance.now() - started < 5_000);
  const dropped = async () => (await scene.lb.admin.metrics()).get('lb_tracing_spans_dropped_total{worker="1"}') ?? 0;
  await until(async () => (await dropped()) >= 100, 'the spans to be dropped', 20_000);
});

test('the last spans arrive although lb ends at once', async (t) => {
  const collector = await startCollector(t);
  const origin = await startOrigin(t, (_request, answer) => answer.send(200, [], 'ok'));
  const closers: (() => void | Promise<void>)[] = [];
  const lb = await startLb(
    { after: (run) => void closers.push(run) },
    { origins: [origin.address], tracing: { endpoint: collector.endpoint, sample: 1 } },
  );
  await fetch(`http://127.0.0.1:${lb.port}/last`);
  for (const close of closers) await close();
  assert.ok(collector.spans.some(({ attributes }) => attributes['url.path'] === '/last'));
});

test('a collector that never answers does not hold up the end', async (t) => {
  const collector = await startCollector(t, true);
  const origin = await startOrigin(t, (_request, answer) => answer.send(200, [], 'ok'));
  const closers: (() => void | Promise<void>)[] = [];
  const lb = await startLb(
    { after: (run) => void closers.push(run) },
    { origins: [origin.address], tracing: { endpoint: collector.endpoint, sample: 1 } },
  );
  await fetch(`http://127.0.0.1:${lb.port}/last`);
  await within(Promise.all(closers.map(async (close) => close())), 'lb to end', 6_000);
});

test('no trace is begun with a sample of 0', async (t) => {
  const collector = await startCollector(t);
  const scene = await startScene(t, { tracing: { endpoint: collector.endpoint, sample: 0 } });
  scene.on('/none', counted([]));
  await scene.get('/none');
  await scene.get('/none', [['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01']]);
  await until(() => collector.spans.some(({ kind }) => kind === 'server'), 'the one that the client began');
  assert.equal(new Set(collector.spans.map(({ trace }) => trace)).size, 1);
});

test('nothing of OpenTelemetry is loaded where tracing is off', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lb-tracing-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  // in every thread, every module that is asked for is written to stderr
  const hook = `import { registerHooks } from 'node:module';
import { writeSync } from 'node:fs';
registerHooks({ resolve(specifier, context, next) {
  const found = next(specifier, context);
  if (found.url.includes('opentelemetry')) writeSync(2, 'LOADED ' + found.url + '\\n');
  return found;
} });`;
  const path = join(folder, 'hook.mjs');
  writeFileSync(path, hook);
  const collector = await startCollector(t);
  const loaded = async (env: Record<string, string>) => {
    const args = ['serve', '-b', '127.0.0.1:9', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--workers', '1'];
    const lb = spawnLb(t, [...args, '--cache-memory', '64MB'], {
      NODE_OPTIONS: `--import ${pathToFileURL(path).href}`,
      ...env,
    });
    while (!lb.stdout.includes('"lb serves"'))
      await within(once(lb.process.stdout, 'data'), `lb to serve: ${lb.stderr}`);
    return lb.stderr.split('\n').filter((line) => line.startsWith('LOADED') && !line.includes('/@opentelemetry/api/'));
  };
  // the package with the interfaces is a dependency of the one for Prometheus too
  const lines = await loaded({ LB_TRACING_ENDPOINT: '' });
  assert.deepEqual(
    lines.filter((line) => !line.includes('src/tracing/')),
    [],
  );
  const on = await loaded({ LB_TRACING_ENDPOINT: collector.endpoint });
  assert.ok(on.some((line) => line.includes('/@opentelemetry/sdk-trace/')));
});
