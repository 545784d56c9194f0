import { execFile } from 'node:child_process';
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
    const id = threadId();
    setPriority(id, constants.priority.PRIORITY_LOW);
    idle(id);
    return true;
  } catch {
    return false; // without /proc, or where priorities may not be changed, the share of a core is what remains
  }
}

/**
 * The policy SCHED_IDLE, which Node has no call for: such a thread gives way to any other at once, where one of the lowest
 * priority may end its turn of some milliseconds. By the program of util-linux, where it is there.
 */
function idle(thread: number): void {
  execFile('chrt', ['--idle', '--pid', '0', String(thread)], { timeout: 5000 }, () => {});
}

/** The kernel's id of this thread. The link reads `1234/task/1240`. @throws Error without /proc */
export function threadId(): number {
  return Number(readlinkSync('/proc/thread-self').split('/').pop());
}
