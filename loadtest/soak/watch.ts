import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessProbe, ThreadProbe } from './probe.ts';
import type { Point } from './slope.ts';

/** What lb holds: read from the system and from its admin listener. */
export interface Held {
  /** Descriptors by what they are. */
  descriptors: Record<string, number>;
  /** Most descriptors of one file of the disk tier. Each thread opens such a file once and keeps it. */
  mostOfFile: number;
  pins: number;
  flights: number;
}

/** Resident bytes of a process but those of files that it has mapped. */
function residentBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1');
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0);
  return (kilobytes('RssAnon') + kilobytes('RssShmem')) * 1024;
}

/** Descriptors of a process, by what they are: `socket`, `pipe`, or a path. */
export function descriptorsOf(pid: number): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    let what: string;
    try {
      what = readlinkSync(`/proc/${pid}/fd/${name}`).replace(/:?\[\d+\]$/, '');
    } catch {
      continue;
    }
    counted[what] = (counted[what] ?? 0) + 1;
  }
  return counted;
}

/**
 * Asks the admin listener what is held in the cache, and the system for the descriptors.
 * @param disk folder of the disk tier, whose files are not among `descriptors`
 */
export async function heldBy(pid: number, admin: string, disk: string): Promise<Held> {
  const answer = await fetch(new URL('/status', admin));
  const { cache } = (await answer.json()) as { cache: { pins: number; flights: number } };
  const all = Object.entries(descriptorsOf(pid));
  const files = all.filter(([what]) => what.startsWith(`${disk}/`));
  return {
    descriptors: Object.fromEntries(all.filter((each) => !files.includes(each))),
    mostOfFile: Math.max(0, ...files.map(([, count]) => count)),
    pins: cache.pins,
    flights: cache.flights,
  };
}

/** Bytes that all files of a folder take by their length; 0 where there is none. */
export function folderBytes(dir: string): number {
  try {
    return readdirSync(dir).reduce(
      (sum, name) => sum + (statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  } catch {
    return 0;
  }
}

/** Samples figures of a process every second until `stop`. Times are hours since the start. */
export class Watch {
  /** Resident bytes, as they come. */
  readonly memory: Point[] = [];
  mostOnDisk = 0;
  readonly #timer: NodeJS.Timeout;
  readonly #begin = performance.now();
  readonly #began = Date.now();
  readonly #probes: string;

  constructor(pid: number, disk: string, probes: string) {
    this.#probes = probes;
    this.#timer = setInterval(() => {
      try {
        this.memory.push({ x: this.hours, y: residentBytes(pid) });
      } catch {
        // it has ended, which whoever asks it will tell
      }
      this.mostOnDisk = Math.max(this.mostOnDisk, folderBytes(disk));
    }, 1000);
  }

  get hours(): number {
    return (performance.now() - this.#begin) / 3_600_000;
  }

  /** What was left after collections, by what it is: resident bytes of the process, and bytes of each thread. */
  afterCollections(): Map<string, Point[]> {
    const found = new Map<string, Point[]>();
    for (const line of readFileSync(this.#probes, 'utf8').split('\n').filter(Boolean)) {
      const { tick, thread, ...bytes } = JSON.parse(line) as Partial<ThreadProbe & ProcessProbe> & { tick: number };
      const x = (tick - this.#began) / 3_600_000;
      for (const [kind, y] of Object.entries<number>(bytes)) {
        const name = thread === undefined ? kind : `${thread} ${kind}`;
        const points = found.get(name) ?? [];
        found.set(name, points);
        points.push({ x, y });
      }
    }
    return found;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
