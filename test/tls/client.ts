import { type ConnectionOptions, connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { type Cleanup, within } from '../support/cleanup.ts';

/** A connection whose handshake is through. @throws what the handshake failed by */
export async function handshake(t: Cleanup, port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  t.after(() => void socket.destroy());
  const done = new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  await within(done, 'a handshake');
  socket.on('error', () => {});
  return socket;
}

/** The name of the certificate that a client gets. */
export function nameOf(socket: TLSSocket): string {
  return (socket.getPeerCertificate(false) as DetailedPeerCertificate).subject.CN as string;
}

/** The answer to a request of HTTP/1.1 with a short body, as text. */
export async function ask(socket: TLSSocket, path: string, host: string): Promise<string> {
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  let text = '';
  const whole = new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n') + 4;
      const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
      if (end < 4 || text.length < end + Number(length)) return;
      socket.off('data', take);
      resolve();
    };
    socket.on('data', take);
    socket.once('close', () => reject(new Error('the connection ended')));
  });
  await within(whole, 'an answer');
  return text;
}

/** What a failed handshake failed by; '' where it came through, and nothing was refused after it either. */
export async function refusal(t: Cleanup, port: number, options: ConnectionOptions): Promise<string> {
  try {
    const socket = await handshake(t, port, options);
    // in TLS 1.3 a client hears of a refused certificate only after its own part
    const [error] = await within(
      Promise.race([
        new Promise<[Error]>((resolve) => socket.once('error', (error) => resolve([error]))),
        ask(socket, '/', 'a.test').then(() => [undefined]),
      ]),
      'the outcome of a handshake',
    );
    return error === undefined ? '' : ((error as NodeJS.ErrnoException).code ?? error.message);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  }
}
