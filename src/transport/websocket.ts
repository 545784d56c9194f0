import type { HttpRequest, HttpResponse, us_socket_context_t, WebSocket, WebSocketBehavior } from 'uWebSockets.js';
import type { Channel, ChannelEvents, SwitchAnswer } from '../request/reply.ts';
import { CLOSE, clientFrame, closeFrame, FrameReader, OPCODE } from './websocket-frames.ts';

/** Bytes that wait for a client above which the origin is held back. */
const HIGH_WATER = 64 * 1024;

const NOTHING = Buffer.alloc(0);

/**
 * What the library says of a close frame that it finds invalid, without the code: 1012 to 3999 too, though most of these may
 * be used (RFC 6455 section 7.4.2). That the client has closed is kept, then, but not why.
 */
const UNKNOWN_CODE = Buffer.from('Received invalid close payload');

/** Above the largest message allowed a message is still read by this much, so that it can be answered by a close frame. */
const GRACE_BYTES = 1 << 20;

/** What the library copies onto its socket. */
interface UserData {
  channel: WebSocketChannel;
}

type Socket = WebSocket<UserData>;

/** A request that asks for a WebSocket, with what its answer needs. */
export interface Handshake {
  readonly res: HttpResponse;
  readonly key: string;
  readonly context: us_socket_context_t;
  /** Calls while this connection is not corked; see Bystander. */
  readonly outside: (call: () => void) => void;
}

/** Fields of a 101 that the library writes itself, or that it does not offer. */
const LIBRARY_FIELDS: ReadonlySet<string> = new Set([
  'sec-websocket-accept',
  'sec-websocket-extensions',
  'sec-websocket-protocol',
  'date',
]);

/**
 * How the library is to treat WebSockets. It joins fragments, answers pings and checks frames by itself.
 * @param maxMessage bytes of the largest message of any site
 * @param onUpgrade gets requests with a key of the right length; all others come by their ordinary route
 */
export function webSocketBehavior(
  maxMessage: number,
  onUpgrade: (res: HttpResponse, req: HttpRequest, context: us_socket_context_t) => void,
): WebSocketBehavior<UserData> {
  return {
    maxPayloadLength: Math.min(maxMessage + GRACE_BYTES, 0x7fff_ffff),
    // time-outs are the tunnel's; the library's end at 16 minutes
    idleTimeout: 0,
    sendPingsAutomatically: false,
    compression: 0,
    // the origin is held back instead of messages being dropped
    maxBackpressure: 0,
    upgrade: onUpgrade,
    open: (ws) => ws.getUserData().channel.open(ws),
    message: (ws, data, isBinary) => ws.getUserData().channel.onMessage(data, isBinary),
    drain: (ws) => ws.getUserData().channel.onDrain(),
    ping: (ws, data) => ws.getUserData().channel.onControl(OPCODE.ping, data),
    pong: (ws, data) => ws.getUserData().channel.onControl(OPCODE.pong, data),
    close: (ws, code, reason) => ws.getUserData().channel.onClosed(code, reason),
  };
}

/** Whether a request of the behavior's route does ask for a WebSocket: the library has looked at the key only. */
export function asksForWebSocket(req: HttpRequest): boolean {
  return hasToken(req.getHeader('connection'), 'upgrade') && hasToken(req.getHeader('upgrade'), 'websocket');
}

function hasToken(list: string, token: string): boolean {
  return list.split(',').some((member) => member.trim().toLowerCase() === token);
}

/** Answers 101, and makes a channel of the connection. */
export function switchToWebSocket(handshake: Handshake, answer: SwitchAnswer, events: ChannelEvents): Channel {
  const { res, key, context, outside } = handshake;
  const channel = new WebSocketChannel(res, answer.maxMessage, events);
  const { lines } = answer;
  let subprotocol = '';
  res.cork(() => {
    res.writeStatus('101 Switching Protocols');
    for (let i = 0; i < lines.length; i += 2) {
      if (lines[i] === 'sec-websocket-protocol') subprotocol = lines[i + 1];
      if (!LIBRARY_FIELDS.has(lines[i])) res.writeHeader(lines[i], Buffer.from(lines[i + 1], 'latin1'));
    }
  });
  outside(() => res.upgrade<UserData>({ channel }, key, subprotocol, '', context));
  return channel;
}

/** The calls of a response that hold its client back. */
interface Flow {
  pause(this: Socket): void;
  resume(this: Socket): void;
}

/**
 * A WebSocket of the library, which gives and takes messages, as bytes of the frames that an origin exchanges with its
 * client: what the client sends is put into masked frames, what comes for it is read as frames.
 */
class WebSocketChannel implements Channel {
  closed = false;
  readonly #events: ChannelEvents;
  readonly #maxMessage: number;
  readonly #reader: FrameReader;
  /** Of responses: the library can hold back these only, but it has one kind of socket behind them and WebSockets. */
  readonly #flow: Flow;
  #ws!: Socket;
  #paused = false;
  #full = false;
  /** The origin has been sent its close frame: it hears no more of the client. */
  #told = false;
  /** The client's close frame, which comes behind all that it is still owed. */
  #ending: { code: number; reason: Buffer } | undefined;

  constructor(res: HttpResponse, maxMessage: number, events: ChannelEvents) {
    this.#flow = Object.getPrototypeOf(res) as Flow;
    this.#maxMessage = maxMessage;
    this.#events = events;
    this.#reader = new FrameReader(maxMessage, {
      onMessage: (data, isBinary) => this.#isOpen && this.#ws.send(data, isBinary),
      onPing: (data) => this.#isOpen && this.#ws.ping(data),
      onClosed: (code, reason) => this.#closeBoth(code, code, reason),
      onInvalid: (code) => this.#closeBoth(code, code === CLOSE.tooBig ? code : CLOSE.badGateway, NOTHING),
    });
  }

  open(ws: Socket): void {
    this.#ws = ws;
  }

  get #isOpen(): boolean {
    return !this.closed && this.#ending === undefined;
  }

  /** Bytes on their way to the client. */
  get #waiting(): number {
    return this.closed ? 0 : this.#ws.getBufferedAmount();
  }

  write(chunk: Buffer): boolean {
    if (!this.#isOpen) return true;
    this.#reader.write(chunk);
    this.#full = this.#waiting > HIGH_WATER;
    return !this.#full;
  }

  /** A WebSocket has no half: an origin that ends without a close frame has broken it. */
  end(): void {
    if (!this.#isOpen) return;
    this.destroy();
    this.#events.onClose();
  }

  pause(): void {
    if (!this.#isOpen || this.#paused) return;
    this.#paused = true;
    this.#flow.pause.call(this.#ws);
  }

  resume(): void {
    if (this.closed || !this.#paused) return;
    this.#paused = false;
    this.#flow.resume.call(this.#ws);
  }

  close(code: number, reason: string): void {
    this.#closeBoth(code, code, Buffer.from(reason));
  }

  destroy(): void {
    if (this.closed) return;
    this.closed = true;
    this.#ws.close();
  }

  onMessage(data: ArrayBuffer, isBinary: boolean): void {
    if (!this.#isOpen) return;
    if (data.byteLength > this.#maxMessage) this.close(CLOSE.tooBig, '');
    else this.#pass(isBinary ? OPCODE.binary : OPCODE.text, data);
  }

  /** A ping has been answered by the library, but the origin is to know that the client lives. */
  onControl(opcode: number, data: ArrayBuffer): void {
    if (this.#isOpen) this.#pass(opcode, data);
  }

  /** @param data valid during the call */
  #pass(opcode: number, data: ArrayBuffer): void {
    this.#send(clientFrame(opcode, Buffer.from(new Uint8Array(data))));
  }

  #send(frame: readonly Buffer[]): void {
    for (const part of frame) this.#events.onData(part);
  }

  onDrain(): void {
    if (this.#ending !== undefined) this.#finish();
    else if (this.#full && this.#waiting <= HIGH_WATER / 2) {
      this.#full = false;
      this.#events.onDrain();
    }
  }

  /** The library's connection is over, by its own `end` too. */
  onClosed(code: number, reason: ArrayBuffer): void {
    if (this.closed) return;
    this.closed = true;
    const text = Buffer.from(new Uint8Array(reason));
    if (code !== CLOSE.abnormal) this.#closeOrigin(code, text);
    else if (text.equals(UNKNOWN_CODE)) this.#closeOrigin(CLOSE.noStatus, NOTHING);
    this.#events.onClose();
  }

  #closeBoth(forOrigin: number, forClient: number, reason: Buffer): void {
    if (!this.#isOpen) return;
    this.#ending = { code: forClient, reason };
    this.#closeOrigin(forOrigin, reason);
    // a client that is held back could not be seen to leave
    this.resume();
    this.#finish();
  }

  #closeOrigin(code: number, reason: Buffer): void {
    if (this.#told) return;
    this.#told = true;
    this.#send(closeFrame(code, reason));
    this.#events.onEnd();
  }

  #finish(): void {
    if (this.closed || this.#ending === undefined || this.#waiting > 0) return;
    const { code, reason } = this.#ending;
    if (code === CLOSE.noStatus) this.#ws.end();
    else this.#ws.end(code, reason);
  }
}
