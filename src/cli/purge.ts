import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { parseListen } from '../config/address.ts';
import type { Address } from '../config/config.ts';
import { Problem } from '../config/errors.ts';
import { type FileAdmin, loadFileAdmin } from '../config/load.ts';
import { CliError, EXIT, fail } from './exit.ts';
import { type Io, processIo } from './io.ts';

const DEFAULT_ADMIN = '127.0.0.1:9900';
const TIMEOUT_MS = 10_000;
const MAX_ANSWER = 65_536;

const EXAMPLES = `Examples:
  lb purge /index.html                     one page, its query as given
  lb purge "/images/*"                     all that begins with /images/
  lb purge "/app.js*" --host shop.example  one file with any query, on one host
  lb purge https://shop.example/a.css      host and path from a URL
  lb purge "/api/*" --soft                 mark stale: the origin is asked whether it has changed
  lb purge --all --yes
`;

interface Options {
  readonly host?: string;
  readonly all?: boolean;
  readonly soft?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly admin?: string;
  readonly config?: string;
}

/** What to purge: a path with query as it goes into the request, and a host or '' for any. */
interface Target {
  readonly path: string;
  readonly host: string;
}

interface Admin extends Address {
  readonly token: string | undefined;
}

interface PurgeAnswer {
  readonly pattern: string;
  readonly host: string | null;
  readonly soft: boolean;
  readonly objects?: number;
}

/** `lb purge`: drops or marks stale what a running lb has stored, through its admin API. */
export function purgeCommand(io: Io = processIo()): Command {
  return new Command('purge')
    .description('Drop cached responses by path, wildcard or all')
    .argument('[PATHS...]', 'paths with query as requested, * for anything, or URLs')
    .option('--host <HOST>', 'only of this host; every host without')
    .option('--all', 'everything')
    .option('--soft', 'mark stale instead of dropping')
    .option('-y, --yes', 'do not ask before dropping everything')
    .option('--json', 'print each answer as a line of JSON')
    .option('--admin <ADDR:PORT>', `admin address of lb (LB_ADMIN, else admin of lb.json, else ${DEFAULT_ADMIN})`)
    .option('-c, --config <FILE>', 'settings file of lb (default: lb.json in this folder, LB_CONFIG)')
    .addHelpText('before', EXAMPLES)
    .addHelpText('after', '\nA token is read from LB_ADMIN_TOKEN, the file that LB_ADMIN_TOKEN_FILE names, or lb.json.')
    .action((paths: string[], options: Options, command: Command) =>
      purge(paths, { ...before(command), ...options }, io),
    );
}

/** `-c` and `--admin` may also stand before the command. */
function before({ parent }: Command): Options {
  return parent?.opts<Options>() ?? {};
}

async function purge(paths: readonly string[], options: Options, io: Io): Promise<void> {
  const targets = targetsOf(paths, options);
  const admin = findAdmin(options, io);
  if (targets.some(({ path }) => path === '/*') && !options.yes) await confirm(options, io);
  let done = 0;
  for (const target of targets) {
    try {
      show(await send(admin, target, options.soft === true), options, io);
    } catch (error) {
      if (done === 0 || !(error instanceof CliError)) throw error;
      fail(`${error.message} (${done} of ${targets.length} purged)`, EXIT.partial);
    }
    done++;
  }
}

function targetsOf(paths: readonly string[], options: Options): Target[] {
  if (options.all && paths.length > 0) fail('give paths or --all, not both', EXIT.usage);
  if (!options.all && paths.length === 0) fail('say what to purge: a path such as "/images/*", or --all', EXIT.usage);
  return options.all
    ? [{ path: '/*', host: options.host ?? '' }]
    : paths.map((text) => parseTarget(text, options.host));
}

function parseTarget(text: string, host: string | undefined): Target {
  // Not the URL class: it would resolve dot segments and re-encode, and a purge names a target byte by byte.
  const url = /^https?:\/\/([^/?#]*)([^#]*)/i.exec(text);
  if (url && host !== undefined && host !== url[1]) fail(`"${text}" names a host and so does --host`, EXIT.usage);
  const path = url ? url[2] || '/' : text;
  if (!path.startsWith('/')) fail(`"${text}" is not a path: begin with /, such as "/${text}"`, EXIT.usage);
  if (path.includes('#'))
    fail(`"${text}" has a fragment, which no request carries: leave out what follows #`, EXIT.usage);
  return { path: path.replace(/[^\x21-\x7e]+/g, encodeURIComponent), host: url ? url[1] : (host ?? '') };
}

function findAdmin(options: Options, io: Io): Admin {
  const text = options.admin ?? (io.env.LB_ADMIN || undefined);
  const token = findToken(io);
  const file: Partial<FileAdmin> =
    text && token ? {} : loadFileAdmin({ flags: [], env: io.env, cwd: io.cwd, file: options.config });
  const address = text === undefined && file.address ? file.address : parseListen(text ?? DEFAULT_ADMIN);
  if (address instanceof Problem) {
    fail(`${options.admin ? '--admin' : 'LB_ADMIN'}: ${address.message}`, EXIT.usage);
  }
  if (text === undefined && file.problem) {
    io.stderr.write(`note: ${file.problem}: admin settings in it may not count\n`);
  }
  // What lb listens on may stand for every address; those are reached on this machine.
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address.host] ?? address.host;
  return { host, port: address.port, token: token ?? file.token };
}

function findToken(io: Io): string | undefined {
  const { LB_ADMIN_TOKEN: token, LB_ADMIN_TOKEN_FILE: file } = io.env;
  if (token || !file) return token || undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    return fail(`LB_ADMIN_TOKEN_FILE: ${(error as Error).message}`, EXIT.usage);
  }
}

async function confirm(options: Options, io: Io): Promise<void> {
  if (!io.stderr.isTTY || !process.stdin.isTTY) return;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const interrupted = new Promise<never>((_, reject) =>
    terminal.once('SIGINT', () => reject(new CliError('interrupted', EXIT.interrupted))),
  );
  const what = `everything${options.host ? ` of ${options.host}` : ''}`;
  try {
    const answer = await Promise.race([terminal.question(`Purge ${what}? [y/N] `), interrupted]);
    if (!/^y(es)?$/i.test(answer.trim())) fail('nothing purged');
  } finally {
    terminal.close();
  }
}

/** Sends one purge; ends with a CliError that says what to do when it fails. */
async function send(admin: Admin, target: Target, soft: boolean): Promise<PurgeAnswer> {
  const headers = {
    Host: 'localhost',
    'X-LB-Soft': soft ? '1' : '0',
    ...(admin.token ? { Authorization: `Bearer ${admin.token}` } : {}),
  };
  const { status, text } = await exchange(admin, adminPath(target), headers);
  return parseAnswer(admin, target, status, text);
}

function exchange(admin: Admin, path: string, headers: Record<string, string>) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const failed = (error: Error) => reject(unreachable(admin, error));
  const { host, port } = admin;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const outgoing = request({ host, port, method: 'DELETE', path, headers, agent: false, signal });
  outgoing.on('error', failed).end();
  outgoing.on('response', (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      if (text.length <= MAX_ANSWER) text += chunk;
    });
    response.on('error', failed).on('end', () => resolve({ status: response.statusCode ?? 0, text }));
  });
  return promise;
}

/** The first `host` parameter is the API's own, so one is always sent: another in the path's query stays its own. */
function adminPath({ path, host }: Target): string {
  const mark = path.indexOf('?');
  const own = `host=${encodeURIComponent(host)}`;
  return mark < 0 ? `/cache${path}?${own}` : `/cache${path.slice(0, mark)}?${own}&${path.slice(mark + 1)}`;
}

function unreachable(admin: Admin, error: NodeJS.ErrnoException): CliError {
  const where = `the admin address ${admin.host.includes(':') ? `[${admin.host}]` : admin.host}:${admin.port}`;
  if (error.name === 'TimeoutError' || error.name === 'AbortError') {
    return new CliError(`${where} did not answer within ${TIMEOUT_MS / 1000} seconds`, EXIT.timeout);
  }
  const reason = error.code === 'ECONNREFUSED' ? 'nothing listens there' : error.message;
  return new CliError(
    `cannot reach ${where}: ${reason}; is lb running? --admin, LB_ADMIN or lb.json says where`,
    EXIT.network,
  );
}

function parseAnswer(admin: Admin, target: Target, status: number, text: string): PurgeAnswer {
  const body = parseJson(text);
  if (status === 200 && typeof body?.pattern === 'string') return body as unknown as PurgeAnswer;
  const detail = typeof body?.detail === 'string' ? body.detail : `status ${status}`;
  if (status === 401) {
    fail(
      admin.token ? `${detail}: check LB_ADMIN_TOKEN` : 'lb asks for the admin token: set LB_ADMIN_TOKEN',
      EXIT.auth,
    );
  }
  if (status === 403) fail(detail, EXIT.auth);
  if (body === undefined) fail(`what answers at ${admin.host}:${admin.port} is not the admin API of lb`);
  return fail(`${target.path}: ${detail}`, status === 400 ? EXIT.usage : EXIT.failure);
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function show(answer: PurgeAnswer, options: Options, io: Io): void {
  if (options.json) {
    io.stdout.write(`${JSON.stringify(answer)}\n`);
    return;
  }
  const { pattern, host, soft, objects } = answer;
  const count = objects === undefined ? '' : `: ${objects} object${objects === 1 ? '' : 's'}`;
  io.stdout.write(`${soft ? 'marked stale' : 'purged'} ${pattern}${host ? ` of ${host}` : ''}${count}\n`);
}
