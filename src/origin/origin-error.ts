import { PROXY_ERRORS, type ProxyErrorType, proxyErrorOfCode, proxyErrorStatus } from '../http/proxy-status.ts';
import type { OriginErrorKind } from '../stats/origin-table.ts';

const TYPES = Object.keys(PROXY_ERRORS) as ProxyErrorType[];

/** What kept an origin from answering, in the terms of Proxy-Status. */
export interface OriginError {
  type: ProxyErrorType;
  /** Status for the client. */
  status: number;
  /** What happened and what to look at, in one sentence for people. */
  detail: string;
}

const ADVICE: Partial<Record<ProxyErrorType, string>> = {
  destination_unavailable:
    'no origin of the site may be asked: health checks fail, or circuits are open; see lb status',
  connection_limit_reached: 'too many requests wait for the origin, or too many files are open',
  dns_error: "the origin's name does not resolve; check the host in the configuration",
  dns_timeout: "the name servers did not answer for the origin's name",
  connection_refused: 'nothing accepts connections at the origin; check its port or socket and that it runs',
  connection_timeout: 'the origin did not accept the connection in time',
  connection_terminated: 'the origin closed the connection before it had answered',
  connection_read_timeout: 'the origin stopped sending its answer',
  destination_ip_prohibited: "the origin's address is not public, and only public ones are allowed here",
  destination_ip_unroutable: "no route leads to the origin's address",
  http_request_denied: 'the firewall of the site lets nobody have the answer of the origin',
  http_response_timeout: 'the origin accepted the request but did not answer in time',
  http_response_incomplete: "the origin's answer does not have the length that it declares",
  http_response_header_section_size: "the origin's response head is too large",
  http_response_transfer_coding: "the origin's transfer coding is broken",
  http_protocol_error:
    "the origin's answer is not HTTP, as where its port speaks TLS, or breaks the rules of HTTP, as a 304 or 101 that nobody asked for",
  tls_certificate_error: "the origin's certificate is not valid for its name",
  tls_protocol_error: 'TLS with the origin failed; check whether its port speaks TLS',
};

/** What errors may carry. `http2Code` is that of the stream; see http2-stream.ts. */
interface FailedRequest extends Error {
  code?: string;
  cause?: Error & { code?: string };
  http2Code?: number;
}

/** The error for a type. */
export function originError(type: ProxyErrorType): OriginError {
  return { type, status: proxyErrorStatus(type), detail: ADVICE[type] ?? 'the request to the origin failed' };
}

/** The error that an exception of the HTTP client, a socket, DNS or TLS amounts to. */
export function originErrorFrom(error: Error): OriginError {
  if (UNSENDABLE.test((error as FailedRequest).code ?? '')) return originError('http_request_error');
  return originError(proxyErrorOfCode(errorCode(error)));
}

/** Codes of HTTP/2 that say that one side breaks its rules (RFC 9113 section 7), of streams and of sessions. */
const HTTP2_VIOLATIONS: ReadonlySet<number> = new Set([1, 3, 5, 6, 9]);

/** Codes of a unix socket that is not there, is none, or is not for this user: nobody takes connections. */
const UNIX_SOCKET_CODES: ReadonlySet<string> = new Set(['ENOENT', 'ENOTSOCK', 'EACCES']);

/** Codes of node:http2 for requests that cannot be sent as they are. */
const UNSENDABLE =
  /^ERR_(?:HTTP2_(?:HEADER_SINGLE_VALUE|INVALID_\w*HEADER\w*|INVALID_PSEUDOHEADER)|INVALID_(?:CHAR|HTTP_TOKEN))$/;

/** The code that an error of HTTP/2 has for the table: broken rules count as those of HTTP/1.1 do, all else as a reset. */
function http2ErrorCode(code: string, number: number | undefined): string {
  if (code === 'ERR_HTTP2_ERROR' || HTTP2_VIOLATIONS.has(number ?? 0)) return 'HPE_HTTP2';
  return 'ECONNABORTED';
}

function errorCode(error: Error): string | undefined {
  // undici's parser errors carry no code
  if (error.name === 'HTTPParserError') return 'HPE_INVALID';
  const { code, cause, http2Code } = error as FailedRequest;
  if (code !== undefined && UNIX_SOCKET_CODES.has(code)) return 'ECONNREFUSED';
  if (code?.startsWith('ERR_HTTP2')) return http2ErrorCode(code, http2Code);
  if (code === 'UND_ERR_SOCKET' && cause?.code !== undefined) return cause.code;
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0] as Error);
  return code ?? cause?.code;
}

/** An error type as a number that fits a word of shared memory, and back. */
export function errorNumber(type: ProxyErrorType): number {
  return TYPES.indexOf(type);
}

export function errorOfNumber(number: number): OriginError {
  return originError(TYPES[number] ?? 'proxy_internal_error');
}

/** The kind under which an error is counted. */
export function errorKind(type: ProxyErrorType): OriginErrorKind {
  if (type.startsWith('dns')) return 'dns';
  if (type === 'connection_refused' || type.startsWith('destination')) return 'connect';
  if (type.startsWith('tls')) return 'tls';
  if (type.endsWith('timeout')) return 'timeout';
  if (type === 'connection_terminated') return 'reset';
  if (type === 'http_response_incomplete') return 'truncated';
  if (type === 'connection_limit_reached') return 'overload';
  return type.startsWith('http_') ? 'protocol' : 'other';
}
