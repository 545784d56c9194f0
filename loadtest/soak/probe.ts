/**
 * Loaded into every thread of the lb under load, by NODE_OPTIONS: has each collect its garbage twice a minute, all at the same time, and
 * writes down what is left. What the process has resident just then does not depend on where V8 happens to be between two collections.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread, threadId } from 'node:worker_threads';
import { loadMemoryAddon } from '../../native-bindings/memory/index.ts';
import { tickAfter } from './ticks.ts';

/** Bytes that a thread holds after a collection. */
export interface ThreadProbe {
  /** Date.now() of the tick, the same for all threads. */
  tick: number;
  /** File of the thread and its number. */
  thread: string;
  heap: number;
  /** Outside of the heap; array buffers are among it. */
  external: number;
  buffers: number;
}

/** Bytes that the process has resident after all threads have collected. */
export interface ProcessProbe {
  tick: number;
  own: number;
  shared: number;
}

/** How long the other threads have for their collection, and V8's threads to free what was collected, in ms. */
const SETTLING = 700;

const file = process.env.SOAK_PROBE ?? '';
const name = `${basename(process.argv[1] ?? '', '.js')} ${threadId}`;

/** Made once a thread: what it takes to make them would be measured too, such as code that V8 compiles. */
let memory: ReturnType<typeof loadMemoryAddon> | undefined;
let collect: ((options: object) => void) | undefined;

/** As when memory runs out: what weak references keep goes too, and pages that are empty go back to the system. */
function collectAll(): void {
  collect ??= exposeCollection();
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

function exposeCollection(): (options: object) => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as (options: object) => void;
}

function write(probe: ThreadProbe | ProcessProbe): void {
  appendFileSync(file, `${JSON.stringify(probe)}\n`);
}

async function probeProcess(tick: number): Promise<void> {
  memory ??= loadMemoryAddon();
  (await memory)?.trim();
  const status = readFileSync('/proc/self/status', 'latin1');
  const bytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]) * 1024;
  write({ tick, own: bytes('RssAnon'), shared: bytes('RssShmem') });
}

function wait(): void {
  const now = Date.now();
  const tick = tickAfter(now);
  setTimeout(() => {
    collectAll();
    const { heapUsed: heap, external, arrayBuffers: buffers } = process.memoryUsage();
    write({ tick, thread: name, heap, external, buffers });
    if (isMainThread) setTimeout(() => void probeProcess(tick), SETTLING).unref();
    wait();
  }, tick - now).unref();
}

if (file !== '') wait();
