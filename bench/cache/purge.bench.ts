/**
 * Purges by tag at a million objects of ten tags each: memory, time of a purge in the cache and over HTTP, and what look-ups on
 * another thread cost before, while and after memory is given back. Prints numbers, asserts nothing:
 * node bench/cache/purge.bench.ts [objects]
 */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { startAdmin } from '../../src/admin/server.ts';
import { type Cache, createCache, openCache } from '../../src/cache/cache.ts';
import { Purger } from '../../src/server/purger.ts';
import { hostTables } from '../../src/site/host-table.ts';
import { adminDeps } from '../../test/support/admin-deps.ts';
import { type PurgeBenchJob, tagOf } from './purge.worker.ts';

const OBJECTS = Number(process.argv[2] ?? 1_000_000);
const TAGS = 10;
/** Objects need a record each, of which there is one for a kilobyte. */
const MEMORY = Math.max(64 << 20, OBJECTS * 1500);
const PURGES = 300;

class Bench {
  readonly cache: Cache;
  readonly stop = new SharedArrayBuffer(4);
  readonly #worker: Worker;

  constructor(tags: number) {
    const sab = createCache({ memory: MEMORY, workers: 1, eviction: 's3fifo' });
    this.cache = openCache(sab, 0);
    const workerData: PurgeBenchJob = { sab, objects: OBJECTS, tags, stop: this.stop };
    this.#worker = new Worker(new URL('./purge.worker.ts', import.meta.url), { workerData });
  }

  async ask(what: 'fill' | 'look' | 'look until stopped'): Promise<number> {
    this.#worker.postMessage(what);
    const [answer] = (await once(this.#worker, 'message')) as [number];
    return answer;
  }

  /** The best of some rounds: what else the machine does only adds. */
  async lookUp(): Promise<number> {
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 4; round++) best = Math.min(best, await this.ask('look'));
    return best;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

function say(what: string, value: string): void {
  console.log(`${what.padEnd(64)} ${value}`);
}

function quantiles(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(3);
  return `median ${at(0.5)} ms, 99% ${at(0.99)} ms, longest ${at(1)} ms`;
}

/** Another tag each time, most on ten objects, every hundredth on a hundredth of all. */
const tagToPurge = (i: number): string => tagOf((i * 7919) % OBJECTS, i % 100 === 0 ? 0 : 2 + (i % (TAGS - 2)));

async function purgeOverHttp(agent: Agent, port: number, body: string): Promise<number> {
  const start = performance.now();
  const asked = request({ host: '127.0.0.1', port, method: 'POST', path: '/purge', agent });
  asked.end(body);
  const [answer] = (await once(asked, 'response')) as [AsyncIterable<Buffer> & { statusCode: number }];
  for await (const _ of answer);
  if (answer.statusCode !== 200) throw new Error(`POST /purge answered ${answer.statusCode}`);
  return performance.now() - start;
}

async function measureAdds({ cache }: Bench): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < PURGES; i++) {
    const start = performance.now();
    cache.purge.add({ site: -1, host: '', pattern: '*', soft: false, tag: tagToPurge(i) });
    times.push(performance.now() - start);
  }
  say(`purge.add by tag, ${PURGES} in a row`, quantiles(times));
}

/** Time that the sweep takes, and how long its slices are. */
function measureSweep({ cache }: Bench): void {
  const { objects } = cache.stats();
  const times: number[] = [];
  for (let finished = false; !finished; ) {
    const start = performance.now();
    ({ finished } = cache.purge.sweep(1024));
    times.push(performance.now() - start);
  }
  const total = times.reduce((sum, time) => sum + time);
  say('  sweep of all entries', `${total.toFixed(0)} ms in all, ${((total * 1e6) / objects).toFixed(0)} ns an entry`);
  say('  slices of 1,024 entries', quantiles(times));
  say('  objects removed', String(objects - cache.stats().objects));
}

/** By the program's own purger and admin listener, with look-ups going on all the while. */
async function measureHttp(bench: Bench): Promise<void> {
  const purger = new Purger(bench.cache, { live: { hosts: hostTables([]), sites: [] }, port: () => 0 });
  const inside: number[] = [];
  const admin = await startAdmin(
    adminDeps({
      purge: (requests) => {
        const start = performance.now();
        const results = purger.purge(requests);
        inside.push(performance.now() - start);
        return results;
      },
    }),
  );
  const agent = new Agent({ keepAlive: true });
  const { port } = admin.address;
  for (let i = 0; i < 100; i++) await purgeOverHttp(agent, port, '{"purge": [{"tag": "warm-up"}]}');
  const looking = bench.ask('look until stopped');
  inside.length = 0;
  const times: number[] = [];
  for (let i = 0; i < PURGES; i++) {
    times.push(await purgeOverHttp(agent, port, JSON.stringify({ purge: [{ tag: tagToPurge(PURGES + i) }] })));
    // so that the sweep is at another place each time
    await delay(3);
  }
  const list = JSON.stringify({ purge: [{ tags: Array.from({ length: 1000 }, (_, i) => `none-${i}`) }] });
  const long = await purgeOverHttp(agent, port, list);
  Atomics.store(new Int32Array(bench.stop), 0, 1);
  say(`POST /purge with a tag, ${PURGES} while memory is given back`, quantiles(times));
  say('  of it in the purger', quantiles(inside.slice(0, PURGES)));
  say('POST /purge with 1,000 tags', `${long.toFixed(3)} ms`);
  say('look-up meanwhile, on another thread', `${(await looking).toFixed(0)} ns`);
  agent.destroy();
  await admin.close();
  purger.stop();
}

const plain = new Bench(0);
await plain.ask('fill');
const { stored: storedPlain, objects: plainObjects } = plain.cache.stats();
const lookupPlain = await plain.lookUp();
await plain.close();

const bench = new Bench(TAGS);
await bench.ask('fill');
const { stored, objects } = bench.cache.stats();
say('objects', `${plainObjects} without tags, ${objects} with ${TAGS} tags`);
const [bytesPlain, bytes] = [storedPlain / plainObjects, stored / objects];
say(
  'memory of an object',
  `${bytesPlain.toFixed(0)} without, ${bytes.toFixed(0)} bytes with: ${(bytes - bytesPlain).toFixed(1)} for tags`,
);
say('look-up, objects without tags', `${lookupPlain.toFixed(0)} ns`);
say('look-up, objects with tags, before any purge', `${(await bench.lookUp()).toFixed(0)} ns`);
await measureAdds(bench);
say(
  'look-up, purges not yet swept',
  `${(await bench.ask('look')).toFixed(0)} ns at first, ${(await bench.lookUp()).toFixed(0)} ns then`,
);
measureSweep(bench);
say('look-up, swept', `${(await bench.lookUp()).toFixed(0)} ns`);
bench.cache.purge.add({ site: -1, host: '', pattern: '*', soft: false, tag: 'none' });
measureSweep(bench);
await measureHttp(bench);
measureSweep(bench);
say('look-up, after all of it', `${(await bench.lookUp()).toFixed(0)} ns`);
await bench.close();
