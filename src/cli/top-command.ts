import { Command, Option } from 'commander';
import type { Status } from '../admin/status.ts';
import { parseDuration } from '../config/units.ts';
import type { StatsSnapshot } from '../stats/snapshot.ts';
import { type Admin, type AdminOptions, addAdminOptions, askAdmin, findAdmin, optionsBefore } from './admin-client.ts';
import { paintIf } from './columns.ts';
import { askWhileThere, followAdmin, pause } from './follow.ts';
import { durationOption, untilInterrupted } from './interrupt.ts';
import { hasColor, type Io } from './io.ts';
import type { LogLine } from './log-text.ts';
import { openScreen, type Screen } from './screen.ts';
import { type Look, type TopReport, topReport } from './top/report.ts';
import { SORT_KEYS, type SortKey, Tally } from './top/tally.ts';
import { topLines } from './top/view.ts';

const EXAMPLES = `Examples:
  lb top                          live: rates, origins, URLs, clients; r b e m t sort, p pauses, q quits
  lb top -1                       once, over two seconds
  lb top --sort errors --interval 5s
  lb top --sample 0.01            of one request in a hundred, on a busy lb
  lb top -1 --json | jq '.urls[0:3]'
`;

/** URLs and clients that are worked out. */
const COUNT = 100;

interface Options extends AdminOptions {
  readonly 1?: boolean;
  readonly interval: string;
  readonly sort: SortKey;
  readonly sample?: string;
  readonly json?: boolean;
}

/** `lb top`: what a running lb is busy with. */
export function topCommand(io: Io): Command {
  const command = new Command('top')
    .description('Show which URLs, clients and origins keep a running lb busy')
    .addHelpText('before', EXAMPLES)
    .option('-1', 'print once, after one interval')
    .option('--interval <TIME>', 'time between two looks', '2s')
    .addOption(new Option('--sort <KEY>', 'what to rank by').choices(SORT_KEYS).default('requests'))
    .option('--sample <SHARE>', 'share of the requests to look at, above 0 and up to 1')
    .option('--json', 'print a line of JSON for each interval')
    .action((options: Options, self: Command) => top({ ...optionsBefore(self), ...options }, io));
  return addAdminOptions(command);
}

/** What keys change while it runs. */
interface View {
  sort: SortKey;
  paused: boolean;
  tally: Tally;
}

async function top(options: Options, io: Io): Promise<void> {
  const interval = durationOption('--interval', options.interval, parseDuration);
  const admin = findAdmin(options, io);
  const once = options[1] === true || (!options.json && io.stdout.isTTY !== true);
  const view: View = { sort: options.sort, paused: false, tally: new Tally(options.sort) };
  let before = await look(admin);
  const { controller, release, check } = untilInterrupted();
  const query = options.sample === undefined ? '' : `?sample=${encodeURIComponent(options.sample)}`;
  const take = (text: string) => {
    const line = JSON.parse(text) as LogLine;
    if (line.event === 'lost') view.tally.lost += line.lines;
    else view.tally.add(line);
  };
  const failed = Promise.withResolvers<never>();
  const ended = followAdmin(admin, `/logs${query}`, take, controller.signal, () => {}).catch(failed.reject);
  const screen = once || options.json ? undefined : openScreen(io, controller, (key) => press(view, key));
  const print = printer(screen, options, io);
  try {
    while (await Promise.race([pause(interval, controller.signal), failed.promise])) {
      const now = once ? await look(admin) : await askWhileThere(() => look(admin));
      if (now === undefined) {
        screen?.notice('lb is not reached; trying again');
        continue;
      }
      const seconds = (Date.parse(now.stats.time) - Date.parse(before.stats.time)) / 1000;
      const { tally, sort, paused } = view;
      tally.pass(seconds);
      if (!paused) print(topReport(tally, before, now, { sort, sample: Number(options.sample ?? 1), count: COUNT }));
      if (once) break;
      tally.fade(seconds);
      before = now;
    }
  } finally {
    controller.abort();
    screen?.close();
    release();
    await ended;
  }
  check();
}

async function look(admin: Admin): Promise<Look> {
  const [stats, status] = await Promise.all([
    askAdmin(admin, { method: 'GET', path: '/stats' }, 'stats'),
    askAdmin(admin, { method: 'GET', path: '/status' }, 'status'),
  ]);
  return { stats: stats as unknown as StatsSnapshot, status: status as unknown as Status };
}

function press(view: View, key: string): void {
  if (key === 'p') view.paused = !view.paused;
  const sort = SORT_KEYS.find((name) => name.startsWith(key));
  if (sort === undefined || sort === view.sort) return;
  // the heaviest by another measure are others: they are found anew
  view.sort = sort;
  view.tally = new Tally(sort);
}

function printer(screen: Screen | undefined, options: Options, io: Io): (report: TopReport) => void {
  const paint = paintIf(hasColor(io.stdout, io.env));
  return (report) => {
    if (options.json) io.stdout.write(`${JSON.stringify(report)}\n`);
    else if (screen === undefined)
      io.stdout.write(
        topLines(report, paint)
          .map((line) => `${line}\n`)
          .join(''),
      );
    else {
      const clock = new Date(report.time).toTimeString().slice(0, 8);
      screen.draw(
        topLines(report, paint, screen),
        ` lb top  ${clock}  every ${options.interval}  by ${report.sort} (r b e m t)  p pauses  q quits`,
      );
    }
  };
}
