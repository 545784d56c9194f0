import { combineHeader, getHeader, type HeaderList } from './headers.ts';
import { parseHost } from './host.ts';

/** What the proxy itself knows of a client's connection. */
export interface ClientConnection {
  /** Address without port, IPv6 without brackets. */
  address: string;
  proto: 'http' | 'https';
  /** Normalised Host of the request. */
  host: string;
}

/** The values to send to the origin as X-Forwarded-For, -Proto and -Host. */
export interface ForwardedFields {
  for: string;
  proto: string;
  host: string;
}

/**
 * The names under which clients try to tell where a request comes from or what it is for, of proxies, frameworks and
 * CGI (`Proxy` becomes a program's HTTP_PROXY). Origins answer by them, and no cache key holds them: none is forwarded
 * as sent.
 */
export const FORWARDED_NAMES: ReadonlySet<string> = new Set([
  'base-url',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'cf-visitor',
  'client-ip',
  'cloudfront-forwarded-proto',
  'fastly-client-ip',
  'fastly-ssl',
  'forwarded',
  'forwarded-for',
  'front-end-https',
  'proxy',
  'proxy-client-ip',
  'proxy-host',
  'request-uri',
  'true-client-ip',
  'wl-proxy-client-ip',
  'x-accel-mapping',
  'x-backend-host',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-envoy-external-address',
  'x-envoy-original-host',
  'x-envoy-original-path',
  'x-forwarded',
  'x-forwarded-by',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-method',
  'x-forwarded-path',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-protocol',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-forwarded-ssl',
  'x-forwarded-uri',
  'x-host',
  'x-host-override',
  'x-http-destinationurl',
  'x-http-host-override',
  'x-original-forwarded-for',
  'x-original-host',
  'x-original-method',
  'x-original-prefix',
  'x-original-scheme',
  'x-original-uri',
  'x-original-url',
  'x-originating-ip',
  'x-proxy-url',
  'x-proxyuser-ip',
  'x-real-host',
  'x-real-ip',
  'x-remote-addr',
  'x-remote-ip',
  'x-replaced-path',
  'x-rewrite-url',
  'x-scheme',
  'x-sendfile-type',
  'x-url-scheme',
]);

/** Fields by which some origins take a request for one of another method: to be left out of GET and HEAD, which are cached. */
export const METHOD_OVERRIDE_NAMES: ReadonlySet<string> = new Set([
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
]);

/**
 * The X-Forwarded fields for the origin. What the client sent counts only where it is a trusted proxy, and then the
 * address is appended to its list, and proto and host stay its own where they are well-formed.
 */
export function forwardedFields(headers: HeaderList, client: ClientConnection, trusted: boolean): ForwardedFields {
  if (!trusted) return { for: client.address, proto: client.proto, host: client.host };
  const sentFor = combineHeader(headers, 'x-forwarded-for');
  const sentProto = getHeader(headers, 'x-forwarded-proto')?.toLowerCase();
  const sentHost = getHeader(headers, 'x-forwarded-host');
  return {
    for: sentFor === undefined || sentFor === '' ? client.address : `${sentFor}, ${client.address}`,
    proto: sentProto === 'http' || sentProto === 'https' ? sentProto : client.proto,
    host: sentHost !== undefined && parseHost(sentHost) !== undefined ? sentHost : client.host,
  };
}

/**
 * The address of the client: the last one of X-Forwarded-For that is no trusted proxy, read from the right, or the
 * connection's where that is not trusted itself.
 */
export function clientAddress(
  headers: HeaderList,
  connectionAddress: string,
  isTrusted: (address: string) => boolean,
): string {
  let address = connectionAddress;
  if (!isTrusted(address)) return address;
  const hops = combineHeader(headers, 'x-forwarded-for')?.split(',') ?? [];
  for (let i = hops.length - 1; i >= 0; i--) {
    const hop = bareAddress(hops[i].trim());
    if (hop === '') return address;
    address = hop;
    if (!isTrusted(address)) return address;
  }
  return address;
}

/** An address without brackets and port: `[2001:db8::1]:80` -> `2001:db8::1`; '' where it is no address. */
function bareAddress(text: string): string {
  const match =
    /^\[([0-9a-f:.]{2,45})\](?::\d{1,5})?$/i.exec(text) ?? /^(\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?$/.exec(text);
  if (match !== null) return match[1];
  return /^[0-9a-f:.]{2,45}$/i.test(text) && text.includes(':') ? text : '';
}
