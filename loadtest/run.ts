import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ending } from '../bench/ending.ts';
import { drive, type Load } from './drive.ts';
import { judge, type Scenario, type Verdict } from './scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { isLoopback, startTarget, type Target } from './target.ts';

const HELP = `Puts lb under load and checks what comes back against thresholds.

Examples:
  node loadtest/run.ts                       every scenario, each against an lb of its own
  node loadtest/run.ts hits purge-storm --seconds 30
  node loadtest/run.ts mixed --url http://127.0.0.1:8080 --admin http://127.0.0.1:9900

Scenarios:
${SCENARIOS.map(({ name, prose }) => `  ${name.padEnd(14)}${prose}`).join('\n')}

Options:
  --seconds N       length of each scenario, 1 to 600 (default 5)
  --connections N   1 to 1000 (default 32)
  --url URL         an lb that runs already, in front of: node loadtest/origin.ts
  --admin URL       its admin listener (default http://127.0.0.1:9900)
  --allow-remote    allow a --url or --admin beyond this machine's loopback
  --k6              let k6 make the load, by the scripts in loadtest/k6
  --json            print figures and verdicts as JSON, one line per scenario

The variable LB_ADMIN_TOKEN is sent to the admin listener. Exit codes: 0 all thresholds kept, 1 one broken, 2 wrong usage.
`;

/** Time beyond the load itself that a scenario may take before the run is given up. */
const SLACK_SECONDS = 60;

class UsageError extends Error {}

interface Options extends Load {
  scenarios: readonly Scenario[];
  url?: string;
  admin: string;
  allowRemote: boolean;
  k6: boolean;
  json: boolean;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  let broken = false;
  for (const scenario of options.scenarios) {
    const kept = await bounded(options.seconds + SLACK_SECONDS, scenario, options);
    broken ||= !kept;
  }
  return broken ? 1 : 0;
}

/** Runs one scenario on a target that it starts and ends; gives whether all thresholds were kept. */
async function bounded(seconds: number, scenario: Scenario, options: Options): Promise<boolean> {
  const target = options.url === undefined ? await startTarget() : given(options.url, options.admin);
  const timer = setTimeout(() => {
    process.stderr.write(`${scenario.name}: no end after ${seconds} s\n`);
    void target.close().finally(() => process.exit(1));
  }, seconds * 1000);
  return ending(
    () => (options.k6 ? byK6(scenario, target, options) : byAutocannon(scenario, target, options)),
    () => {
      clearTimeout(timer);
      return target.close();
    },
  );
}

function given(url: string, admin: string): Target {
  return { url, admin, close: () => Promise.resolve() };
}

async function byAutocannon(scenario: Scenario, target: Target, options: Options): Promise<boolean> {
  const measured = await drive(scenario, target, options);
  const verdicts = judge(scenario, measured);
  const output = options.json
    ? JSON.stringify({ scenario: scenario.name, measured, verdicts })
    : text(scenario, verdicts);
  process.stdout.write(`${output}\n`);
  return verdicts.every(({ kept }) => kept);
}

async function byK6(scenario: Scenario, target: Target, options: Options): Promise<boolean> {
  const script = fileURLToPath(new URL(`k6/${scenario.name}.js`, import.meta.url));
  const k6 = spawn('k6', ['run', '--quiet', '--no-usage-report', script], {
    env: {
      ...process.env,
      SECONDS: String(options.seconds),
      CONNECTIONS: String(options.connections),
      LB_URL: target.url,
      LB_ADMIN_URL: target.admin,
      ALLOW_REMOTE: options.allowRemote ? '1' : '',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(k6, 'exit')) as [number | null];
  return code === 0;
}

function text({ name, prose }: Scenario, verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ name: figure, value, limit, kept }) => {
    const shown = value === undefined ? 'not known' : String(Math.round(value * 1000) / 1000);
    return `  ${kept ? 'kept  ' : 'BROKEN'}  ${figure.padEnd(28)}${shown.padStart(12)}   ${limit}`;
  });
  return [`${name}: ${prose}`, ...lines].join('\n');
}

function readOptions(argv: readonly string[]): Options | undefined {
  const { values, positionals } = parse(argv);
  if (values.help) return undefined;
  const unknown = positionals.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown !== undefined) throw new UsageError(`no scenario is called ${unknown}`);
  const admin = values.admin ?? 'http://127.0.0.1:9900';
  for (const url of [values.url, admin]) {
    if (url !== undefined && !URL.canParse(url)) throw new UsageError(`${url} is no URL`);
    if (url !== undefined && !values['allow-remote'] && !isLoopback(url)) {
      throw new UsageError(`${url} is not this machine: load goes elsewhere only with --allow-remote`);
    }
  }
  return {
    scenarios: positionals.length === 0 ? SCENARIOS : SCENARIOS.filter(({ name }) => positionals.includes(name)),
    seconds: count('--seconds', values.seconds ?? '5', 600),
    connections: count('--connections', values.connections ?? '32', 1000),
    token: process.env.LB_ADMIN_TOKEN,
    url: values.url,
    admin,
    allowRemote: values['allow-remote'] === true,
    k6: values.k6 === true,
    json: values.json === true,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        seconds: { type: 'string' },
        connections: { type: 'string' },
        url: { type: 'string' },
        admin: { type: 'string' },
        'allow-remote': { type: 'boolean' },
        k6: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function count(option: string, given: string, most: number): number {
  const number = /^\d{1,4}$/.test(given) ? Number(given) : 0;
  if (number < 1 || number > most)
    throw new UsageError(`${option} takes a whole number from 1 to ${most}, not ${given}`);
  return number;
}

try {
  process.exitCode = await main();
} catch (error) {
  const usage = error instanceof UsageError;
  process.stderr.write(`loadtest: ${(error as Error).message}${usage ? '\n\nTry --help.' : ''}\n`);
  process.exitCode = usage ? 2 : 1;
}
