import { constants } from 'node:os';

/**
 * Resolves at the first SIGTERM or SIGINT from now on, so call it before anything says that the program is up. A second
 * signal ends the process at once, as if it had never been caught; the exit code says which one it was.
 */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let heard = false;
    const hear = (signal: NodeJS.Signals) => {
      if (heard) end(signal);
      heard = true;
      resolve();
    };
    process.on('SIGTERM', hear).on('SIGINT', hear);
  });
}

function end(signal: NodeJS.Signals): never {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // Process 1 of a container is still here: the kernel keeps from it what it has no handler for, SIGKILL too. An exit
  // would wait for threads whose sockets are open.
  process.execve?.(process.execPath, [process.execPath, '-e', `process.exit(${128 + constants.signals[signal]})`]);
  process.abort();
}
