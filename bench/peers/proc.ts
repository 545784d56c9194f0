import { readdirSync, readFileSync } from 'node:fs';

/** Kernel clock ticks per second in /proc (USER_HZ), 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export interface ProcessStat {
  pid: number;
  parent: number;
  /** User and system time of all its threads, living and dead, in microseconds. */
  cpuMicros: number;
}

/** Reads the line of /proc/PID/stat (proc_pid_stat(5)); the name in parentheses may hold spaces and parentheses. */
export function parseStat(line: string): ProcessStat {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return {
    pid: Number.parseInt(line, 10),
    parent: Number(fields[1]),
    cpuMicros: (ticks * 1e6) / TICKS_PER_SECOND,
  };
}

/** CPU microseconds used so far by the process and all its living descendants. */
export function treeCpuMicros(root: number): number {
  return descendants(root, allProcesses()).reduce((sum, stat) => sum + stat.cpuMicros, 0);
}

/** The process itself and every living descendant among `all`. */
export function descendants(root: number, all: readonly ProcessStat[]): ProcessStat[] {
  const found = all.filter((stat) => stat.pid === root);
  for (const parent of found) {
    for (const stat of all) if (stat.parent === parent.pid) found.push(stat);
  }
  return found;
}

/** Bytes of memory of the process and its descendants; a page that several processes share counts for its part in each. */
export function treeMemoryBytes(root: number): number {
  return descendants(root, allProcesses()).reduce((sum, { pid }) => sum + memoryBytes(pid), 0);
}

/** Microseconds that a core was busy since boot, with anything. */
export function coreBusyMicros(core: number): number {
  const line = readFileSync('/proc/stat', 'latin1')
    .split('\n')
    .find((text) => text.startsWith(`cpu${core} `));
  const [user, nice, system, , , irq, softirq] = (line ?? '').split(' ').slice(1).map(Number);
  return ((user + nice + system + irq + softirq) * 1e6) / TICKS_PER_SECOND;
}

function allProcesses(): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const line = readOrEmpty(`/proc/${pid}/stat`);
      return line === '' ? [] : [parseStat(line)];
    });
}

function memoryBytes(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(readOrEmpty(`/proc/${pid}/smaps_rollup`))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** A process may end between the listing and the reading. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
