/**
 * Resolves at the first SIGTERM or SIGINT from now on, so call it before anything says that the program is up. A second
 * signal ends the process at once.
 */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let heard = false;
    const hear = () => {
      if (heard) process.kill(process.pid, 'SIGKILL');
      heard = true;
      resolve();
    };
    process.on('SIGTERM', hear).on('SIGINT', hear);
  });
}
