import { Command } from 'commander';
import type { Mistake } from '../admin/reload.ts';
import { type AdminOptions, addAdminOptions, askAdminOr, findAdmin, optionsBefore } from './admin-client.ts';
import { paintIf } from './columns.ts';
import { CliError, EXIT } from './exit.ts';
import { hasColor, type Io } from './io.ts';

const EXAMPLES = `Examples:
  lb check && lb reload          put what lb.json says now in force, without losing a connection
  lb reload --json | jq .changed

SIGHUP does the same. A wrong configuration changes nothing: its mistakes are printed, and the exit code is 2.
`;

/** A reload reads the configuration, certificates and names of origins before it answers; in ms. */
const TIMEOUT = 60_000;

interface Options extends AdminOptions {
  readonly json?: boolean;
}

/** `lb reload`: a running lb reads its configuration anew. */
export function reloadCommand(io: Io): Command {
  const command = new Command('reload')
    .description('Have a running lb read its configuration anew')
    .addHelpText('before', EXAMPLES)
    .option('--json', 'print JSON')
    .action((options: Options, self: Command) => reload({ ...optionsBefore(self), ...options }, io));
  return addAdminOptions(command);
}

async function reload(options: Options, io: Io): Promise<void> {
  const asked = { method: 'POST', path: '/reload', timeout: TIMEOUT };
  const { status, body } = await askAdminOr(findAdmin(options, io), asked, 'not reloaded', 422);
  if (options.json) io.stdout.write(`${JSON.stringify(body)}\n`);
  if (status !== 200) refuse(String(body.detail), body.errors as Mistake[], io, options.json === true);
  if (options.json) return;
  const { generation, changed, needs_restart } = body as {
    generation: number;
    changed: string[];
    needs_restart: string[];
  };
  io.stdout.write(`reloaded: configuration ${generation} is in force\n`);
  io.stdout.write(changed.length === 0 ? '  nothing has changed\n' : changed.map((line) => `  ${line}\n`).join(''));
  if (needs_restart.length > 0)
    io.stderr.write(`note: these count from the next start on: ${needs_restart.join(', ')}\n`);
}

function refuse(detail: string, mistakes: readonly Mistake[], io: Io, quiet: boolean): never {
  const paint = paintIf(hasColor(io.stderr, io.env));
  if (!quiet) {
    for (const { place, message, fix } of mistakes) {
      io.stderr.write(`${paint('bold', place)}: ${paint('red', message)}\n${fix ? `  ${paint('green', fix)}\n` : ''}`);
    }
  }
  const count = mistakes.length;
  const reason = count === 0 ? detail : `${count} mistake${count === 1 ? '' : 's'} in the configuration`;
  throw new CliError(`not reloaded, all is as it was: ${reason}`, count === 0 ? EXIT.failure : EXIT.usage);
}
