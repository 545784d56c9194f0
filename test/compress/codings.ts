import assert from 'node:assert/strict';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import type { Response } from '../support/client.ts';

export type Coding = 'gzip' | 'br' | 'zstd';

export const CODINGS: readonly Coding[] = ['gzip', 'br', 'zstd'];

const ENCODERS = {
  gzip: (text: Buffer) => promisify(zlib.gzip)(text),
  br: (text: Buffer) => promisify(zlib.brotliCompress)(text, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } }),
  zstd: (text: Buffer) => promisify(zlib.zstdCompress)(text),
};

const DECODERS = {
  gzip: promisify(zlib.gunzip),
  br: promisify(zlib.brotliDecompress),
  zstd: promisify(zlib.zstdDecompress),
};

export function encode(coding: Coding, text: string | Buffer): Promise<Buffer> {
  return ENCODERS[coding](Buffer.from(text as string));
}

/** The content of a response, by its Content-Encoding. */
export async function contentOf(response: Response): Promise<string> {
  const coding = response.get('content-encoding') as Coding | undefined;
  assert.equal(response.complete, true, 'the body is complete');
  return coding === undefined ? response.body.toString() : (await DECODERS[coding](response.body)).toString();
}

/** What begins a content, of the first bytes of it coded. */
export function beginning(coding: Coding, bytes: Buffer): string {
  const { constants } = zlib;
  if (coding === 'gzip') return zlib.gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
  if (coding === 'br') {
    return zlib.brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH }).toString();
  }
  return zlib.zstdDecompressSync(bytes, { finishFlush: constants.ZSTD_e_flush }).toString();
}

/** Text of so many bytes that compresses as pages do: words, and numbers that do not repeat. */
export function page(bytes: number, seed = 1): string {
  const words = ['<div class="row">', 'alpha', 'beta', '</div>\n', 'href="/assets/', 'function', 'return', 'value'];
  let state = seed;
  let text = '';
  while (text.length < bytes) {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    text += `${words[state % words.length]} ${(state >> 8) % 5000} `;
  }
  return text.slice(0, bytes);
}
