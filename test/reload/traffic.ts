import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { setTimeout } from 'node:timers/promises';
import WebSocket from 'ws';
import type { Cleanup } from '../support/cleanup.ts';
import { openClient, request, requestText } from '../support/client.ts';

/** What clients of one kind have seen. */
export interface Seen {
  requests: number;
  /** One sentence each. */
  lost: string[];
}

/** Whoever sends requests until `stop`. */
export interface Traffic {
  stop(): Promise<Record<string, Seen>>;
}

export interface Targets {
  /** Port without TLS, and with it. */
  plain: number;
  secure: number;
  host: string;
}

/** Pause between two requests of a client, in ms. */
const PAUSE = 5;

/**
 * Clients of every kind at once: connections that stay, new connections, HTTP/2, WebSockets. None may lose an answer, and
 * those that stay must never be closed.
 */
export function startTraffic(t: Cleanup, { plain, secure, host }: Targets): Traffic {
  const going = { on: true };
  const seen: Record<string, Seen> = {};
  const runs: Promise<void>[] = [];
  const run = (kind: string, client: (count: () => void) => Promise<void>) => {
    seen[kind] ??= { requests: 0, lost: [] };
    const own = seen[kind];
    const count = () => own.requests++;
    runs.push(
      client(count).catch(
        (error: unknown) => void own.lost.push(`${(error as Error).message} after ${own.requests} requests`),
      ),
    );
  };
  let target = 0;
  const next = () => `/${target++ % 50}`;
  for (let i = 0; i < 4; i++) {
    run('kept', async (count) => {
      const client = await openClient(t, plain);
      for (; going.on; count(), await setTimeout(PAUSE)) {
        client.send(requestText('GET', next(), [['Host', host]]));
        expectFine((await client.response()).text);
      }
    });
  }
  run('new', async (count) => {
    for (; going.on; count(), await setTimeout(PAUSE)) {
      expectFine((await request(t, plain, next(), { fields: [['Host', host]] })).text);
    }
  });
  run('http2', async (count) => {
    const session = connect(`https://localhost:${secure}`, { rejectUnauthorized: false, servername: host });
    t.after(() => session.destroy());
    for (; going.on; count(), await setTimeout(PAUSE)) expectFine(await ask(session, host, next()));
  });
  for (const url of [`ws://localhost:${plain}/echo`, `wss://localhost:${secure}/echo`]) {
    run(url.startsWith('wss') ? 'wss' : 'ws', async (count) => {
      const options = { headers: { Host: host }, servername: host, rejectUnauthorized: false };
      const socket = new WebSocket(url, [], options);
      t.after(() => socket.terminate());
      await event(socket, 'open');
      for (; going.on; count(), await setTimeout(PAUSE)) {
        const answer = event(socket, 'message');
        socket.send('fine');
        expectFine(String(await answer));
      }
    });
  }
  return {
    stop: async () => {
      going.on = false;
      await Promise.all(runs);
      return seen;
    },
  };
}

function expectFine(text: string): void {
  if (text !== 'fine') throw new Error(`an answer was ${JSON.stringify(text.slice(0, 200))}`);
}

function ask(session: ClientHttp2Session, host: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path, ':authority': host });
    let text = '';
    stream.setEncoding('latin1').on('data', (part: string) => {
      text += part;
    });
    stream.once('end', () => resolve(text)).once('error', reject);
  });
}

async function event(socket: WebSocket, name: 'open' | 'message'): Promise<unknown> {
  const over = new AbortController();
  const { signal } = over;
  try {
    const closed = once(socket, 'close', { signal }).then(([code]) => {
      throw new Error(`the WebSocket was closed with ${code}`);
    });
    const [value] = (await Promise.race([once(socket, name, { signal }), closed])) as unknown[];
    return value;
  } finally {
    over.abort();
  }
}
