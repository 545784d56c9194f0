import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { type Admin, type AdminOptions, addAdminOptions, askAdmin, findAdmin, optionsBefore } from './admin-client.ts';
import { CliError, EXIT, fail } from './exit.ts';
import { type Io, processIo } from './io.ts';

const EXAMPLES = `Examples:
  lb purge /index.html                     one page, its query as given
  lb purge "/images/*"                     all that begins with /images/
  lb purge "/app.js*" --host shop.example  one file with any query, on one host
  lb purge https://shop.example/a.css      host and path from a URL
  lb purge "/api/*" --soft                 mark stale: the origin is asked whether it has changed
  lb purge --all --yes
`;

interface Options extends AdminOptions {
  readonly host?: string;
  readonly all?: boolean;
  readonly soft?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What to purge: a path with query as it goes into the request, and a host or '' for any. */
interface Target {
  readonly path: string;
  readonly host: string;
}

interface PurgeAnswer {
  readonly pattern: string;
  readonly host: string | null;
  readonly soft: boolean;
  readonly objects?: number;
}

/** `lb purge`: drops or marks stale what a running lb has stored, through its admin API. */
export function purgeCommand(io: Io = processIo()): Command {
  const command = new Command('purge')
    .description('Drop cached responses by path, wildcard or all')
    .argument('[PATHS...]', 'paths with query as requested, * for anything, or URLs')
    .option('--host <HOST>', 'only of this host; every host without')
    .option('--all', 'everything')
    .option('--soft', 'mark stale instead of dropping')
    .option('-y, --yes', 'do not ask before dropping everything')
    .option('--json', 'print each answer as a line of JSON')
    .addHelpText('before', EXAMPLES)
    .action((paths: string[], options: Options, command: Command) =>
      purge(paths, { ...optionsBefore(command), ...options }, io),
    );
  return addAdminOptions(command);
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
  const headers = { 'X-LB-Soft': soft ? '1' : '0' };
  const answer = await askAdmin(admin, { method: 'DELETE', path: adminPath(target), headers }, target.path);
  return answer as unknown as PurgeAnswer;
}

/** The first `host` parameter is the API's own, so one is always sent: another in the path's query stays its own. */
function adminPath({ path, host }: Target): string {
  const mark = path.indexOf('?');
  const own = `host=${encodeURIComponent(host)}`;
  return mark < 0 ? `/cache${path}?${own}` : `/cache${path.slice(0, mark)}?${own}&${path.slice(mark + 1)}`;
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
