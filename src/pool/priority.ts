import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/**
 * Lets this thread run only when no other of the machine wants to, as far as priorities go. On Linux a priority is a
 * thread's own; elsewhere it is the whole process's, and stays as it is.
 * @returns whether it is so
 */
export function lowerPriority(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    setPriority(threadId(), constants.priority.PRIORITY_LOW);
    return true;
  } catch {
    return false; // without /proc, or where priorities may not be changed, the share of a core is what remains
  }
}

/** The kernel's id of this thread. The link reads `1234/task/1240`. @throws Error without /proc */
export function threadId(): number {
  return Number(readlinkSync('/proc/thread-self').split('/').pop());
}
