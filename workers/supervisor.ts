/**
 * The supervisor: a process of its own that keeps lb running. `node workers/supervisor.ts COMMAND...`, where COMMAND
 * runs lb. It loads as little as it can, since it stays in memory beside lb.
 */
import { supervise } from '../src/supervisor/run.ts';

process.exit(await supervise(process.argv.slice(2)));
