import { Command } from 'commander';
import { type AdminOptions, addAdminOptions, askAdmin, findAdmin, optionsBefore } from './admin-client.ts';
import type { Io } from './io.ts';

const EXAMPLES = `Examples:
  lb upgrade               after new files were put in the place of the old ones
  lb upgrade --json

The lb that runs starts another by its own command line and environment, which also reads the configuration. Once that
one serves it gets all new connections. The old one finishes its requests within shutdown_timeout and ends.
`;

/** The new process may take a minute to serve; a little more, so that its own reason is heard. In ms. */
const TIMEOUT = 70_000;

interface Options extends AdminOptions {
  readonly json?: boolean;
}

/** `lb upgrade`: another process takes the place of the lb that runs, and no connection is lost. */
export function upgradeCommand(io: Io): Command {
  const command = new Command('upgrade')
    .description('Have a new process take the place of the running one, without losing a connection')
    .addHelpText('before', EXAMPLES)
    .option('--json', 'print JSON');
  return addAdminOptions(command).action(async (options: Options, self: Command) => {
    const admin = findAdmin({ ...optionsBefore(self), ...options }, io);
    const asked = { method: 'POST', path: '/upgrade', timeout: TIMEOUT };
    const answer = await askAdmin(admin, asked, 'not upgraded');
    if (options.json) io.stdout.write(`${JSON.stringify(answer)}\n`);
    else io.stdout.write(`process ${String(answer.pid)} serves; the former one finishes its requests and ends\n`);
  });
}
