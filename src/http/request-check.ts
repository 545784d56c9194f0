import { isFieldValue, isToken } from './chars.ts';
import { type BodyFraming, isRefusal, type Refusal, requestFraming } from './framing.ts';
import { type HeaderList, headerBlockBytes } from './headers.ts';
import { type Host, parseHost, sameHost } from './host.ts';
import { methodStatus } from './method.ts';
import { parseRequestTarget, type RequestTarget } from './request-target.ts';

/** A request head as it came off the wire, or as pseudo-fields of HTTP/2 and 3 gave it. */
export interface RequestHead {
  /** Case-sensitive. */
  method: string;
  /** The request target as sent, :path in HTTP/2 and 3. */
  target: string;
  headers: HeaderList;
  /** Default 1.1. */
  version?: '1.0' | '1.1' | '2' | '3';
  /** Whether the request came over TLS: the default port for comparing hosts. */
  secure?: boolean;
  /** The :authority of HTTP/2 and 3; Host may then be absent, and must name the same where present. */
  authority?: string;
}

/** What a request may not exceed, in bytes and lines. */
export interface RequestLimits {
  /** Longest target, else 414. */
  target: number;
  /** Largest sum of all header lines, else 431. */
  headerBytes: number;
  /** Most header lines, else 431. */
  headerCount: number;
}

export const DEFAULT_REQUEST_LIMITS: Readonly<RequestLimits> = { target: 8192, headerBytes: 32768, headerCount: 128 };

/** What a checked request asks for, and how its body is framed. */
export interface CheckedRequest {
  target: RequestTarget;
  host: Host;
  bodyKind: BodyFraming['kind'];
  /** Bytes of the body: 0 for none, -1 for chunked. */
  contentLength: number;
}

/**
 * Whether a request head may be taken further: what follows from RFC 9110 and 9112 for an intermediary, and stricter
 * where leniency lets two readers disagree about where a request ends or whom it addresses.
 *
 * @returns what the request asks for, or a refusal (400, 414, 417, 431, 501), after which the connection is closed
 */
export function checkRequest(
  head: RequestHead,
  limits: Readonly<RequestLimits> = DEFAULT_REQUEST_LIMITS,
): CheckedRequest | Refusal {
  const refusal = checkMethod(head.method) ?? checkTargetLength(head.target, limits) ?? checkFields(head, limits);
  if (refusal !== undefined) return refusal;
  const target = parseRequestTarget(head.target, head.method);
  if (target === undefined) return { status: 400, detail: 'the request target is malformed' };
  const host = requestHost(head, target);
  if (isRefusal(host)) return host;
  const framing = requestFraming(head.headers, head.version);
  if (isRefusal(framing)) return framing;
  return { target, host, bodyKind: framing.kind, contentLength: framing.length };
}

/** The refusal for a method that is no token (400) or not one that is forwarded (501), or undefined. */
export function checkMethod(method: string): Refusal | undefined {
  const status = methodStatus(method);
  if (status === 0) return undefined;
  return { status, detail: status === 400 ? 'the method is malformed' : 'the method is not supported' };
}

function checkTargetLength(target: string, limits: Readonly<RequestLimits>): Refusal | undefined {
  if (target.length <= limits.target) return undefined;
  return { status: 414, detail: `the request target is longer than ${limits.target} bytes` };
}

function checkFields(head: RequestHead, limits: Readonly<RequestLimits>): Refusal | undefined {
  const { headers } = head;
  if (headers.length / 2 > limits.headerCount) {
    return { status: 431, detail: `there are more than ${limits.headerCount} header lines` };
  }
  if (headerBlockBytes(headers) > limits.headerBytes) {
    return { status: 431, detail: `the header section is larger than ${limits.headerBytes} bytes` };
  }
  for (let i = 0; i < headers.length; i += 2) {
    if (!isToken(headers[i])) return { status: 400, detail: 'a field name is malformed' };
    if (!isFieldValue(headers[i + 1])) return { status: 400, detail: `${headers[i]} holds a control byte` };
    if (headers[i] === 'expect' && headers[i + 1].toLowerCase() !== '100-continue') {
      return { status: 417, detail: 'the only expectation supported is 100-continue' };
    }
  }
  return undefined;
}

/**
 * Whom the request addresses: Host, checked against the absolute form's authority and :authority (RFC 9112 section 3.2,
 * RFC 9113 section 8.3.1). Refused when missing, repeated, malformed or contradicted.
 */
export function requestHost(head: RequestHead, target: RequestTarget): Host | Refusal {
  const value = singleHost(head);
  if (typeof value !== 'string') return value;
  const host = parseHost(value);
  if (host === undefined) return { status: 400, detail: 'Host is malformed' };
  if (head.authority === undefined && target.authority === undefined) return host;
  const authority = target.authority ?? parseHost(head.authority as string);
  if (authority === undefined) return { status: 400, detail: ':authority is malformed' };
  const defaultPort = head.secure === true ? 443 : 80;
  return sameHost(authority, host, defaultPort) ? host : { status: 400, detail: 'Host and authority differ' };
}

function singleHost(head: RequestHead): string | Refusal {
  let value: string | undefined;
  for (let i = 0; i < head.headers.length; i += 2) {
    if (head.headers[i] !== 'host') continue;
    if (value !== undefined) return { status: 400, detail: 'Host is given more than once' };
    value = head.headers[i + 1];
  }
  return value ?? head.authority ?? { status: 400, detail: 'Host is missing' };
}
