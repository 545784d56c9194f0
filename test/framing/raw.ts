import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { within } from '../support/cleanup.ts';

/** What a client sees that sends bytes as they stand. */
export interface Outcome {
  /** Statuses of the final answers in their order. */
  statuses: number[];
  /** Whether the connection was ended without the client's doing. */
  closed: boolean;
  /** All that came, latin1. */
  text: string;
}

/** Silence after which the server is taken to wait for more, before it has said anything and after. ms */
const SILENT = 1500;
const QUIET = 250;

/** Connects without TLS. */
export function plain(port: number): Socket {
  return connect({ port, host: '127.0.0.1', noDelay: true });
}

/**
 * Sends pieces one after the other, each in a packet of its own, and takes what comes until the server ends the
 * connection or says no more.
 */
export async function sendRaw(socket: Duplex, pieces: readonly string[], method: string): Promise<Outcome> {
  let text = '';
  let closed = false;
  let quietSince = performance.now();
  socket.on('data', (data: Buffer) => {
    text += data.toString('latin1');
    quietSince = performance.now();
  });
  socket.on('error', () => {});
  const over = new Promise<void>((resolve) => {
    socket.once('close', () => {
      closed = true;
      resolve();
    });
  });
  for (const piece of pieces) {
    if (closed) break;
    socket.write(piece, 'latin1');
    if (pieces.length > 1) await setTimeout(0);
  }
  quietSince = performance.now();
  const quiet = (async () => {
    const patience = () => (text === '' ? SILENT : QUIET);
    while (performance.now() - quietSince < patience() && !closed) await setTimeout(QUIET / 5);
  })();
  await within(Promise.race([over, quiet]), 'an end of what a server says');
  const result = { statuses: statusesOf(text, method), closed, text };
  socket.destroy();
  return result;
}

/** Splits what came into answers. @throws Error where it is none to the letter */
function statusesOf(text: string, method: string): number[] {
  const statuses: number[] = [];
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf('\r\n\r\n', at);
    const match = /^HTTP\/1\.1 (\d{3})[^\r\n]*\r\n/.exec(text.slice(at, at + 200));
    if (end < 0 || match === null) throw new Error(`no answer: ${JSON.stringify(text.slice(at, at + 80))}`);
    const status = Number(match[1]);
    at = bodyEnd(text, end + 4, text.slice(at, end + 2), statuses.length === 0 ? method : 'GET', status);
    if (status >= 200) statuses.push(status);
  }
  return statuses;
}

function bodyEnd(text: string, from: number, head: string, method: string, status: number): number {
  // uWebSockets.js refuses with a page and the end of the connection, whatever the method
  if (text.startsWith('<h1>', from)) return text.length;
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return from;
  if (/\r\ntransfer-encoding: chunked\r\n/i.test(head)) {
    const last = /\r\n?0\r\n\r\n/.exec(text.slice(from - 2));
    return last === null ? text.length : from - 2 + last.index + last[0].length;
  }
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head);
  return length === null ? text.length : from + Number(length[1]);
}
