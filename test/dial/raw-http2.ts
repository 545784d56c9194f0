import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Cleanup } from '../support/cleanup.ts';

export const FRAME = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const;
export const END_STREAM = 1;
export const END_HEADERS = 4;

/** A frame as it came (RFC 9113 section 4.1). */
export interface Frame {
  type: number;
  flags: number;
  stream: number;
  payload: Buffer;
}

/** An origin's end of an HTTP/2 connection, frame by frame. */
export class RawConnection {
  readonly socket: Socket;
  /** Frames that came, settings and pings left out. */
  readonly frames: Frame[] = [];
  answersPings = true;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  send(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()): void {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head[3] = type;
    head[4] = flags;
    head.writeUInt32BE(stream, 5);
    if (!this.socket.destroyed) this.socket.write(Buffer.concat([head, payload]));
  }

  /** A head with status 200 and further fields. */
  head(stream: number, flags = 0, fields: Record<string, string> = {}): void {
    this.send(FRAME.headers, END_HEADERS | flags, stream, fieldBlock({ ':status': '200', ...fields }));
  }

  data(stream: number, text: string, flags = 0): void {
    this.send(FRAME.data, flags, stream, Buffer.from(text));
  }

  reset(stream: number, code: number): void {
    this.send(FRAME.reset, 0, stream, uint32(code));
  }

  /** @param last the highest stream that was looked at */
  goaway(last: number, code: number): void {
    this.send(FRAME.goaway, 0, 0, Buffer.concat([uint32(last), uint32(code)]));
  }
}

export interface RawOrigin {
  port: number;
  connections: RawConnection[];
}

/** Starts an origin that speaks HTTP/2 by prior knowledge, and hears of the heads of requests. */
export async function startRawHttp2(
  t: Cleanup,
  onRequest: (connection: RawConnection, stream: number, index: number) => void,
  settings: Uint8Array = new Uint8Array(),
): Promise<RawOrigin> {
  const connections: RawConnection[] = [];
  let requests = 0;
  const server = createServer((socket) => {
    const connection = new RawConnection(socket.on('error', () => {}));
    connections.push(connection);
    connection.send(FRAME.settings, 0, 0, settings);
    let pending = Buffer.alloc(0);
    let isOpen = false;
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      if (!isOpen && pending.length >= 24) {
        isOpen = true;
        pending = pending.subarray(24);
      }
      while (isOpen && pending.length >= 9 && pending.length >= 9 + pending.readUIntBE(0, 3)) {
        const length = pending.readUIntBE(0, 3);
        const frame = {
          type: pending[3],
          flags: pending[4],
          stream: pending.readUInt32BE(5),
          payload: pending.subarray(9, 9 + length),
        };
        pending = pending.subarray(9 + length);
        if (!answer(connection, frame)) connection.frames.push(frame);
        if (frame.type === FRAME.headers) onRequest(connection, frame.stream, requests++);
      }
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const { socket } of connections) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, connections };
}

function answer(connection: RawConnection, { type, flags, payload }: Frame): boolean {
  const isAck = (flags & 1) !== 0;
  if (type === FRAME.settings && !isAck) connection.send(FRAME.settings, 1, 0);
  if (type === FRAME.ping && !isAck && connection.answersPings) connection.send(FRAME.ping, 1, 0, payload);
  return type === FRAME.settings || type === FRAME.ping;
}

/** Fields in HPACK's plainest form: literals that are not indexed, without Huffman (RFC 7541 section 6.2.2). */
export function fieldBlock(fields: Record<string, string>): Buffer {
  const text = (value: string) => Buffer.concat([integer(value.length), Buffer.from(value, 'latin1')]);
  return Buffer.concat(Object.entries(fields).flatMap(([name, value]) => [Uint8Array.of(0), text(name), text(value)]));
}

/** A length of a string (RFC 7541 section 5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  for (let rest = value - 127; ; rest >>= 7) {
    bytes.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) return Buffer.from(bytes);
  }
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
