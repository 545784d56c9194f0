import { Command } from 'commander';
import type { Status } from '../admin/status.ts';
import { type AdminOptions, addAdminOptions, askAdmin, findAdmin, optionsBefore } from './admin-client.ts';
import { hasColor, type Io } from './io.ts';
import { statusText } from './status-text.ts';

const EXAMPLES = `Examples:
  lb status                                        listeners, threads, cache, sites, origins
  lb status --json | jq '.origins[] | select(.state != "up")'
  lb status --admin 10.0.0.5:9900
`;

interface Options extends AdminOptions {
  readonly json?: boolean;
}

/** `lb status`: how a running lb is. */
export function statusCommand(io: Io): Command {
  const command = new Command('status')
    .description('Show listeners, threads, cache, sites and origins of a running lb')
    .addHelpText('before', EXAMPLES)
    .option('--json', 'print JSON')
    .action(async (options: Options, self: Command) => {
      const admin = findAdmin({ ...optionsBefore(self), ...options }, io);
      const status = await askAdmin(admin, { method: 'GET', path: '/status' }, 'status');
      const text = options.json
        ? `${JSON.stringify(status, null, 2)}\n`
        : statusText(status as unknown as Status, hasColor(io.stdout, io.env), io.stdout.columns);
      io.stdout.write(text);
    });
  return addAdminOptions(command);
}
