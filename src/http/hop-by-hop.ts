import { isToken } from './chars.ts';
import { getAllHeaders, type HeaderList, splitList } from './headers.ts';

/** Fields that concern one connection only and are never forwarded nor stored (RFC 9110 section 7.6.1, RFC 9111 section 3.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Fields meant for every recipient, which a Connection option must not take away: without them a request would be
 * framed, routed, authorised, keyed or traced otherwise than its sender appeared to ask.
 */
const END_TO_END: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'age',
  'authorization',
  'cache-control',
  'cdn-cache-control',
  'cdn-loop',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-security-policy',
  'content-type',
  'cookie',
  'date',
  'etag',
  'expires',
  'forwarded',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'origin',
  'pragma',
  'range',
  'set-cookie',
  'strict-transport-security',
  'surrogate-control',
  'traceparent',
  'tracestate',
  'vary',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'x-request-id',
]);

/** Whether a field (lowercase) is for one connection only. */
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name);
}

/** Whether a field (lowercase) is for every recipient, so that no Connection option takes it away. */
export function isEndToEnd(name: string): boolean {
  return END_TO_END.has(name);
}

/** The options of all Connection lines, lowercase; members that are no token are left out. */
export function connectionOptions(headers: HeaderList): string[] {
  const options: string[] = [];
  for (const line of getAllHeaders(headers, 'connection')) {
    for (const member of splitList(line)) if (isToken(member)) options.push(member.toLowerCase());
  }
  return options;
}

/**
 * A copy without hop-by-hop fields and without those that Connection nominates (RFC 9110 section 7.6.1). To be called
 * before any field of the proxy's own is added. Fields for every recipient (Host, Content-Length, Cache-Control ...)
 * stay, whatever Connection says.
 */
export function stripHopByHop(headers: HeaderList): HeaderList {
  const nominated = connectionOptions(headers);
  const kept: HeaderList = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i];
    if (HOP_BY_HOP.has(name)) continue;
    if (nominated.length > 0 && nominated.includes(name) && !isEndToEnd(name)) continue;
    kept.push(name, headers[i + 1]);
  }
  return kept;
}
