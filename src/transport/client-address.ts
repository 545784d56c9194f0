import type { Socket } from 'node:net';

/** Addresses that a PROXY header told, by socket. */
const told = new WeakMap<Socket, string>();

/** A trusted proxy says whose connection it is. */
export function setClientAddress(socket: Socket, address: string): void {
  told.set(socket, address);
}

/** Address of the client, without port: of the PROXY header, or else of the connection; IPv4 within IPv6 as IPv4. */
export function clientAddress(socket: Socket): string {
  return told.get(socket) ?? (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}
