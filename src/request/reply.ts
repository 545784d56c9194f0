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
  /** Whether the connection ends with this response. */
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
  /** Ends a body of unknown length. @param trailers sent where the transport can: uWebSockets.js cannot */
  finish(trailers?: Readonly<HeaderList>): void;
  /** Breaks the connection, so that the client sees that the response is incomplete. */
  destroy(): void;
  cork(send: () => void): void;
  /** Takes over events of the connection: the request is not answered within the transport's call. */
  detach(events: ReplyEvents): void;
  /** Delivers the request body; to be called within the transport's call into the pipeline. A chunk is valid during the call. */
  onBody(take: (chunk: Uint8Array, last: boolean) => void): void;
  pauseBody(): void;
  resumeBody(): void;
}

export interface ReplyEvents {
  onWritable(): void;
  /** The client went away before the response was complete. */
  onAborted(): void;
}

/** A request as the transport holds it; only valid during the transport's call into the pipeline. */
export interface RequestView {
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
