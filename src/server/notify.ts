import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { loadSockets } from '../../native-bindings/sockets/index.ts';

/** What systemd, or whatever else set NOTIFY_SOCKET, is told of this process (sd_notify(3)). */
export interface Notifier {
  /** lb serves; also the end of what `reloading` began. */
  ready(status: string): Promise<void>;
  reloading(): Promise<void>;
  stopping(): Promise<void>;
  /** All is well. */
  watchdog(): Promise<void>;
  /** Another process is the service's main one from now on. */
  mainPid(pid: number): Promise<void>;
  /** Time in ms within which `watchdog` must be called, undefined where nobody watches. */
  readonly watchdogTime: number | undefined;
}

/**
 * Where NOTIFY_SOCKET is set, tells that socket: by the addon, else by the program systemd-notify. Never rejects.
 * @param log told once where neither can be
 */
export function openNotifier(env: NodeJS.ProcessEnv, log: (message: string) => void): Notifier | undefined {
  const path = env.NOTIFY_SOCKET;
  if (!path) return undefined;
  let told = false;
  const send = async (...lines: string[]) => {
    try {
      const loaded = await loadSockets();
      if ('sockets' in loaded) loaded.sockets.send(path, lines.join('\n'));
      else await byProgram(path, lines);
    } catch (error) {
      if (!told) log(`the service manager cannot be told of the state of lb: ${(error as Error).message}`);
      told = true;
    }
  };
  const watchdog = Number(env.WATCHDOG_USEC);
  return {
    ready: (status) => send('READY=1', `STATUS=${status}`),
    // systemd compares the time with that of its own clock: CLOCK_MONOTONIC in microseconds
    reloading: () => send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => send('STOPPING=1', 'STATUS=draining'),
    watchdog: () => send('WATCHDOG=1'),
    mainPid: (pid) => send(`MAINPID=${pid}`),
    watchdogTime: watchdog > 0 ? watchdog / 1000 : undefined,
  };
}

async function byProgram(path: string, lines: readonly string[]): Promise<void> {
  await promisify(execFile)('systemd-notify', lines, { env: { ...process.env, NOTIFY_SOCKET: path }, timeout: 5000 });
}

/**
 * Says again and again that all is well, as long as it is.
 * @param isWell asked three times in the time that the watchdog allows
 * @returns ends it
 */
export function feedWatchdog(notifier: Notifier, isWell: () => boolean): () => void {
  const { watchdogTime } = notifier;
  if (watchdogTime === undefined) return () => {};
  const timer = setInterval(() => {
    if (isWell()) void notifier.watchdog();
  }, watchdogTime / 3);
  timer.unref();
  return () => clearInterval(timer);
}
