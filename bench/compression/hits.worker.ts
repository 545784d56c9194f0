/**
 * Asks for a small stored object at a steady rate, whatever the answers do, for as many ms as it is told, and tells the times from
 * the moment when each was due, in ms.
 */
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { take } from './ask.ts';

const { port, rate } = workerData as { port: number; rate: number };
const agent = new Agent({ keepAlive: true });

parentPort?.on('message', (ms: number) => void hitFor(ms));

async function hitFor(ms: number): Promise<void> {
  const times: number[] = [];
  const open: Promise<void>[] = [];
  const begin = performance.now();
  for (let sent = 0; performance.now() < begin + ms; ) {
    const due = begin + (sent * 1000) / rate;
    if (performance.now() < due) {
      await sleep(1);
      continue;
    }
    sent++;
    open.push(
      take(agent, port, '/small', 'identity').then(() => {
        times.push(performance.now() - due);
      }),
    );
  }
  await Promise.all(open);
  parentPort?.postMessage(times);
}
