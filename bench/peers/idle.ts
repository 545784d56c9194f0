import { connect, type Socket } from 'node:net';

/** Connections that are being opened at once: well below a listener's queue. */
const OPENING = 64;
const TIMEOUT_MS = 10_000;

/** Opens so many keep-alive connections, each of which gets one answer to a GET and then idles. Gives what closes them. */
export async function idleConnections(port: number, path: string, count: number): Promise<() => void> {
  const sockets: Socket[] = [];
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next++ < count) sockets.push(await openOne(port, path));
  };
  try {
    await Promise.all(Array.from({ length: OPENING }, worker));
    const ended = sockets.filter(({ destroyed }) => destroyed).length;
    if (ended > 0) throw new Error(`${ended} of ${count} idle connections were closed`);
  } catch (error) {
    close();
    throw error;
  }
  return close;
}

function openOne(port: number, path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('a connection gets no answer')));
    socket.on('error', reject);
    socket.once('data', () => {
      socket.setTimeout(0);
      resolve(socket);
    });
    socket.once('close', () => reject(new Error('a connection was closed')));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  });
}
