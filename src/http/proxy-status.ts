import { serializeBareItem, tokenOrString } from './structured-fields.ts';

/** Error types with the status that each recommends (RFC 9209 section 2.3). */
export const PROXY_ERRORS = {
  dns_timeout: 504,
  dns_error: 502,
  destination_not_found: 500,
  destination_unavailable: 503,
  destination_ip_prohibited: 502,
  destination_ip_unroutable: 502,
  connection_refused: 502,
  connection_terminated: 502,
  connection_timeout: 504,
  connection_read_timeout: 504,
  connection_write_timeout: 504,
  connection_limit_reached: 503,
  tls_protocol_error: 502,
  tls_certificate_error: 502,
  tls_alert_received: 502,
  http_request_error: 400,
  http_request_denied: 403,
  http_response_incomplete: 502,
  http_response_header_section_size: 502,
  http_response_header_size: 502,
  http_response_body_size: 502,
  http_response_trailer_section_size: 502,
  http_response_trailer_size: 502,
  http_response_transfer_coding: 502,
  http_response_content_coding: 502,
  http_response_timeout: 504,
  http_upgrade_failed: 502,
  http_protocol_error: 502,
  proxy_internal_response: 200,
  proxy_internal_error: 500,
  proxy_configuration_error: 500,
  proxy_loop_detected: 502,
} as const satisfies Record<string, number>;

export type ProxyErrorType = keyof typeof PROXY_ERRORS;

/** The status to answer with for an error: the recommended one, but 508 for loops, which RFC 5842 gives a status of its own. */
export function proxyErrorStatus(type: ProxyErrorType): number {
  return type === 'proxy_loop_detected' ? 508 : PROXY_ERRORS[type];
}

/** Codes of system calls, TLS and HTTP client errors, and the error type that each amounts to. */
const BY_CODE: ReadonlyMap<string, ProxyErrorType> = new Map([
  ['EAI_AGAIN', 'dns_timeout'],
  ['ETIMEOUT', 'dns_timeout'],
  ['ENOTFOUND', 'dns_error'],
  ['ENODATA', 'dns_error'],
  ['ESERVFAIL', 'dns_error'],
  ['EREFUSED', 'dns_error'],
  ['ECONNREFUSED', 'connection_refused'],
  ['ECONNRESET', 'connection_terminated'],
  ['ECONNABORTED', 'connection_terminated'],
  ['EPIPE', 'connection_terminated'],
  ['UND_ERR_SOCKET', 'connection_terminated'],
  ['UND_ERR_CLOSED', 'connection_terminated'],
  ['UND_ERR_DESTROYED', 'connection_terminated'],
  ['ETIMEDOUT', 'connection_timeout'],
  ['UND_ERR_CONNECT_TIMEOUT', 'connection_timeout'],
  ['ERR_IP_BLOCKED', 'destination_ip_prohibited'],
  ['EHOSTUNREACH', 'destination_ip_unroutable'],
  ['ENETUNREACH', 'destination_ip_unroutable'],
  ['EADDRNOTAVAIL', 'destination_ip_unroutable'],
  ['EHOSTDOWN', 'destination_ip_unroutable'],
  ['EMFILE', 'connection_limit_reached'],
  ['ENFILE', 'connection_limit_reached'],
  ['UND_ERR_HEADERS_TIMEOUT', 'http_response_timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'connection_read_timeout'],
  ['UND_ERR_HEADERS_OVERFLOW', 'http_response_header_section_size'],
  ['HPE_HEADER_OVERFLOW', 'http_response_header_section_size'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'http_response_incomplete'],
  ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'http_response_body_size'],
  ['HPE_INVALID_TRANSFER_ENCODING', 'http_response_transfer_coding'],
  ['HPE_INVALID_CHUNK_SIZE', 'http_response_transfer_coding'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_certificate_error'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls_certificate_error'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls_certificate_error'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'tls_certificate_error'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tls_certificate_error'],
  ['HOSTNAME_MISMATCH', 'tls_certificate_error'],
]);

/**
 * The error type of an error's `code` (Node.js system and TLS codes, undici's, llhttp's). Codes not known by name are
 * placed by their prefix; anything else is an internal error.
 */
export function proxyErrorOfCode(code: string | undefined): ProxyErrorType {
  if (code === undefined) return 'proxy_internal_error';
  const known = BY_CODE.get(code);
  if (known !== undefined) return known;
  if (code.startsWith('ERR_TLS_CERT') || code.startsWith('CERT_')) return 'tls_certificate_error';
  if (/^ERR_SSL_(?:.*_)?ALERT/.test(code)) return 'tls_alert_received';
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || code === 'EPROTO') return 'tls_protocol_error';
  return code.startsWith('HPE_') ? 'http_protocol_error' : 'proxy_internal_error';
}

/** What went wrong on the way to the origin (RFC 9209 section 2.1). */
export interface ProxyStatus {
  error?: ProxyErrorType;
  /** Name or address of the origin; leave out what clients should not learn. */
  nextHop?: string;
  /** The status that the origin sent. */
  receivedStatus?: number;
  details?: string;
}

/** One member of Proxy-Status: `lb; error=connection_timeout; next-hop="a.example"; details="..."`. */
export function formatProxyStatus(proxyName: string, status: Readonly<ProxyStatus>): string {
  let text = serializeBareItem(tokenOrString(proxyName));
  if (status.error !== undefined) text += `; error=${status.error}`;
  if (status.nextHop !== undefined) text += `; next-hop=${serializeBareItem(tokenOrString(status.nextHop))}`;
  if (status.receivedStatus !== undefined) text += `; received-status=${status.receivedStatus}`;
  if (status.details !== undefined) text += `; details=${serializeBareItem(status.details)}`;
  return text;
}
