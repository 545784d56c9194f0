import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Cleanup, within } from '../support/cleanup.ts';

/** Types of frames (RFC 9113 section 6). */
export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { ack: 1, endStream: 1, endHeaders: 4 } as const;

/** Error codes (RFC 9113 section 7). */
export const ERROR = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  refused: 7,
  cancel: 8,
  enhanceYourCalm: 11,
} as const;

export interface Frame {
  type: number;
  flags: number;
  stream: number;
  payload: Buffer;
}

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** The bytes of a frame, whatever sense they make. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array | string = ''): Buffer {
  const body = Buffer.from(payload as string, 'latin1');
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

/** A payload of one number of 32 bits: for RST_STREAM and WINDOW_UPDATE. */
export function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A block of fields, every one a literal that is not indexed (RFC 7541 section 6.2.2). */
export function block(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.map(([name, value]) => Buffer.concat([Buffer.from([0]), text(name), text(value)])));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const prefix = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) prefix.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...prefix, rest]), bytes]);
}

/** The fields of a plain GET. */
export const GET = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'a.test'],
] as const;

/** A client of HTTP/2 that sends whatever it is told. */
export class RawHttp2 {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  closed = false;
  #held = Buffer.alloc(0);
  #wake: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#stir();
    });
  }

  #take(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk]);
    while (this.#held.length >= 9) {
      const length = this.#held.readUIntBE(0, 3);
      if (this.#held.length < 9 + length) break;
      const [type, flags] = [this.#held[3], this.#held[4]];
      const stream = this.#held.readUInt32BE(5) & 0x7fffffff;
      this.frames.push({ type, flags, stream, payload: this.#held.subarray(9, 9 + length) });
      this.#held = this.#held.subarray(9 + length);
    }
    this.#stir();
  }

  #stir(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  send(...bytes: Uint8Array[]): void {
    this.socket.write(Buffer.concat(bytes));
  }

  /** The preface and settings, `[id, value]` each. */
  begin(settings: readonly (readonly [number, number])[] = []): void {
    const payload = Buffer.alloc(settings.length * 6);
    for (const [i, [id, value]] of settings.entries()) {
      payload.writeUInt16BE(id, i * 6);
      payload.writeUInt32BE(value, i * 6 + 2);
    }
    this.send(Buffer.from(PREFACE, 'latin1'), frame(TYPE.settings, 0, 0, payload));
  }

  /** A request without a body, unless told otherwise. */
  request(stream: number, fields: readonly (readonly [string, string])[] = GET, flags: number = FLAG.endStream): void {
    this.send(frame(TYPE.headers, FLAG.endHeaders | flags, stream, block(fields)));
  }

  /** The first frame of which `wanted` is true, undefined where the connection ended without one. */
  async find(wanted: (frame: Frame) => boolean): Promise<Frame | undefined> {
    const search = async () => {
      for (;;) {
        const found = this.frames.find(wanted);
        if (found !== undefined || this.closed) return found;
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
    };
    return within(search(), 'a frame of HTTP/2');
  }

  /** The error code of the RST_STREAM for a stream, or of a GOAWAY; -1 where the connection ended without either. */
  async failure(stream: number): Promise<{ of: 'stream' | 'connection'; code: number }> {
    const found = await this.find(
      (frame) =>
        (frame.type === TYPE.reset && frame.stream === stream) || (frame.type === TYPE.goaway && codeOf(frame) !== 0),
    );
    if (found === undefined) return { of: 'connection', code: -1 };
    return { of: found.type === TYPE.reset ? 'stream' : 'connection', code: codeOf(found) };
  }

  /** Waits for the end of the connection. */
  async end(): Promise<void> {
    await this.find(() => false);
  }

  /** Waits until the server has taken in all that was sent. */
  async settled(): Promise<void> {
    const opaque = Buffer.from(`ping${String(this.frames.length).padStart(4)}`, 'latin1').subarray(0, 8);
    this.send(frame(TYPE.ping, 0, 0, opaque));
    await this.find(({ type, flags, payload }) => type === TYPE.ping && flags === FLAG.ack && payload.equals(opaque));
  }
}

function codeOf({ type, payload }: Frame): number {
  return payload.readUInt32BE(type === TYPE.goaway ? 4 : 0);
}

/** Connects to 127.0.0.1; over TLS where a name is given. The connection is gone after the test. */
export async function openRaw(t: Cleanup, port: number, servername?: string): Promise<RawHttp2> {
  const options = { port, host: '127.0.0.1' };
  const socket =
    servername === undefined
      ? connect(options)
      : connectTls({ ...options, servername, ALPNProtocols: ['h2'], rejectUnauthorized: false });
  t.after(() => void socket.destroy());
  const ready = servername === undefined ? 'connect' : 'secureConnect';
  await within(new Promise((resolve, reject) => socket.once(ready, resolve).once('error', reject)), 'a connection');
  return new RawHttp2(socket);
}
