import { Command } from 'commander';
import { compileFilter, FILTER_FIELDS, FilterError } from '../admin/log-filter.ts';
import { type AdminOptions, addAdminOptions, findAdmin, optionsBefore, streamAdmin } from './admin-client.ts';
import { paintIf } from './columns.ts';
import { CliError, EXIT, fail } from './exit.ts';
import { followAdmin } from './follow.ts';
import { untilInterrupted } from './interrupt.ts';
import { hasColor, type Io } from './io.ts';
import { type LogLine, logText } from './log-text.ts';

const EXAMPLES = `Examples:
  lb logs --tail
  lb logs --tail --filter 'status >= 500 && cache == "MISS"'
  lb logs --filter 'duration > 500ms && path =~ "^/api/"' --json | jq .path
  lb logs --sample 0.01                  one request in a hundred, on a busy lb
  lb logs --filter 'status == 404' -n 20
`;

const LANGUAGE = `
A filter compares fields: ${FILTER_FIELDS.join(', ')}.
Comparisons are == != < <= > >= and, with a pattern, =~ !~; they are joined by && || ! and parentheses.
Text stands in quotes; numbers may be times (250ms, 1.5s), sizes (64KB) and classes of statuses (5xx).

lb keeps no lines: those of requests that are answered from now on are printed, whether the access log is on or not.
`;

const AWAY = 'note: lb has ended the stream; waiting for it to come back\n';

interface Options extends AdminOptions {
  readonly tail?: boolean;
  readonly filter?: string;
  readonly sample?: string;
  readonly lines?: string;
  readonly json?: boolean;
}

/** `lb logs`: lines of the access log of a running lb as they come. */
export function logsCommand(io: Io): Command {
  const command = new Command('logs')
    .description('Print the requests that a running lb answers, as they come')
    .addHelpText('before', EXAMPLES)
    .option('-f, --tail', 'go on also when lb restarts or is upgraded meanwhile')
    .option('--filter <EXPRESSION>', 'only of requests for which this holds; see below')
    .option('--sample <SHARE>', 'share of all requests, above 0 and up to 1')
    .option('-n, --lines <COUNT>', 'end after so many lines')
    .option('--json', 'print JSON Lines')
    .action((options: Options, self: Command) => logs({ ...optionsBefore(self), ...options }, io))
    .addHelpText('after', LANGUAGE);
  return addAdminOptions(command);
}

async function logs(options: Options, io: Io): Promise<void> {
  const { filter = '', sample } = options;
  if (filter !== '') checkFilter(filter, io);
  const limit = options.lines === undefined ? Number.POSITIVE_INFINITY : Number(options.lines);
  if (!(limit >= 1)) fail(`--lines: "${options.lines}" is no number of lines`, EXIT.usage);
  const { controller, release, check } = untilInterrupted();
  const print = printer(options.json === true, io);
  let printed = 0;
  const take = (line: string) => {
    if (printed < limit) printed += print(line);
    if (printed >= limit) controller.abort();
  };
  try {
    const query = new URLSearchParams({
      ...(filter === '' ? {} : { filter }),
      ...(sample === undefined ? {} : { sample }),
    });
    const path = `/logs?${query.toString()}`;
    const admin = findAdmin(options, io);
    if (options.tail) await followAdmin(admin, path, take, controller.signal, () => io.stderr.write(AWAY));
    else if (await streamAdmin(admin, path, take, controller.signal)) fail('lb has ended the stream', EXIT.network);
  } finally {
    release();
  }
  check();
}

/** Told here, with the place shown, rather than by lb. */
function checkFilter(filter: string, io: Io): void {
  try {
    compileFilter(filter);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    io.stderr.write(`lb: --filter, column ${error.column}: ${error.message}\n  ${filter}\n`);
    io.stderr.write(
      `  ${' '.repeat(error.at)}${'^'.repeat(Math.min(error.length, Math.max(1, filter.length - error.at)))}\n`,
    );
    throw new CliError('', EXIT.usage);
  }
}

/** Prints a line; says how many lines of requests that made. */
function printer(json: boolean, io: Io): (line: string) => number {
  const paint = paintIf(hasColor(io.stdout, io.env));
  return (text) => {
    const line = JSON.parse(text) as LogLine;
    if (line.event === 'lost') {
      io.stderr.write(
        `note: ${line.lines} lines lost: too many for this reader; --sample or --filter makes them fewer\n`,
      );
      if (!json) return 0;
    }
    io.stdout.write(`${json ? text : logText(line, paint)}\n`);
    return line.event === 'lost' ? 0 : 1;
  };
}
