import type { HeaderList } from '../http/headers.ts';

/**
 * The way a response goes out, whatever carries it. Any number of `inform` come first. One of `end`, `endEmpty`, or `write`s and `finish` follow one `head`.
 * Outside the transport's own call into the pipeline, wrap what belongs together in `cork`.
 */
export interface Reply {
  /** Body bytes that the transport has taken so far. */
  readonly offset: number;
  /** The client is gone or the response is over: nothing may be sent. */
  readonly closed: boolean;
  /** Whether the connection ends with this response; in HTTP/2 once the other streams have ended too. */
  closeAfter: boolean;
  /**
   * An interim response, which leaves at once.
   * @param status `103 Early Hints`
   * @param lines rendered, from Via's value on; latin1
   */
  inform(status: string, lines: string): void;
  /**
   * Status line and headers.
   * @param status `200 OK`
   * @param cacheStatus value of Cache-Status; '' where `block` begins with it
   * @param block rendered lines: from Cache-Status's value on, or else from Via's value on
   * @param age seconds for Age, -1 for none
   */
  head(status: string, cacheStatus: string, block: Uint8Array | string, age: number): void;
  /** The whole body at once; what the socket does not take is copied. */
  end(body: Uint8Array | string): void;
  /** No body. @param length what Content-Length says, -1 for no such field */
  endEmpty(length: number): void;
  /**
   * A part of the body. @param total bytes of the whole body, -1 where only the end will tell
   * @returns false when no more is to be written until `onWritable`; `offset` tells what was taken of a known total
   */
  write(chunk: Uint8Array, total: number): boolean;
  /** Sends the head before there is any of the body, where the transport can. @param total as for `write` */
  flush?(total: number): void;
  /** Ends a body of unknown length. @param trailers sent where the transport can: uWebSockets.js cannot */
  finish(trailers?: Readonly<HeaderList>): void;
  /** Breaks the connection, in HTTP/2 the stream, so that the client sees that the response is incomplete. */
  destroy(): void;
  cork(send: () => void): void;
  /** Takes over events of the connection: the request is not answered within the transport's call. */
  detach(events: ReplyEvents): void;
  /** Delivers the request body; to be called within the transport's call into the pipeline. A chunk is valid during the call. */
  onBody(take: (chunk: Uint8Array, last: boolean) => void): void;
  pauseBody(): void;
  resumeBody(): void;
  /**
   * Answers 101 (RFC 9110 section 7.8), over HTTP/2 200 (RFC 8441 section 4), in place of a head, and gives the connection
   * up to another protocol. The reply is over then. Only where the request's `isUpgrade` is set; throws elsewhere.
   */
  switchProtocols(answer: SwitchAnswer, events: ChannelEvents): Channel;
}

/** What a switch of protocols is answered with. */
export interface SwitchAnswer {
  /** The protocol switched to, lowercase, such as `websocket`. */
  protocol: string;
  /** All other fields, those of a WebSocket handshake among them, in lowercase; neither Connection nor Upgrade. */
  lines: Readonly<HeaderList>;
  /** Bytes of one WebSocket message, where the transport puts messages together; a longer one ends both sides by 1009. */
  maxMessage: number;
}

/** A client's connection after a switch of protocols: bytes both ways, of a protocol that is nobody's business here. */
export interface Channel {
  /** The connection is broken, or over both ways. */
  readonly closed: boolean;
  /** Bytes for the client, which may be kept. @returns false when no more is to be written until `onDrain` */
  write(chunk: Buffer): boolean;
  /** No more bytes follow for the client; what it sends still counts. */
  end(): void;
  /** Holds the client back; calls do not add up. */
  pause(): void;
  resume(): void;
  /**
   * Ends it from here: where the transport knows WebSocket both sides are told by a close frame, else the connection breaks.
   * @param code RFC 6455 section 7.4
   */
  close(code: number, reason: string): void;
  /** Breaks the connection. */
  destroy(): void;
}

export interface ChannelEvents {
  /** Bytes from the client, also those that came before the switch. The chunk may be kept. */
  onData(chunk: Buffer): void;
  /** No more bytes follow from the client, which may still take some. */
  onEnd(): void;
  onDrain(): void;
  /** The connection is gone; nothing follows. Not told of a connection that `destroy` broke. */
  onClose(): void;
}

export interface ReplyEvents {
  onWritable(): void;
  /** The client went away before the response was complete. */
  onAborted(): void;
}

/** What a request came by; the access log has it. */
export type Protocol = '1.0' | '1.1' | '2';

/** A request as the transport holds it; only valid during the transport's call into the pipeline. */
export interface RequestView {
  readonly protocol: Protocol;
  /**
   * The client asks for another protocol, by Connection and Upgrade, the request has no body, and the transport can switch.
   * HTTP/2's CONNECT with :protocol (RFC 8441) shows as GET with these two fields and Sec-WebSocket-Version.
   */
  readonly isUpgrade: boolean;
  /** A body follows that no field tells of: HTTP/2 ends bodies by itself. */
  readonly hasOpenBody: boolean;
  /** Reading all header lines costs nothing: hits are checked whole too. */
  readonly headersAtHand?: boolean;
  /** Whether the client's connection is over TLS. */
  scheme(): 'http' | 'https';
  /** The name that the client asked for in TLS (SNI), lowercase; '' for none. */
  serverName(): string;
  /** Case-sensitive. */
  method(): string;
  /** Path without query, as sent. */
  path(): string;
  /** Query without its question mark, '' where there is none. */
  query(): string;
  /** A field by lowercase name, '' where absent; only the first line of several. */
  header(name: string): string;
  /** All lines: [name, value, ...], names lowercase. */
  headers(): string[];
  /** Address of the client, without port. */
  address(): string;
}
