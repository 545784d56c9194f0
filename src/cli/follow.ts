/** What goes on while lb restarts, or another process takes its place. */

import { type Admin, streamAdmin } from './admin-client.ts';
import { CliError, EXIT } from './exit.ts';

/** Pause before a stream that broke off is begun again, in ms. */
const RETRY = 500;

/** False when the wait was ended. */
export function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(false);
      return;
    }
    const stop = () => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve(true);
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** What lb answers; undefined while it is away. */
export async function askWhileThere<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isAway(error)) return undefined;
    throw error;
  }
}

function isAway(error: unknown): boolean {
  return error instanceof CliError && (error.code === EXIT.network || error.code === EXIT.timeout);
}

/**
 * As `streamAdmin`, but begins again where the stream broke off, until `signal` ends it.
 * @param onAway told each time that lb has gone away
 * @throws CliError where lb is not there in the first place, or refuses
 */
export async function followAdmin(
  admin: Admin,
  path: string,
  onLine: (line: string) => void,
  signal: AbortSignal,
  onAway: () => void,
): Promise<void> {
  let wasThere = false;
  let isThere = false;
  const onOpen = () => {
    wasThere = isThere = true;
  };
  for (;;) {
    try {
      const isEnded = await streamAdmin(admin, path, onLine, signal, onOpen);
      if (!isEnded) return;
    } catch (error) {
      if (!wasThere || !isAway(error)) throw error;
    }
    if (isThere) onAway();
    isThere = false;
    if (!(await pause(RETRY, signal))) return;
  }
}
