import { Command } from 'commander';
import { parseDuration } from '../config/units.ts';
import type { StatsSnapshot } from '../stats/snapshot.ts';
import { type Admin, type AdminOptions, addAdminOptions, askAdmin, findAdmin, optionsBefore } from './admin-client.ts';
import { type Painter, paintIf, safeText, tableLines } from './columns.ts';
import { bytesText, countText, millisecondsText, shortText } from './figures.ts';
import { askWhileThere, pause } from './follow.ts';
import { durationOption, untilInterrupted } from './interrupt.ts';
import { hasColor, type Io } from './io.ts';
import { openScreen } from './screen.ts';
import { nameFilter, type StatRow, statRows } from './stats-rates.ts';

const EXAMPLES = `Examples:
  lb stats                                     all counters with their rates, live on a terminal
  lb stats -1                                  once, over a second
  lb stats --filter cache --filter 'site.shop.*'
  lb stats -1 --json | jq '.stats[] | select(.name | endswith("cache_hits_total"))'
`;

interface Options extends AdminOptions {
  readonly 1?: boolean;
  readonly interval: string;
  readonly filter?: readonly string[];
  readonly all?: boolean;
  readonly json?: boolean;
}

/** `lb stats`: what a running lb counts, with rates. */
export function statsCommand(io: Io): Command {
  const command = new Command('stats')
    .description('Show what a running lb counts, with rates now and since the start')
    .addHelpText('before', EXAMPLES)
    .option('-1', 'print once, after one interval')
    .option('--interval <TIME>', 'time between two looks', '1s')
    .option('--filter <NAME>', 'only names with this in them, * for anything; may be repeated', collect)
    .option('--all', 'also what was never counted')
    .option('--json', 'print a line of JSON for each interval')
    .action((options: Options, self: Command) => stats({ ...optionsBefore(self), ...options }, io));
  return addAdminOptions(command);
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

async function stats(options: Options, io: Io): Promise<void> {
  const interval = durationOption('--interval', options.interval, parseDuration);
  const admin = findAdmin(options, io);
  const isWanted = nameFilter(options.filter ?? []);
  const once = options[1] === true || (!options.json && io.stdout.isTTY !== true);
  let before = await ask(admin);
  const { controller, release, check } = untilInterrupted();
  const screen = once || options.json ? undefined : openScreen(io, controller);
  const paint = paintIf(hasColor(io.stdout, io.env));
  try {
    while (await pause(interval, controller.signal)) {
      const current = once ? await ask(admin) : await askWhileThere(() => ask(admin));
      if (current === undefined) {
        screen?.notice('lb is not reached; trying again');
        continue;
      }
      const rows = statRows(current, before).filter(
        ({ name, value }) => isWanted(name) && (options.all || value !== 0),
      );
      if (screen !== undefined)
        screen.draw(statLines(rows, paint, screen.columns), `lb stats  every ${options.interval}  q quits`);
      else if (options.json) io.stdout.write(`${JSON.stringify({ time: current.time, stats: rows })}\n`);
      else
        io.stdout.write(
          statLines(rows, paint, undefined)
            .map((line) => `${line}\n`)
            .join(''),
        );
      if (once) break;
      before = current;
    }
  } finally {
    screen?.close();
    release();
  }
  check();
}

async function ask(admin: Admin): Promise<StatsSnapshot> {
  return (await askAdmin(admin, { method: 'GET', path: '/stats' }, 'stats')) as unknown as StatsSnapshot;
}

function statLines(rows: readonly StatRow[], paint: Painter, width: number | undefined): string[] {
  const columns = [
    { title: 'name', fills: true },
    { title: 'value', right: true },
    { title: 'now/s', right: true },
    { title: 'average/s', right: true },
  ];
  const cells = rows.map(({ name, value, now, average }) => [
    safeText(name),
    valueText(name, value),
    now === null ? '' : now > 0 ? paint('bold', rateText(name, now)) : '0',
    average === null ? '' : rateText(name, average),
  ]);
  const [titles, ...lines] = tableLines(columns, cells, width);
  return [paint('dim', titles), ...lines];
}

function valueText(name: string, value: number): string {
  if (/_bytes(_total)?$/.test(name)) return bytesText(value);
  if (/_seconds\.(mean|p\d+)$|_delay_seconds$/.test(name)) return millisecondsText(value * 1000);
  return Number.isInteger(value) ? countText(value) : shortText(value);
}

function rateText(name: string, value: number): string {
  return /_bytes_total$/.test(name) ? bytesText(value) : shortText(value);
}
