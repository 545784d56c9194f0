/** Origin of the compression bench: `/asset/NAME`, `/page/N` of 100 KB, `/heavy/N` of 1 MB and `/small`, all cacheable text. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { loadAssets, pageOf } from './assets.ts';

const HEAVY_BYTES = 1 << 20;
const assets = new Map(loadAssets().map((asset) => [asset.name, asset]));

const server = createServer({ keepAliveTimeout: 600_000 }, (req, res) => {
  const [, kind, name = ''] = (req.url ?? '').split('/');
  const asset = kind === 'asset' ? assets.get(name) : undefined;
  const html =
    kind === 'heavy' ? pageOf(Number(name), HEAVY_BYTES) : pageOf(Number(name), kind === 'small' ? 16_384 : undefined);
  const body = asset?.body ?? html;
  res.writeHead(200, {
    'Content-Type': asset?.type ?? 'text/html; charset=utf-8',
    'Content-Length': body.length,
    'Cache-Control': 'public, max-age=86400',
    ETag: `"${req.url}"`,
  });
  res.end(body);
});
server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port));
parentPort?.once('message', () => {
  server.close();
  server.closeAllConnections();
});
