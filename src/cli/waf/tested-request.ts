import type { HeaderList } from '../../http/headers.ts';

/** A request as lb would get it. */
export interface TestedRequest {
  readonly scheme: 'http' | 'https';
  readonly protocol: '1.0' | '1.1' | '2';
  readonly method: string;
  /** Path and query, ASCII. */
  readonly target: string;
  /** Names lowercase, Host among them; one character a byte. */
  readonly headers: HeaderList;
  readonly body: Buffer;
}

/** An answer as an origin would give it. */
export interface TestedResponse {
  readonly status: number;
  /** Names and values in turn, names lowercase; one character a byte. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** What was given is no request: why, and what to do. */
export class RequestError extends Error {}

/** Text as the bytes that go over the wire, one character each. */
export function wire(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
