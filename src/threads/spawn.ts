import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

/**
 * Most of the young generation of a thread, in MB. V8 would let it grow to 192 MB a thread on large machines, and shrink it when
 * a thread has nothing to do. What a request makes is gone within a fraction of this.
 */
const YOUNG_GENERATION = 48;

/**
 * Starts the thread `workers/<name>`: the built file beside dist/main.js, or the source where lb runs unbuilt.
 * `data` arrives as its workerData; shared memory in it is shared, the rest copied.
 */
export function spawnWorker(name: string, data: object): Worker {
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION };
  return new Worker(workerFile(name), { workerData: data, name, resourceLimits });
}

/**
 * The file of a thread or process: built, or the source where lb runs unbuilt, unless LB_TEST_BUILT says that the build is
 * that of the source: it loads in two thirds of the time. @throws Error where the build is incomplete
 */
export function workerFile(name: string): URL {
  const isSource = import.meta.url.endsWith('.ts');
  if (isSource && process.env.LB_TEST_BUILT !== '1') return new URL(`../../workers/${name}.ts`, import.meta.url);
  const folders = isSource ? ['../../dist'] : ['.', '..', '../..'];
  for (const place of folders.map((folder) => `${folder}/workers/${name}.js`)) {
    const url = new URL(place, import.meta.url);
    if (existsSync(fileURLToPath(url))) return url;
  }
  throw new Error(`the build is incomplete: workers/${name}.js is missing`);
}
