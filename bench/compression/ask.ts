import { type Agent, request } from 'node:http';

/** An answer as it came over the wire. */
export interface Taken {
  coding: string | undefined;
  etag: string | undefined;
  body: Buffer;
  /** From the request to the first byte of the body, in ms. */
  firstByte: number;
  /** To its last byte. */
  whole: number;
}

const TIMEOUT_MS = 30_000;

/** One GET. Rejects when the status is not 200. */
export function take(agent: Agent, port: number, path: string, accepted: string): Promise<Taken> {
  return new Promise((resolve, reject) => {
    const options = { agent, host: '127.0.0.1', port, path, timeout: TIMEOUT_MS };
    const begin = performance.now();
    const asked = request({ ...options, headers: { 'accept-encoding': accepted } }, (answer) => {
      const chunks: Buffer[] = [];
      let firstByte = 0;
      answer.on('data', (chunk: Buffer) => {
        if (chunks.length === 0) firstByte = performance.now() - begin;
        chunks.push(chunk);
      });
      answer.on('error', reject);
      answer.on('end', () => {
        if (answer.statusCode !== 200) reject(new Error(`${path} gives status ${answer.statusCode}`));
        const { 'content-encoding': coding, etag } = answer.headers;
        resolve({ coding, etag, body: Buffer.concat(chunks), firstByte, whole: performance.now() - begin });
      });
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer to ${path}`)));
    asked.on('error', reject);
    asked.end();
  });
}
