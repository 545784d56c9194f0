import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

/**
 * Starts the thread `workers/<name>`: the built file beside dist/main.js, or the source where lb runs unbuilt.
 * `data` arrives as its workerData; shared memory in it is shared, the rest copied.
 */
export function spawnWorker(name: string, data: object): Worker {
  return new Worker(workerFile(name), { workerData: data, name });
}

/** The file of a thread or process: built, or the source. @throws Error where the build is incomplete */
export function workerFile(name: string): URL {
  if (import.meta.url.endsWith('.ts')) return new URL(`../../workers/${name}.ts`, import.meta.url);
  for (const place of [`./workers/${name}.js`, `../workers/${name}.js`, `../../workers/${name}.js`]) {
    const url = new URL(place, import.meta.url);
    if (existsSync(fileURLToPath(url))) return url;
  }
  throw new Error(`the build is incomplete: workers/${name}.js is missing`);
}
