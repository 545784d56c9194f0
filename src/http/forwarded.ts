import { combineHeader, type HeaderList } from './headers.ts';
import { plainAddress } from './ip-address.ts';

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
 * The address of the client: the last one of X-Forwarded-For that is no trusted proxy, read from the right, or the
 * connection's where that is not trusted itself. What is no address ends the walk.
 */
export function forwardedAddress(headers: HeaderList, peer: string, isTrusted: (address: string) => boolean): string {
  let address = peer;
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

/** X-Forwarded-For for the origin, behind a proxy that is trusted: its list, and its own address. */
export function appendForwardedFor(headers: HeaderList, peer: string): string {
  const sent = combineHeader(headers, 'x-forwarded-for') ?? '';
  return sent === '' ? peer : `${sent}, ${peer}`;
}

/** The scheme that a trusted proxy's X-Forwarded-Proto names: of several the last, which is its own; undefined for none. */
export function forwardedScheme(value: string): 'http' | 'https' | undefined {
  const scheme = value
    .slice(value.lastIndexOf(',') + 1)
    .trim()
    .toLowerCase();
  return scheme === 'http' || scheme === 'https' ? scheme : undefined;
}

/** An address without brackets and port: `[2001:DB8::1]:80` -> `2001:db8::1`; '' where it is none. */
function bareAddress(text: string): string {
  const match = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text) ?? /^([\d.]+):\d{1,5}$/.exec(text);
  return plainAddress(match?.[1] ?? text);
}
