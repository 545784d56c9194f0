import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { type Admin, type AdminOptions, addAdminOptions, askAdmin, findAdmin, optionsBefore } from './admin-client.ts';
import { CliError, EXIT, fail } from './exit.ts';
import { type Io, processIo } from './io.ts';
import { type PurgeItem, type PurgeScope, purgeItems, purgesAll } from './purge-items.ts';

const EXAMPLES = `Examples:
  lb purge /index.html                     one page, its query as given
  lb purge "/images/*"                     all that begins with /images/
  lb purge "/app.js*" --host shop.example  one file with any query, on one host
  lb purge https://shop.example/a.css      host and path from a URL
  lb purge --tag news --tag sport          all that has one of these tags
  lb purge "/api/*" --soft                 mark stale: the origin is asked whether it has changed
  lb purge --site shop --yes               everything of one site; --host for one host
  lb purge --file changed.txt              a list: a path, URL or tag:NAME a line
  lb purge --all --yes
`;

/** Items sent at once; they take effect together. */
const BATCH = 1000;

interface Options extends AdminOptions, PurgeScope {
  readonly soft?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

interface PurgeAnswer {
  readonly pattern: string;
  readonly tag?: string;
  readonly host: string | null;
  readonly site: string | null;
  readonly soft: boolean;
  readonly objects?: number;
  /** Position in the list sent. */
  readonly item?: number;
}

/** `lb purge`: drops or marks stale what a running lb has stored, through its admin API. */
export function purgeCommand(io: Io = processIo()): Command {
  const command = new Command('purge')
    .description('Drop cached responses by path, wildcard, tag or all')
    .argument('[PATHS...]', 'paths with query as requested, * for anything, or URLs')
    .option('--tag <NAME>', 'what the origin gave this tag; may be repeated', collect)
    .option('--host <HOST>', 'only of this host; every host without')
    .option('--site <NAME>', 'only of this site; every site without')
    .option('--all', 'everything')
    .option('--file <LIST>', 'a file with a path, URL or tag:NAME a line; - for standard input')
    .option('--soft', 'mark stale instead of dropping')
    .option('-y, --yes', 'do not ask before dropping everything; without a terminal lb never asks')
    .option('--json', 'print each answer as a line of JSON')
    .addHelpText('before', EXAMPLES)
    .action((paths: string[], options: Options, command: Command) =>
      purge(paths, { ...optionsBefore(command), ...options }, io),
    );
  return addAdminOptions(command);
}

function collect(value: string, before?: readonly string[]): string[] {
  return before === undefined ? [value] : [...before, value];
}

async function purge(paths: readonly string[], options: Options, io: Io): Promise<void> {
  const items = await purgeItems(paths, options, io);
  const admin = findAdmin(options, io);
  if (purgesAll(items) && !options.yes) await confirm(options, io);
  for (let done = 0; done < items.length; done += BATCH) {
    try {
      const answers = await send(admin, items.slice(done, done + BATCH), options.soft === true);
      for (const answer of answers) show(answer, options, io);
    } catch (error) {
      if (done === 0 || !(error instanceof CliError)) throw error;
      fail(`${error.message} (${done} of ${items.length} purged)`, EXIT.partial);
    }
  }
}

async function confirm(options: Options, io: Io): Promise<void> {
  if (!io.stderr.isTTY || !process.stdin.isTTY) return;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const interrupted = new Promise<never>((_, reject) =>
    terminal.once('SIGINT', () => reject(new CliError('interrupted', EXIT.interrupted))),
  );
  const { host, site } = options;
  const what = `everything${host ? ` of ${host}` : ''}${site ? ` of site ${site}` : ''}`;
  try {
    const answer = await Promise.race([terminal.question(`Purge ${what}? [y/N] `), interrupted]);
    if (!/^y(es)?$/i.test(answer.trim())) fail('nothing purged');
  } finally {
    terminal.close();
  }
}

/** Sends purges that take effect together or not at all; ends with a CliError that says what to do when it fails. */
async function send(admin: Admin, items: readonly PurgeItem[], soft: boolean): Promise<PurgeAnswer[]> {
  const body = JSON.stringify({ purge: items.map(({ members }) => members), soft });
  const headers = { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) };
  const about = items.length === 1 ? items[0].name : `${items.length} purges`;
  const { purged } = await askAdmin(admin, { method: 'POST', path: '/purge', headers, body }, about);
  if (!Array.isArray(purged)) fail(`what answers at ${admin.host}:${admin.port} is not the admin API of lb`);
  return purged as PurgeAnswer[];
}

function show({ item: _item, ...answer }: PurgeAnswer, options: Options, io: Io): void {
  if (options.json) {
    io.stdout.write(`${JSON.stringify(answer)}\n`);
    return;
  }
  const { pattern, tag, host, soft, objects } = answer;
  const what = tag === undefined ? pattern : `tag ${tag}`;
  const where = host ?? (options.site === undefined ? null : `site ${options.site}`);
  const count = objects === undefined ? '' : `: ${objects} object${objects === 1 ? '' : 's'}`;
  io.stdout.write(`${soft ? 'marked stale' : 'purged'} ${what}${where ? ` of ${where}` : ''}${count}\n`);
}
