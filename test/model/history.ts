/** What the generator makes and the driver replays: plain data, so that a history can be shortened and printed. */

/** Header lines; values may hold `@date(SECONDS)` and `@old(SECONDS)` and the like, filled in when they are sent. */
export type Template = [string, string][];

/** What the origin does when it is asked during an exchange. */
export interface Script {
  /** The resource has changed before the exchange. */
  changes: boolean;
  /** Milliseconds from the request to the head. */
  delay: number;
  /** `refused`: no connection; `cut`: the body breaks off; `reset`: the connection ends before the head. */
  fault: 'none' | 'refused' | 'reset' | 'cut';
  status: number;
  /** Fields beside validators and what describes the body. */
  lines: Template;
  validators: 'strong' | 'weak' | 'none' | 'bare';
  /** Last-Modified, seconds before the exchange; undefined for none. */
  modified: number | undefined;
  length: number;
  /** Whether Content-Length says the length. */
  declared: boolean;
  /** Answers 304 where the validators match. */
  honours: boolean;
  /** Sends 206 for a range; `always`: whatever If-Range says. */
  ranges: 'no' | 'yes' | 'always';
  /** ETag of a 304: that of the representation, none, or one that was never there. */
  tag304: 'same' | 'none' | 'other';
  /** Fields of a 304 in place of `lines`. */
  lines304: Template;
  /** The head, parts of the body and the end come in turns of their own. */
  apart: boolean;
}

export interface Exchange {
  /** Milliseconds since the exchange before. */
  wait: number;
  method: string;
  target: string;
  lines: Template;
  hasBody: boolean;
  /** The client's socket takes the body bit by bit. */
  slow: boolean;
  /** The client goes away once the origin has been asked. */
  leaves: boolean;
  origin: Script;
}

export interface History {
  /** Name of one of SITES. */
  site: string;
  /** Milliseconds since 1970. */
  begins: number;
  exchanges: Exchange[];
}
