/** What a look-up costs with more threads, more objects and more purges that are not swept yet. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Cache, CacheKey, createCache, openCache } from '../../src/cache/cache.ts';
import { SLOT_HEADER } from '../../src/cache/layout.ts';
import type { LookupJob } from './lookup.worker.ts';

export type Row = Record<string, number | string>;

const PREFIX = Buffer.from('1|http|a.example|GET|');
const HEAD = new Uint8Array(16);
const META = new Uint8Array(8);
const WORDS = [0, 0, 0, 0];
const LOOKUPS = 1_000_000;
/** lb has a record for each so many bytes of memory. */
const RECORD_SHARE = 1024;

const round = (value: number, digits = 1): number => Number(value.toFixed(digits));

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** Nanoseconds of processor time of one call. */
export function cpuOf(count: number, work: (i: number) => unknown): number {
  const times: number[] = [];
  for (let turn = 0; turn < 5; turn++) {
    const before = process.threadCpuUsage();
    for (let i = 0; i < count; i++) work(i);
    const { user, system } = process.threadCpuUsage(before);
    times.push(((user + system) * 1000) / count);
  }
  return median(times);
}

function fill(cache: Cache, objects: number): void {
  const prefix = cache.prefix(PREFIX, 1, 'a.example');
  const key = new CacheKey();
  const body = new Uint8Array(100);
  for (let i = 0; i < objects; i++) cache.put(key.set(prefix, `/o/${i}`, ''), HEAD, META, body, WORDS);
}

async function looking(sab: SharedArrayBuffer, threads: number, shared: boolean): Promise<number> {
  const objects = 1000;
  const workers = Array.from({ length: threads }, (_, i) => {
    const workerData: LookupJob = { sab, worker: i + 1, from: shared ? 0 : i * objects, objects, lookups: LOOKUPS };
    return new Worker(new URL('./lookup.worker.ts', import.meta.url), { workerData });
  });
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const answers = workers.map(async (worker) => ((await once(worker, 'message')) as [number])[0]);
  for (const worker of workers) worker.postMessage('go');
  const times = await Promise.all(answers);
  await Promise.all(workers.map((worker) => worker.terminate()));
  return median(times);
}

/** Look-ups of the same objects by all threads, and of objects of its own by each. */
export async function threadRows(): Promise<Row[]> {
  const sab = createCache({ memory: 64 << 20, workers: 4, eviction: 's3fifo' });
  fill(openCache(sab, 1), 4000);
  const rows: Row[] = [];
  for (const threads of [1, 2, 4]) {
    const [same, own]: number[][] = [[], []];
    for (let turn = 0; turn < 3; turn++) {
      same.push(await looking(sab, threads, true));
      own.push(await looking(sab, threads, false));
    }
    rows.push({ threads, 'ns, same objects': round(median(same)), 'ns, own objects': round(median(own)) });
  }
  return rows;
}

/** Random look-ups among ever more objects of 100 bytes. */
export function objectRows(counts: readonly number[]): Row[] {
  return counts.map((count) => {
    const memory = Math.ceil(count * RECORD_SHARE * 1.001) + (1 << 20);
    const cache = openCache(createCache({ memory, workers: 1, eviction: 's3fifo' }), 1);
    fill(cache, count);
    const { objects, pages, pageBytes, entries, stored } = cache.stats();
    const prefix = cache.prefix(PREFIX, 1, 'a.example');
    const key = new CacheKey();
    // a step that reaches all of them in an order that no processor foresees
    const step = 7_368_787;
    const ns = cpuOf(300_000, (i) => {
      cache.lookup(key.set(prefix, `/o/${(i * step) % count}`, ''));
      cache.unpin();
    });
    const regions = (memory - pages * pageBytes) / entries;
    return {
      objects,
      'ns, random': round(ns),
      'bytes of index and records': round(regions),
      'bytes of a slot beside content': SLOT_HEADER,
      'bytes, both': round(regions + SLOT_HEADER),
      'bytes of a slot': round(stored / objects),
    };
  });
}

/** Look-ups of entries that are older than purges which concern none of them, and then once more. */
export function banRows(counts: readonly number[]): Row[] {
  const rows: Row[] = [];
  for (const kind of ['exact', 'tag', 'wildcard'] as const) {
    for (const count of counts) {
      const sab = createCache({ memory: 1 << 30, workers: 1, eviction: 's3fifo' });
      const [main, cache] = [openCache(sab, 0), openCache(sab, 1)];
      const objects = 2000;
      fill(cache, objects);
      const begin = process.threadCpuUsage();
      for (let i = 0; i < count; i++) {
        const pattern = kind === 'exact' ? `/gone/${i}` : kind === 'tag' ? '*' : `/gone/${i}/*`;
        main.purge.add({ site: 1, host: '', pattern, soft: false, ...(kind === 'tag' && { tag: `t${i}` }) });
      }
      const { user, system } = process.threadCpuUsage(begin);
      const { banBytes, banSeq, banFloor } = main.stats();
      const prefix = cache.prefix(PREFIX, 1, 'a.example');
      const key = new CacheKey();
      const heap = process.memoryUsage().heapUsed;
      cache.lookup(key.set(prefix, '/o/0', ''));
      const memory = process.memoryUsage().heapUsed - heap;
      // by the clock: processor time comes in steps that are longer than these few take
      const look = (from: number, to: number) => {
        const before = performance.now();
        for (let i = from; i < to; i++) {
          cache.lookup(key.set(prefix, `/o/${i}`, ''));
          cache.unpin();
        }
        return ((performance.now() - before) * 1e6) / (to - from);
      };
      const first = look(1, 200);
      const then = cpuOf(200_000, (i) => {
        cache.lookup(key.set(prefix, `/o/${i % 200}`, ''));
        cache.unpin();
      });
      rows.push({
        purges: `${count} ${kind}`,
        outstanding: banSeq - banFloor,
        'us, a purge': round((user + system) / Math.max(1, count), 2),
        'log bytes': banBytes,
        'heap bytes of a thread': Math.max(0, memory),
        'ns, first look-up': round(first, 0),
        'ns, later ones': round(then),
      });
    }
  }
  return rows;
}
