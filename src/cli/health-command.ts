import { Command } from 'commander';
import { optionsBefore } from './admin-client.ts';
import { CliError } from './exit.ts';
import { HEALTH_DESCRIPTION, health } from './health.ts';
import type { Io } from './io.ts';

/** `lb health` where flags stand before it, and for help and completion; index.ts runs it without all this. */
export function healthCommand(io: Io): Command {
  return new Command('health')
    .description(HEALTH_DESCRIPTION)
    .option('--live', 'ask whether the process answers, not whether it is ready')
    .option('--timeout <SECONDS>', 'how long to wait for the answer (default: 3)')
    .option('--admin <ADDR:PORT>', 'admin address of lb')
    .option('-c, --config <FILE>', 'settings file of lb')
    .option('--json', "print lb's answer")
    .addHelpText('before', 'Examples:\n  lb health\n  lb health --live\n  HEALTHCHECK CMD ["lb", "health"]\n')
    .action(async (options: Record<string, string | true>, self: Command) => {
      const { admin, config } = optionsBefore(self);
      const code = await health(argumentsOf({ admin, config, ...options }), io);
      if (code !== 0) throw new CliError('', code);
    });
}

function argumentsOf(options: Record<string, string | true | undefined>): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return value === true ? [`--${name}`] : [`--${name}`, value];
  });
}
