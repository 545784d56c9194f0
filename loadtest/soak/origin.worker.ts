/** The origin of the soak test, on a thread of its own: answers from `objects.ts`, in the versions of shared memory. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { type Content, contentOf, etagOf, LANGUAGES, parsePath, piece, slotOf, TAGS } from './objects.ts';

/** Word after all versions: requests so far. */
const versions = new Int32Array(workerData as SharedArrayBuffer);
const COUNT = versions.length - 1;

const server = createServer({ keepAliveTimeout: 60_000 }, (req, res) => {
  Atomics.add(versions, COUNT, 1);
  const path = req.url ?? '/';
  if (path === '/echo') echo(req, res);
  else if (path.startsWith('/miss/')) miss(req, res, path);
  else serve(req, res, path);
});
server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port));
parentPort?.on('message', (wish: 'idle' | 'end') => {
  server.closeIdleConnections();
  if (wish === 'end') {
    server.close();
    server.closeAllConnections();
    parentPort?.close();
  }
});

/** Gives the body of a request back. */
function echo(req: IncomingMessage, res: ServerResponse): void {
  res.setHeader('Cache-Control', 'no-store');
  req.pipe(res);
}

function miss(req: IncomingMessage, res: ServerResponse, path: string): void {
  req.resume();
  res.setHeader('Cache-Control', 'no-store');
  res.end(`never stored ${path}`);
}

function serve(req: IncomingMessage, res: ServerResponse, path: string): void {
  req.resume();
  const found = parsePath(path);
  if (found === undefined) {
    res.statusCode = 404;
    res.end();
    return;
  }
  const { kind, number } = found;
  const version = Atomics.load(versions, slotOf(kind, number));
  const language = kind.vary ? languageOf(req) : '';
  const content = contentOf(kind, number, version, language);
  const etag = etagOf(version, language);
  res.setHeader('Cache-Control', `public, max-age=${kind.maxAge}`);
  res.setHeader('Content-Type', kind.text ? 'text/html; charset=utf-8' : 'application/octet-stream');
  res.setHeader('ETag', etag);
  res.setHeader('Accept-Ranges', 'bytes');
  if (kind.vary) res.setHeader('Vary', 'X-Lang');
  if (kind.name === 'hot') res.setHeader('Cache-Tag', `tag-${number % TAGS}`);
  const { headers } = req;
  if (headers['if-match'] !== undefined && headers['if-match'] !== etag) {
    res.statusCode = 412;
    res.end();
  } else if (headers['if-none-match']?.split(/, */).includes(etag)) {
    res.statusCode = 304;
    res.end();
  } else {
    const [first, last] = rangeOf(req, content, etag, res);
    // some answers come in chunks, without a length
    if (res.statusCode !== 200 || number % 5 !== 0 || kind.most > 1e6)
      res.setHeader('Content-Length', last + 1 - first);
    if (req.method === 'HEAD') res.end();
    else send(res, content, first, last + 1);
  }
}

function languageOf(req: IncomingMessage): string {
  const wanted = String(req.headers['x-lang'] ?? '');
  return (LANGUAGES as readonly string[]).includes(wanted) ? wanted : LANGUAGES[0];
}

/** First and last byte of the answer; sets the status of a part. */
function rangeOf(req: IncomingMessage, { size }: Content, etag: string, res: ServerResponse): [number, number] {
  const condition = req.headers['if-range'];
  const found = /^bytes=(\d*)-(\d*)$/.exec(req.headers.range ?? '');
  if (found === null || found[0] === 'bytes=-' || (condition !== undefined && condition !== etag)) return [0, size - 1];
  const [, from, to] = found;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (first > last) return [0, size - 1];
  res.statusCode = 206;
  res.setHeader('Content-Range', `bytes ${first}-${last}/${size}`);
  return [first, last];
}

function send(res: ServerResponse, content: Content, from: number, to: number): void {
  let at = from;
  const more = (): void => {
    while (at < to) {
      const bytes = piece(content, at, to - at);
      at += bytes.length;
      if (!res.write(bytes) && at < to) {
        res.once('drain', more);
        return;
      }
    }
    res.end();
  };
  more();
}
