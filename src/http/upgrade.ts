import { createHash } from 'node:crypto';
import { isToken } from './chars.ts';
import { getAllHeaders, type HeaderList, splitList } from './headers.ts';
import { connectionOptions } from './hop-by-hop.ts';

/** What a client asks to switch to (RFC 9110 section 7.8). */
export interface WantedSwitch {
  /** Value of Upgrade for the origin: names in lowercase. */
  protocols: readonly string[];
  isWebSocket: boolean;
}

/** Why a WebSocket handshake is refused (RFC 6455 section 4.2.1). */
export interface HandshakeRefusal {
  status: 400 | 426;
  detail: string;
}

/** The only version there is. */
export const WEBSOCKET_VERSION = '13';

/** RFC 6455 section 1.3. */
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/**
 * Further HTTP, and TLS in place: behind a switch to these an origin would take requests that nobody has looked at, or
 * routed. Such a request goes on without Upgrade.
 */
const NEVER = /^(?:h2c?|h3|http|tls)(?:\/|$)/;

/**
 * The protocols of a request that may be switched to, undefined where there is none. A WebSocket, where it is among them,
 * goes over all others, but takes a GET.
 */
export function wantedSwitch(method: string, headers: HeaderList): WantedSwitch | undefined {
  if (!connectionOptions(headers).includes('upgrade')) return undefined;
  const protocols = upgradeNames(headers).filter((name) => !NEVER.test(name));
  if (protocols.includes('websocket')) {
    return method === 'GET' ? { protocols: ['websocket'], isWebSocket: true } : undefined;
  }
  return protocols.length === 0 ? undefined : { protocols, isWebSocket: false };
}

/** The members of all Upgrade lines that are well-formed, lowercase. */
export function upgradeNames(headers: HeaderList): string[] {
  return getAllHeaders(headers, 'upgrade')
    .flatMap(splitList)
    .filter((member) => member.split('/', 2).every(isToken) && member.split('/').length <= 2)
    .map((member) => member.toLowerCase());
}

/** What is wrong with a handshake. @param keyed whether it must have a key: over HTTP/2 it has none */
export function checkHandshake(headers: HeaderList, keyed: boolean): HandshakeRefusal | undefined {
  const versions = getAllHeaders(headers, 'sec-websocket-version');
  if (versions.length !== 1 || versions[0] !== WEBSOCKET_VERSION) {
    return { status: 426, detail: `the WebSocket version must be ${WEBSOCKET_VERSION}` };
  }
  const keys = getAllHeaders(headers, 'sec-websocket-key');
  if (keyed && (keys.length !== 1 || !KEY.test(keys[0]))) {
    return { status: 400, detail: 'Sec-WebSocket-Key must be 16 bytes in base64' };
  }
  const offered = getAllHeaders(headers, 'sec-websocket-protocol').flatMap(splitList);
  if (!offered.every(isToken)) return { status: 400, detail: 'Sec-WebSocket-Protocol is malformed' };
  return undefined;
}

/** Sec-WebSocket-Accept for a key. */
export function acceptFor(key: string): string {
  return createHash('sha1')
    .update(key + ACCEPT_SUFFIX)
    .digest('base64');
}

/**
 * Whether an origin's 101 is one to the request: it names a protocol that was asked for, and for a WebSocket proves that it
 * has read the key and takes no subprotocol or extension that was not offered (RFC 6455 section 4.1).
 * @param request as the origin got it
 */
export function isProperSwitch(wanted: WantedSwitch, request: HeaderList, key: string, answer: HeaderList): boolean {
  const names = upgradeNames(answer);
  if (names.length === 0 || !names.every((name) => wanted.protocols.includes(name))) return false;
  if (!wanted.isWebSocket) return true;
  const accepts = getAllHeaders(answer, 'sec-websocket-accept');
  if (accepts.length !== 1 || accepts[0] !== acceptFor(key)) return false;
  const chosen = getAllHeaders(answer, 'sec-websocket-protocol');
  const offered = getAllHeaders(request, 'sec-websocket-protocol').flatMap(splitList);
  if (chosen.length > 1 || !chosen.every((name) => offered.includes(name))) return false;
  const extensions = extensionNames(request);
  return extensionNames(answer).every((name) => extensions.includes(name));
}

function extensionNames(headers: HeaderList): string[] {
  return getAllHeaders(headers, 'sec-websocket-extensions')
    .flatMap(splitList)
    .map((member) => member.split(';', 1)[0].trim().toLowerCase());
}
