/** The origin of the Zipf mix: a port for each server under test, and for each a count of what has reached it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { bodyOf } from './mix.ts';

/** Two words a server: requests, and kilobytes of bodies. */
const counts = new Int32Array(workerData as SharedArrayBuffer);

const servers = await Promise.all(
  Array.from({ length: counts.length / 2 }, async (_, place) => {
    const server = createServer({ keepAliveTimeout: 600_000 }, (req, res) => {
      const body = bodyOf(Number(req.url?.slice(1)));
      Atomics.add(counts, 2 * place, 1);
      Atomics.add(counts, 2 * place + 1, body.length / 1024);
      res.writeHead(200, {
        'Content-Type': 'application/octet-stream',
        'Content-Length': body.length,
        'Cache-Control': 'public, max-age=86400',
        ETag: `"${req.url}"`,
      });
      res.end(body);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return server;
  }),
);
parentPort?.postMessage(servers.map((server) => (server.address() as AddressInfo).port));
parentPort?.once('message', () => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});
