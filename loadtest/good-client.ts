/** A process of its own for slow.ts, so that nothing else delays what it measures: `node good-client.ts URL`. */
import { Agent, request } from 'node:http';

/** What a client got. */
export interface Experience {
  requests: number;
  /** No answer, another status than 200, or a broken body. */
  failures: number;
  /** Time of each request in ms, sorted. */
  times: number[];
}

/** Connections of the client, and the pause between two requests of each in ms. */
const CONNECTIONS = 8;
const PAUSE = 40;

/** Longest wait for an answer, in ms; after it the request has failed. */
const PATIENCE = 10_000;

/** A client that asks again and again on a few kept connections, at a pace that leaves the machine its time. */
async function run(url: URL, isOver: () => boolean): Promise<Experience> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const seen: Experience = { requests: 0, failures: 0, times: [] };
  const clients = Array.from({ length: CONNECTIONS }, async () => {
    while (!isOver()) {
      const begin = performance.now();
      seen.requests++;
      if (!(await ask(url, agent))) seen.failures++;
      seen.times.push(performance.now() - begin);
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  });
  await Promise.all(clients);
  agent.destroy();
  seen.times.sort((a, b) => a - b);
  return seen;
}

function ask(url: URL, agent: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(url, { agent, timeout: PATIENCE }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode === 200));
      answer.on('error', () => resolve(false));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.end();
  });
}

let over = false;
process.once('message', () => {
  over = true;
});
process.send?.(await run(new URL(process.argv[2]), () => over));
process.disconnect?.();
