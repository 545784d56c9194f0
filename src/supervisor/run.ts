import { loadSockets } from '../../native-bindings/sockets/index.ts';
import { Supervisor } from './supervisor.ts';

const PASSED_ON = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * Supervises a command that runs lb, until it is over.
 * @param command the program and its arguments
 * @returns the exit code to end with
 */
export async function supervise(command: readonly string[]): Promise<number> {
  let own: ReadonlySet<number> = new Set();
  const supervisor = new Supervisor(command, {
    log: (line) => process.stderr.write(`lb supervisor: ${line}\n`),
    onChildren: (pids) => {
      own = pids;
    },
  });
  for (const name of PASSED_ON) process.on(name, () => supervisor.signal(name));
  const code = supervisor.run();
  if (process.pid === 1) await reapOrphans(() => own);
  return code;
}

/** Process 1 gets the children of those that end before them. */
async function reapOrphans(own: () => ReadonlySet<number>): Promise<void> {
  const loaded = await loadSockets();
  if ('unavailable' in loaded) return;
  const reap = () => {
    loaded.sockets.reapOrphans(own());
  };
  // not in the signal's turn: Node waits for its own children first
  process.on('SIGCHLD', () => setTimeout(reap, 50));
}
