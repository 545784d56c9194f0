/** The command line as a whole: `lb` and its subcommands. */

import { Command } from 'commander';
import { hasSource } from '../config/load.ts';
import { nearest } from '../config/suggest.ts';
import { checkCommand } from './check.ts';
import { completionCommand } from './completion.ts';
import { configCommand } from './config-print.ts';
import { demoCommand } from './demo-command.ts';
import { CliError, EXIT, fail } from './exit.ts';
import { explainCommand } from './explain-command.ts';
import { healthCommand } from './health-command.ts';
import { initCommand } from './init.ts';
import { hasColor, type Io } from './io.ts';
import { logsCommand } from './logs.ts';
import { reloadCommand } from './reload.ts';
import { runServe, serveCommand, supervisedOption } from './serve-command.ts';
import { addSettingFlags, type GivenFlags, noFlags } from './setting-flags.ts';
import { loadOptions } from './settings.ts';
import { statsCommand } from './stats.ts';
import { statusCommand } from './status.ts';
import { topCommand } from './top-command.ts';
import { upgradeCommand } from './upgrade.ts';
import { readVersion, versionCommand } from './version.ts';
import { wafCommand } from './waf-command.ts';
import { warmCommand } from './warm-command.ts';

const EXAMPLES = `Examples:
  lb demo                                       see it work
  lb -b example.com:443                         serve example.com on port 8080
  lb -b localhost:3000 --cache-api "/api/*" --ttl 60
  lb init && lb check && lb serve               the same from lb.json
  lb purge "/images/*"
  lb top                                        what keeps it busy; lb status says how it is
`;

/** Commands that read the settings flags; the others refuse them. */
const SETTINGS_COMMANDS = new Set(['lb', 'serve', 'check', 'print']);

/** What those that ask a running lb read of them. */
const CLIENT_FLAGS: Readonly<Record<string, readonly string[]>> = {
  purge: ['-c', '--admin'],
  explain: ['-c', '--admin'],
  warm: ['-c'],
  upgrade: ['-c', '--admin'],
  status: ['-c', '--admin'],
  top: ['-c', '--admin'],
  stats: ['-c', '--admin'],
  logs: ['-c', '--admin'],
  reload: ['-c', '--admin'],
  health: ['-c', '--admin'],
  install: ['-c'],
  rules: ['-c'],
  test: ['-c'],
};

/** Builds the program. `purge` comes from its own file, loaded only when it is needed. */
export function buildProgram(io: Io, purge: Command): Command {
  const given = noFlags();
  const program = addSettingFlags(new Command('lb'), given).addOption(supervisedOption());
  program
    .description('A caching reverse proxy. Without a command it serves, from flags, environment or lb.json.')
    .version(`lb ${readVersion()}`, '-V, --version', 'print the version')
    .addHelpText('before', EXAMPLES)
    .enablePositionalOptions()
    .allowUnknownOption()
    .allowExcessArguments()
    .argument('[COMMAND]')
    .usage('[flags] [command]')
    .helpCommand('help [command]', 'print help, of a command where one is named')
    .hook('preAction', (_program, command) => refuseFlags(command, given))
    .action(() => serveOrHelp(program, io, given));
  const commands = [
    serveCommand(io, given),
    demoCommand(),
    initCommand(io),
    checkCommand(io, given),
    configCommand(io, given),
    explainCommand(io),
    purge,
    warmCommand(io),
    wafCommand(io),
    statusCommand(io),
    topCommand(io),
    statsCommand(io),
    logsCommand(io),
    healthCommand(io),
    reloadCommand(io),
    upgradeCommand(io),
    completionCommand(io),
    versionCommand(io),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...allCommands(program)]) configure(command, io);
  return program;
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((sub) => [sub, ...allCommands(sub)]);
}

function configure(command: Command, io: Io): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
    outputError: (text, write) =>
      write(text.replace(/^error: /, 'lb: ').replace(/\n\(Did you mean (.*)\?\)/, '; did you mean $1?')),
    getOutHelpWidth: () => io.stdout.columns ?? 100,
    getErrHelpWidth: () => io.stderr.columns ?? 100,
    getOutHasColors: () => hasColor(io.stdout, io.env),
    getErrHasColors: () => hasColor(io.stderr, io.env),
  });
}

/** Bare `lb`: what does not lead to a command is a mistake; else serve, or say how when there is nothing to serve. */
async function serveOrHelp(program: Command, io: Io, given: GivenFlags): Promise<void> {
  const [first] = program.args;
  if (first?.startsWith('-')) unknownFlag(program, first);
  else if (first !== undefined) unknownCommand(program, first);
  if (hasSource(loadOptions(given, io))) return runServe(io, given, program);
  program.outputHelp({ error: true });
  io.stderr.write('\n');
  fail('nothing to serve: give an origin with -b HOST:PORT or LB_ORIGINS, or write a lb.json', EXIT.usage);
}

function unknownFlag(program: Command, text: string): never {
  const [flag] = text.split('=');
  const known = program.options.flatMap(({ short, long }) => [short, long]).filter((name) => name !== undefined);
  const meant = nearest(flag, known);
  throw new CliError(
    `unknown option '${flag}'${meant ? `; did you mean ${meant}?` : '; lb --help lists them'}`,
    EXIT.usage,
  );
}

function unknownCommand(program: Command, text: string): never {
  const meant = nearest(text, [...program.commands.map((command) => command.name()), 'help']);
  const origin = /[.:]|^localhost$/.test(text) ? `; to serve an origin write lb -b ${text}` : '; lb --help lists them';
  throw new CliError(`unknown command '${text}'${meant ? `; did you mean ${meant}?` : origin}`, EXIT.usage);
}

/** Settings before a command that does not read them would be lost without a word. */
function refuseFlags(command: Command, given: GivenFlags): void {
  if (SETTINGS_COMMANDS.has(command.name())) return;
  const flags = [...(given.file === undefined ? [] : ['-c']), ...given.flags.map((value) => value.flag)];
  const flag = flags.find((name) => CLIENT_FLAGS[command.name()]?.includes(name) !== true);
  if (flag === undefined) return;
  fail(`${flag} has no effect on ${command.name()}: leave it out`, EXIT.usage);
}
