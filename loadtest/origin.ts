import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';

const KB = 1024;
const MODIFIED = 'Thu, 01 Jan 2026 00:00:00 GMT';

export interface Origin {
  port: number;
  /** Requests answered so far. */
  count: () => number;
  close(): Promise<void>;
}

/**
 * The origin of the load tests, on 127.0.0.1:
 * `/static/N` is 1 to 64 KB and cacheable, `/versioned/N` is cacheable and tells how many answers came before it,
 * `/large` is 4 MB and cacheable, `/miss/ANY` must not be stored, `/echo` takes a POST.
 */
export async function startOrigin(port = 0): Promise<Origin> {
  let count = 0;
  const bodies = Array.from({ length: 64 }, (_, i) => Buffer.alloc((i + 1) * KB, 'lb load test '));
  const large = Buffer.alloc(4 * KB * KB, 'lb load test ');
  const miss = Buffer.alloc(KB, 'never stored ');

  const answer = (req: IncomingMessage, res: ServerResponse): void => {
    count++;
    req.resume();
    const [, kind, name = ''] = (req.url ?? '/').split('/');
    res.setHeader('Content-Type', 'application/octet-stream');
    if (kind === 'static') {
      res.setHeader('Cache-Control', 'public, max-age=3600');
      res.setHeader('Last-Modified', MODIFIED);
      send(req, res, bodies[Number(name) % bodies.length] ?? miss);
    } else if (kind === 'versioned') {
      res.setHeader('Cache-Control', 'public, max-age=3600');
      send(req, res, Buffer.from(`${count}\n`));
    } else if (kind === 'large') {
      res.setHeader('Cache-Control', 'public, max-age=3600');
      send(req, res, large);
    } else if (kind === 'miss' || kind === 'echo') {
      res.setHeader('Cache-Control', 'no-store');
      if (kind === 'miss') send(req, res, miss);
      else req.on('end', () => send(req, res, miss));
    } else {
      res.statusCode = 404;
      send(req, res, Buffer.from('no such page\n'));
    }
  };

  const server = createServer({ keepAliveTimeout: 60_000 }, answer);
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(port, '127.0.0.1', done);
  });
  return {
    port: (server.address() as AddressInfo).port,
    count: () => count,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function send(req: IncomingMessage, res: ServerResponse, body: Buffer): void {
  res.setHeader('Content-Length', body.length);
  res.end(req.method === 'HEAD' ? undefined : body);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const origin = await startOrigin(Number(process.argv[2] ?? 3000));
  process.stdout.write(`origin of the load tests on http://127.0.0.1:${origin.port}\n`);
}
