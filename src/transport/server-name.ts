import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** A host that a TLS client names (RFC 6066 section 3), as certificates and sites have it: lowercase, without a final dot. */
export function normalServerName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/** The host that the client named when it began TLS; '' for none, and without TLS. */
export function serverNameOf(socket: Socket): string {
  return socket instanceof TLSSocket && socket.servername ? normalServerName(socket.servername) : '';
}
