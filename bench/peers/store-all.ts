import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OriginCounter } from './origin.ts';

const PASSES = 12;
/** Few, so that what writes in the background keeps up with what comes. */
const CONNECTIONS = 4;
const PAUSE_MS = 500;
const TIMEOUT_MS = 10_000;

/** Share of the objects that may go on missing: an index that hashes keys to few places loses some. */
const MISSING = 0.02;

/**
 * Asks for every path, again and again until the origin sees nothing of it any more, and compares the bytes. Throws with
 * one sentence when a byte is wrong or too many are not stored.
 */
export async function storeAll(
  port: number,
  paths: readonly string[],
  expected: Buffer,
  counter: OriginCounter,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  try {
    let before = await counter.settle();
    for (let pass = 0; ; pass++) {
      await askAll(agent, port, paths, expected);
      const after = await counter.settle();
      const missed = after - before;
      // the pass that finds all of them there has also been the first use of what was stored last
      if (missed === 0) return;
      if (pass >= PASSES) {
        if (missed <= paths.length * MISSING) return;
        throw new Error(`${missed} of ${paths.length} objects are still not stored after ${PASSES} passes`);
      }
      before = after;
      await sleep(PAUSE_MS);
    }
  } finally {
    agent.destroy();
  }
}

async function askAll(agent: Agent, port: number, paths: readonly string[], expected: Buffer): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < paths.length) {
      const path = paths[next++];
      if (!(await bodyOf(agent, port, path)).equals(expected)) throw new Error(`${path} gives other bytes`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
}

function bodyOf(agent: Agent, port: number, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const asked = request({ agent, host: '127.0.0.1', port, path, timeout: TIMEOUT_MS }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => resolve(Buffer.concat(chunks)));
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
    asked.on('error', reject);
    asked.end();
  });
}
