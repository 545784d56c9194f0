import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';
import { compiledAddon } from '../compile.ts';

/** A TCP socket of this process that listens. */
export interface ListeningSocket {
  fd: number;
  /** An IP address. */
  host: string;
  port: number;
  /** Connections that wait to be accepted. */
  waiting: number;
  /** Whether other sockets of this user may listen on the same address (SO_REUSEPORT). */
  shared: boolean;
}

/** What the addon does. Methods throw an Error with the system's code where the system refuses. */
export interface Sockets {
  /** Sends one datagram to a unix socket; `@name` is in the abstract namespace (unix(7)). */
  send(path: string, message: string): void;
  /** All TCP sockets of this process that listen. */
  listening(): ListeningSocket[];
  /**
   * Steers new connections of the group of sockets that share an address to those at places `first` to
   * `first + count - 1`, in the order in which they began to listen (SO_ATTACH_REUSEPORT_CBPF). When a socket closes,
   * the last one takes its place. Where the place does not exist the system shares out by hash.
   * @param fd any socket of the group
   */
  steer(fd: number, first: number, count: number): void;
  /** Ends what `steer` began. */
  unsteer(fd: number): void;
  /**
   * Bytes that the system takes of what is written beyond what it has sent, for a socket and for those that are accepted
   * from it from now on (TCP_NOTSENT_LOWAT).
   */
  limitUnsent(fd: number, bytes: number): void;
  /**
   * Takes away children that have ended and that nobody waits for: those that were left to process 1.
   * @param own process ids that somebody waits for
   * @returns how many
   */
  reapOrphans(own: ReadonlySet<number>): number;
}

export type LoadedSockets = { sockets: Sockets } | { unavailable: string };

interface Addon {
  send(path: string, message: string): number;
  inspect(fd: number): { host: string; port: number; waiting: number; shared: number } | null;
  steer(fd: number, first: number, count: number): number;
  unsteer(fd: number): number;
  limitUnsent(fd: number, bytes: number): number;
  ended(): number;
  reap(pid: number): number;
}

let loaded: Promise<LoadedSockets> | undefined;

/** Loads the addon, compiled first where it has to be; or says in one sentence why there is none. Never rejects. */
export function loadSockets(): Promise<LoadedSockets> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<LoadedSockets> {
  if (process.platform !== 'linux') return { unavailable: `the sockets addon is for Linux, not ${process.platform}` };
  try {
    const addon = createRequire(import.meta.url)(await compiledAddon('sockets')) as Addon;
    return { sockets: wrap(addon) };
  } catch (error) {
    return { unavailable: `the sockets addon cannot be loaded: ${(error as Error).message}` };
  }
}

function wrap(addon: Addon): Sockets {
  return {
    send: (path, message) => check('sendto', addon.send(path, message)),
    listening: () =>
      readdirSync('/proc/self/fd').flatMap((name) => {
        const fd = Number(name);
        const found = addon.inspect(fd);
        return found === null ? [] : [{ ...found, fd, shared: found.shared === 1 }];
      }),
    steer: (fd, first, count) => check('setsockopt', addon.steer(fd, first, count)),
    unsteer: (fd) => check('setsockopt', addon.unsteer(fd)),
    limitUnsent: (fd, bytes) => check('setsockopt', addon.limitUnsent(fd, bytes)),
    reapOrphans: (own) => {
      let count = 0;
      // the same one is told of until it is taken away, so one of our own hides others until it was waited for
      for (let pid = addon.ended(); pid > 0 && !own.has(pid); pid = addon.ended()) {
        if (addon.reap(pid) === 0) count++;
      }
      return count;
    },
  };
}

function check(call: string, result: number): void {
  if (result >= 0) return;
  const code = getSystemErrorName(result);
  throw Object.assign(new Error(`${call}: ${code}`), { code });
}
