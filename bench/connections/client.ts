/** Holds idle connections, each after one request, for run.ts: `node client.ts PORT COUNT SOURCE`, told by messages. */
import { connect, type Socket } from 'node:net';

const [port, count, source] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]];
const REQUEST = 'GET /static/1 HTTP/1.1\r\nHost: bench.test\r\n\r\n';

/** Connections that are being opened at once: well below a listener's queue. */
const OPENING = 64;

const sockets: Socket[] = [];
let failed = 0;
let open = 0;

/** Opens one and waits for its first bytes of an answer. The rest goes nowhere. */
function openOne(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: source });
    let counted = false;
    const end = () => {
      if (counted) open--;
      else failed++;
      counted = false;
      resolve();
    };
    socket.once('error', () => {});
    socket.once('close', end);
    socket.once('data', () => {
      counted = true;
      open++;
      resolve();
    });
    socket.resume();
    socket.write(REQUEST);
    sockets.push(socket);
  });
}

async function openAll(): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next++ < count) await openOne();
  };
  await Promise.all(Array.from({ length: OPENING }, work));
}

process.on('message', (message: 'count' | 'end') => {
  if (message === 'count') process.send?.({ open, failed });
  else {
    for (const socket of sockets) socket.destroy();
    process.disconnect();
  }
});

await openAll();
process.send?.({ open, failed });
