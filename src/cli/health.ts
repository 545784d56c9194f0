/**
 * `lb health`: whether a running lb is ready, for HEALTHCHECK and scripts. It is not part of the program that commander
 * builds, since it must start fast; program.ts describes it for help and completion.
 */

import { get } from 'node:http';
import { parseArgs } from 'node:util';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';

export const HEALTH_DESCRIPTION = 'Say whether a running lb is ready: exit code 0 or 1';

const HELP = `Examples:
  lb health                      exit code 0 when lb serves requests, 1 when it does not
  lb health --live               0 as long as the process answers at all
  lb health --json
  HEALTHCHECK CMD ["lb", "health"]

Usage: lb health [options]

${HEALTH_DESCRIPTION}

Options:
  --live               ask whether the process answers, not whether it is ready
  --timeout <SECONDS>  how long to wait for the answer (default: 3)
  --admin <ADDR:PORT>  admin address of lb (LB_ADMIN, else admin of lb.json, else 127.0.0.1:9900)
  -c, --config <FILE>  settings file of lb (default: lb.json in this folder, LB_CONFIG)
  --json               print lb's answer
  -h, --help           print this help
`;

const OPTIONS = {
  live: { type: 'boolean' },
  json: { type: 'boolean' },
  timeout: { type: 'string', default: '3' },
  admin: { type: 'string' },
  config: { type: 'string', short: 'c' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @returns the exit code: 0 healthy, 1 not, 2 wrong use */
export async function health(args: readonly string[], io: Io): Promise<number> {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    io.stderr.write(`lb: ${(error as Error).message}\n`);
    return EXIT.usage;
  }
  if (values.help) {
    io.stdout.write(HELP);
    return EXIT.ok;
  }
  const timeout = Number(values.timeout) * 1000;
  if (!(timeout > 0)) {
    io.stderr.write(`lb: --timeout: "${values.timeout}" is no number of seconds\n`);
    return EXIT.usage;
  }
  const { host, port } = await address(values, io);
  const path = values.live ? '/livez' : '/readyz';
  try {
    const { status, text } = await ask(host, port, path, timeout);
    io.stdout.write(values.json ? `${text.trim()}\n` : describe(status, text));
    return status === 200 ? EXIT.ok : EXIT.failure;
  } catch (error) {
    io.stderr.write(`lb: not healthy: ${host}:${port} ${reasonOf(error as NodeJS.ErrnoException, values.timeout)}\n`);
    return EXIT.failure;
  }
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false }).values;
}

/** Settings are read from lb.json only where nothing nearer says where lb is. */
async function address({ admin, config }: { admin?: string; config?: string }, io: Io) {
  const text = admin ?? io.env.LB_ADMIN;
  const match = /^(?:\[([\da-f:.]+)\]:|([^:[\]]+):)?(\d{1,5})$/i.exec(text ?? '');
  if (match !== null) {
    const host = match[1] ?? match[2] ?? '127.0.0.1';
    return { host: { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host, port: Number(match[3]) };
  }
  const { findAdmin } = await import('./admin-client.ts');
  return findAdmin({ admin, config }, io);
}

function ask(host: string, port: number, path: string, timeout: number): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeout);
    const asked = get({ host, port, path, agent: false, signal }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        if (text.length < 65_536) text += chunk;
      });
      response.on('error', reject).on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on('error', reject);
  });
}

function describe(status: number, text: string): string {
  if (status === 200) return 'healthy\n';
  try {
    const { reasons } = JSON.parse(text) as { reasons: string[] };
    return `not healthy: ${reasons.join(', ')}\n`;
  } catch {
    return `not healthy: status ${status}\n`;
  }
}

function reasonOf(error: NodeJS.ErrnoException, seconds: string): string {
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return `did not answer within ${seconds} seconds`;
  return error.code === 'ECONNREFUSED' ? 'refuses connections: lb is not running' : error.message;
}
