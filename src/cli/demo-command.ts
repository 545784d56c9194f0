import { Command } from 'commander';
import { EXIT, fail } from './exit.ts';

/** `lb demo`: a sample origin with lb in front of it. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('Start a sample origin with lb in front of it, and show hits and misses')
    .option('--port <PORT>', 'port of lb on loopback', parsePort)
    .addHelpText('before', 'Examples:\n  lb demo\n  lb demo --port 8081\n')
    .action(async (options: { port?: number }) => {
      const { demo } = await import('./demo.ts');
      await demo(options);
    });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) fail(`--port ${text}: a port is a number from 0 to 65535`, EXIT.usage);
  return port;
}
