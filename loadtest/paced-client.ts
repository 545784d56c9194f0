/** A process of its own for background.ts: asks for URL on kept connections, each at a pace: `node paced-client.ts URL`. */
import { connect, type Socket } from 'node:net';

/** Connections, and the longest pause of each between two requests, in ms: some thousand requests a second in all. */
const CONNECTIONS = 24;
const PAUSE = 8;

/** What the parent asks for: the times of all requests since it asked last, in ms, sorted. */
process.on('message', () => {
  const taken = times.splice(0).sort((a, b) => a - b);
  process.send?.(taken);
});
process.on('disconnect', () => process.exit(0));

const times: number[] = [];
const url = new URL(process.argv[2]);
const head = Buffer.from(`GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);

/** Bytes of the answer, head and all: every answer is the same but for its Date, and a digit of Age now and then. */
function lengthOf(answer: Buffer): number {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) return Number.POSITIVE_INFINITY;
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.toString('latin1', 0, end));
  return end + 4 + Number(length?.[1]);
}

function run(socket: Socket): void {
  let begun = 0;
  let answer: Buffer = Buffer.alloc(0);
  const ask = () => {
    begun = performance.now();
    socket.write(head);
  };
  socket.setNoDelay(true);
  socket.on('connect', ask);
  socket.on('error', (error) => {
    throw error;
  });
  socket.on('data', (chunk: Buffer) => {
    answer = answer.length === 0 ? chunk : Buffer.concat([answer, chunk]);
    if (answer.length < lengthOf(answer)) return;
    times.push(performance.now() - begun);
    answer = Buffer.alloc(0);
    setTimeout(ask, Math.random() * PAUSE);
  });
}

for (let i = 0; i < CONNECTIONS; i++) run(connect(Number(url.port), url.hostname));
