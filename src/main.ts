/** Entry of lb: a command line leads to src/cli; without one lb serves what the environment says. */
import { runCli } from './cli/index.ts';

await runCli(process.argv.slice(2));
