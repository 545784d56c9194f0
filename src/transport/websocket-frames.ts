import type { Writable } from 'node:stream';
import * as ws from 'ws';

/** The parts of the package that its types leave out: a parser and a maker of frames (RFC 6455 section 5). */
interface Frames {
  Receiver: new (options: {
    isServer: boolean;
    maxPayload: number;
    maxFragments: number;
    maxBufferedChunks: number;
  }) => Writable;
  Sender: {
    frame(
      data: Buffer,
      options: { fin: boolean; rsv1: boolean; opcode: number; mask: boolean; readOnly: boolean },
    ): Buffer[];
  };
}

const { Receiver, Sender } = ws as unknown as Frames;

export const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Fragments of one message, and chunks that wait for its end, beyond which an origin's message is refused. */
const MAX_FRAGMENTS = 131_072;
const MAX_CHUNKS = 1_048_576;

/** RFC 6455 section 7.4.1. */
export const CLOSE = {
  goingAway: 1001,
  protocolError: 1002,
  noStatus: 1005,
  abnormal: 1006,
  invalidPayload: 1007,
  tooBig: 1009,
  badGateway: 1014,
} as const;

/** One frame as a client sends it: whole and masked. `data` is masked in place. */
export function clientFrame(opcode: number, data: Buffer): Buffer[] {
  return Sender.frame(data, { fin: true, rsv1: false, opcode, mask: true, readOnly: false });
}

/** The close frame of a server. */
export function serverCloseFrame(code: number, reason: string): Buffer {
  const text = Buffer.from(reason);
  const head = Buffer.from([0x80 | OPCODE.close, 2 + text.length, code >> 8, code & 0xff]);
  return Buffer.concat([head, text]);
}

/** The close frame of a client for a code; 1005 stands for one without. */
export function closeFrame(code: number, reason: Buffer): Buffer[] {
  if (code === CLOSE.noStatus) return clientFrame(OPCODE.close, Buffer.alloc(0));
  const payload = Buffer.allocUnsafe(2 + reason.length);
  payload.writeUInt16BE(code);
  reason.copy(payload, 2);
  return clientFrame(OPCODE.close, payload);
}

/** What an origin's frames come to. */
export interface FrameSink {
  onMessage(data: Buffer, isBinary: boolean): void;
  onPing(data: Buffer): void;
  /** The close frame; nothing follows. @param code 1005 where it has none */
  onClosed(code: number, reason: Buffer): void;
  /** The bytes are no frames, or the message is too big; nothing follows. @param code 1002, 1007, 1008 or 1009 */
  onInvalid(code: number): void;
}

/** Reads the frames that an origin sends, and puts messages together. */
export class FrameReader {
  readonly #receiver: Writable;
  #over = false;

  /** @param maxMessage bytes of a message */
  constructor(maxMessage: number, sink: FrameSink) {
    this.#receiver = new Receiver({
      isServer: false,
      maxPayload: maxMessage,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: MAX_CHUNKS,
    });
    this.#receiver
      .on('message', (data: Buffer, isBinary: boolean) => sink.onMessage(data, isBinary))
      .on('ping', (data: Buffer) => sink.onPing(data))
      .on('conclude', (code: number, reason: Buffer) => {
        this.#over = true;
        sink.onClosed(code, reason);
      })
      .on('error', (error: NodeJS.ErrnoException) => {
        if (this.#over) return;
        this.#over = true;
        sink.onInvalid(closeCodeOf(error.code));
      });
  }

  write(chunk: Buffer): void {
    if (!this.#over) this.#receiver.write(chunk);
  }
}

function closeCodeOf(code: string | undefined): number {
  switch (code) {
    case 'WS_ERR_INVALID_UTF8':
      return CLOSE.invalidPayload;
    case 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH':
    case 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH':
      return CLOSE.tooBig;
    case 'WS_ERR_TOO_MANY_BUFFERED_PARTS':
      return 1008;
    default:
      return CLOSE.protocolError;
  }
}
