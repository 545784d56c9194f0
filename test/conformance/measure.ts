import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Cleanup, within } from '../support/cleanup.ts';
import { type Settings, startLb } from '../support/lb.ts';
import { type RawResults, SUITE } from './suite.ts';
import { crowdOut, type Tier, withTiers } from './tiers.ts';

/** Far above the few seconds that a run takes. */
const RUN_TIMEOUT_MS = 60_000;

/** What a run of the suite found. */
export interface Measured {
  results: RawResults;
  /** Answers of the suite that came from the disk; 0 without one. */
  fromDisk: number;
}

/** Runs the suite, or some of its tests, against a new lb with these settings in front of a new origin of the suite. */
export async function measure(t: Cleanup, settings: Settings, ids: readonly string[] = []): Promise<RawResults> {
  return (await measureWith(t, settings, [], ids)).results;
}

/** The same with tiers on that are off by default. */
export async function measureWith(
  t: Cleanup,
  settings: Settings,
  tiers: readonly Tier[],
  ids: readonly string[] = [],
): Promise<Measured> {
  const port = await startSuiteOrigin(t);
  const lb = await startLb(t, await withTiers(t, { origins: [`127.0.0.1:${port}`], ...settings }, tiers));
  const crowd = tiers.includes('disk') ? crowdOut(lb) : undefined;
  const results = await runSuite(t, `http://127.0.0.1:${lb.port}`, ids);
  return { results, fromDisk: (await crowd?.stop()) ?? 0 };
}

/** Starts the suite's origin server on a free port, which is what it gets to. It is killed after the test. */
async function startSuiteOrigin(t: Cleanup): Promise<number> {
  const child = spawn(process.execPath, [join(SUITE, 'server/server.mjs')], {
    // it also serves the files of its working folder; its settings are where npm would put them
    cwd: SUITE,
    env: { npm_config_protocol: 'http', npm_config_port: '0', npm_config_pidfile: '/dev/null' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < 1000) said += text;
  });
  const listening = () => /^Listening on .*:(\d+)\/$/m.exec(said)?.[1];
  const died = ended.then(() => {
    throw new Error(`the suite's origin ended: ${said}`);
  });
  const started = (async () => {
    while (listening() === undefined) await Promise.race([once(child.stdout, 'data'), died]);
  })();
  died.catch(() => {});
  await within(started, "the suite's origin");
  return Number(listening());
}

async function runSuite(t: Cleanup, base: string, ids: readonly string[]): Promise<RawResults> {
  const program = join(import.meta.dirname, 'run-suite.ts');
  const child = spawn(process.execPath, [program, base, ...ids], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => void child.kill('SIGKILL'));
  const ended = once(child, 'close') as Promise<[number | null]>;
  const [[code], stdout, stderr] = await within(
    Promise.all([ended, text(child.stdout), text(child.stderr)]),
    "the suite's client",
    RUN_TIMEOUT_MS,
  );
  if (code !== 0) throw new Error(`the suite's client failed: ${stderr}`);
  return JSON.parse(stdout) as RawResults;
}
