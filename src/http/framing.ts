import { trimOws } from './chars.ts';
import type { HeaderList } from './headers.ts';

/** How a message body is delimited (RFC 9112 section 6). */
export interface BodyFraming {
  kind: 'none' | 'length' | 'chunked';
  /** Bytes of the body where the kind is `length`; 0 for none, -1 for chunked. */
  length: number;
}

/** A message that must be refused: the status to answer with, and the reason in words for people. */
export interface Refusal {
  status: number;
  detail: string;
}

const NO_BODY: BodyFraming = Object.freeze({ kind: 'none', length: 0 });
const CHUNKED: BodyFraming = Object.freeze({ kind: 'chunked', length: -1 });

/**
 * A Content-Length value in bytes, or -1 when it is not plain digits up to 2^53 - 1: `+1`, `0x10`, ``, `1, 1`, `1 1`.
 */
export function parseContentLength(value: string): number {
  if (!/^\d{1,20}$/.test(value)) return -1;
  const length = Number(value);
  return Number.isSafeInteger(length) ? length : -1;
}

/**
 * How a request's body is framed, or why the request must be refused and its connection closed (RFC 9112 section 6.3).
 * Stricter than the RFC where that leaves a choice: Content-Length twice is refused also where both agree, and of
 * transfer codings only `chunked` alone is taken.
 *
 * @param version Transfer-Encoding belongs to HTTP/1.1 alone: refused in 1.0, 2 and 3.
 */
export function requestFraming(headers: HeaderList, version: string = '1.1'): BodyFraming | Refusal {
  let contentLength: string | undefined;
  let transferEncoding: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i];
    if (name === 'content-length') {
      if (contentLength !== undefined) return refuse('Content-Length is given more than once');
      contentLength = headers[i + 1];
    } else if (name === 'transfer-encoding') {
      if (transferEncoding !== undefined) return refuse('Transfer-Encoding is given more than once');
      transferEncoding = headers[i + 1];
    }
  }
  if (transferEncoding !== undefined) {
    if (contentLength !== undefined) return refuse('Content-Length and Transfer-Encoding exclude each other');
    if (version !== '1.1') return refuse(`Transfer-Encoding is not allowed in HTTP/${version}`);
    return transferFraming(transferEncoding);
  }
  return contentLength === undefined ? NO_BODY : lengthFraming(contentLength);
}

/** Whether a framing result is a refusal. */
export function isRefusal(result: object): result is Refusal {
  return 'status' in result && 'detail' in result;
}

function lengthFraming(value: string): BodyFraming | Refusal {
  const length = parseContentLength(value);
  return length < 0 ? refuse('Content-Length is not a decimal number') : { kind: 'length', length };
}

function transferFraming(value: string): BodyFraming | Refusal {
  const codings = value.split(',').map((coding) => trimOws(coding).toLowerCase());
  if (codings.length === 1 && codings[0] === 'chunked') return CHUNKED;
  if (codings.includes('') || codings.indexOf('chunked') !== codings.lastIndexOf('chunked')) {
    return refuse('Transfer-Encoding is malformed');
  }
  if (codings.includes('chunked') && codings.at(-1) !== 'chunked') return refuse('chunked must be the last coding');
  return { status: 501, detail: 'only the transfer coding chunked is supported' };
}

function refuse(detail: string): Refusal {
  return { status: 400, detail };
}
