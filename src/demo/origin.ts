import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { LOGO } from './logo.ts';
import { accountPage, indexPage, newsPage, slowPage } from './pages.ts';
import { drawPicture } from './picture.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

/** Time that the slow page takes, in ms. */
const SLOW = 2000;

/** The news change as often, in ms. */
const NEWS_EDITION = 30_000;

/** Caches in front of the origin may keep a response, browsers ask each time: so that every reload shows what lb does. */
const SHARED = (seconds: number) => `public, max-age=0, s-maxage=${seconds}`;

interface Answer {
  type: string;
  body: string | Buffer;
  cacheControl?: string;
  etag?: string;
}

/** Answers by path; the first group of the pattern is passed on. The calls are those of this path so far, this one included. */
const ROUTES: readonly [path: RegExp, answer: (calls: number, part: string) => Answer | Promise<Answer>][] = [
  [/^\/$/, () => html(indexPage(), SHARED(60))],
  [/^\/style\.css$/, () => ({ type: 'text/css', body: STYLE, cacheControl: SHARED(300) })],
  [/^\/app\.js$/, () => ({ type: 'text/javascript', body: SCRIPT, cacheControl: SHARED(300) })],
  [/^\/hills\.png$/, () => ({ type: 'image/png', body: picture() })],
  [/^\/logo\.svg$/, () => ({ type: 'image/svg+xml', body: LOGO })],
  [/^\/api\/products\/(\d{1,6})$/, (calls, id) => product(id, calls)],
  [/^\/news$/, () => news()],
  [/^\/slow$/, slow],
  [/^\/account$/, (calls) => html(accountPage(calls), 'private, no-store')],
];

export interface Origin {
  readonly port: number;
  /** Requests that reached it. */
  readonly requests: number;
  close(): Promise<void>;
}

/** Starts the sample site on a free port of 127.0.0.1. It counts its calls by path. */
export async function startOrigin(): Promise<Origin> {
  const calls = new Map<string, number>();
  let requests = 0;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://origin');
    requests++;
    calls.set(pathname, (calls.get(pathname) ?? 0) + 1);
    void answer(pathname, calls.get(pathname) ?? 1).then((found) => send(response, found, request.headers));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get requests() {
      return requests;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(path: string, calls: number): Promise<Answer | undefined> {
  for (const [pattern, make] of ROUTES) {
    const match = pattern.exec(path);
    if (match) return make(calls, match[1] ?? '');
  }
  return undefined;
}

function send(response: ServerResponse, found: Answer | undefined, asked: { 'if-none-match'?: string }): void {
  if (!found) {
    response
      .writeHead(404, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-store' })
      .end('There is no such page.\n');
    return;
  }
  response.setHeader('Content-Type', found.type);
  if (found.cacheControl) response.setHeader('Cache-Control', found.cacheControl);
  if (found.etag) response.setHeader('ETag', found.etag);
  if (found.etag && asked['if-none-match'] === found.etag) response.writeHead(304).end();
  else response.writeHead(200).end(found.body);
}

function html(body: string, cacheControl: string): Answer {
  return { type: 'text/html; charset=utf-8', body, cacheControl };
}

let drawn: Buffer | undefined;

function picture(): Buffer {
  drawn ??= drawPicture();
  return drawn;
}

function product(id: string, calls: number): Answer {
  const body = { id: Number(id), name: `Lamp no. ${id}`, price: 19 + (Number(id) % 80), origin_calls: calls };
  return { type: 'application/json', body: `${JSON.stringify(body)}\n` };
}

function news(): Answer {
  const edition = Math.floor(Date.now() / NEWS_EDITION);
  return { ...html(newsPage(edition), SHARED(5)), etag: `"edition-${edition}"` };
}

async function slow(calls: number): Promise<Answer> {
  await wait(SLOW);
  return html(slowPage(calls), SHARED(30));
}
