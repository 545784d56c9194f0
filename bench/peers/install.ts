import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { which } from './which.ts';

/** Asked by Debian's package scripts before they start a service; 101 says no. */
const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Installs Debian packages, without starting the services they bring. Gives one sentence when that is not possible.
 */
export function install(packages: readonly string[]): string | undefined {
  if (process.getuid?.() !== 0) return 'installing needs root';
  if (which('apt-get') === undefined) return 'there is no apt-get here';
  const ownPolicy = !existsSync(POLICY);
  if (ownPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return aptGet(['update']) ?? aptGet(['install', '-y', '--no-install-recommends', ...packages]);
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true });
  }
}

function aptGet(args: readonly string[]): string | undefined {
  const run = spawnSync('apt-get', ['-q', ...args], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (run.status === 0) return undefined;
  const reason = run.stderr.trim().split('\n').at(-1);
  return `apt-get ${args[0]} failed: ${reason || run.error?.message || `exit code ${run.status}`}`;
}
