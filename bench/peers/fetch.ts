import { request } from 'node:http';
import { request as requestTls } from 'node:https';

export interface Answer {
  status: number;
  /** Bytes of the status line and the header fields as they came over the wire. */
  headBytes: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

const TIMEOUT_MS = 5000;

/** One GET on a connection of its own to 127.0.0.1; over TLS any certificate will do. */
export function get(
  port: number,
  path: string,
  { headers = {}, tls = false }: { headers?: Record<string, string>; tls?: boolean } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const open = tls ? requestTls : request;
    const where = { host: '127.0.0.1', port, path, headers, rejectUnauthorized: false };
    const req = open({ ...where, agent: false, timeout: TIMEOUT_MS }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () => {
        const statusLine = `HTTP/1.1 ${res.statusCode} ${res.statusMessage}`;
        const headBytes = res.rawHeaders.reduce((sum, text) => sum + text.length + 2, statusLine.length + 4);
        resolve({ status: res.statusCode ?? 0, headBytes, headers: res.headers, body: Buffer.concat(chunks) });
      });
    });
    req.on('timeout', () => req.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
    req.on('error', reject);
    req.end();
  });
}
