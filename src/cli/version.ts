import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { Command } from 'commander';
import type { Io } from './io.ts';

/** lb's version, from the package.json above this file (or above the bundle that holds it). */
export function readVersion(): string {
  const path = findPackageJSON('.', import.meta.url);
  if (path === undefined) return 'unknown';
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

/** `lb version`. */
export function versionCommand(io: Io): Command {
  return new Command('version')
    .description('Print the version')
    .option('--json', 'print versions of lb and Node, and the platform, as JSON')
    .addHelpText('before', 'Examples:\n  lb version\n  lb version --json\n')
    .action((options: { json?: boolean }) => {
      const { version, platform, arch } = process;
      const lb = readVersion();
      const details = { lb, node: version.slice(1), platform, arch };
      io.stdout.write(options.json ? `${JSON.stringify(details, null, 2)}\n` : `lb ${lb}\n`);
    });
}
