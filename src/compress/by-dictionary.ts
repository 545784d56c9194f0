/** The content codings with a dictionary (RFC 9842), one beside the other. */
import type { BrotliCompress, ZstdCompress } from 'node:zlib';
import type { Coding, DictionaryCoding } from '../http/content-coding.ts';
import { createDcbStream, DCB_QUALITY, dcbHeader, hasDcb, isQuickDcb } from './dcb.ts';
import { createDczStream, dczHeader } from './dcz.ts';

/** What content may be coded in, whatever names its dictionary. */
export type AnyCoding = Coding | DictionaryCoding;

/** The coding that each is, but for the dictionary. */
export const BASE = { dcz: 'zstd', dcb: 'br' } as const satisfies Record<DictionaryCoding, Coding>;

/** Levels on the way to a client, and in the background. */
const LEVELS = { quick: { dcz: 3, dcb: DCB_QUALITY }, high: { dcz: 19, dcb: 11 } } as const;

/** Content of a dictionary coding: what it is to begin with, and what it refers to. */
export interface ByDictionary {
  readonly coding: DictionaryCoding;
  readonly header: Buffer;
  readonly bytes: Buffer;
}

export function isMade(coding: DictionaryCoding): boolean {
  return coding === 'dcz' || hasDcb();
}

/** Whether a thread with requests may begin it: what it costs at once is little. */
export function isMadeOnTheWay(coding: DictionaryCoding, dictionary: Uint8Array): boolean {
  return coding === 'dcz' || isQuickDcb(dictionary);
}

/** What stands before the stream. @param hash SHA-256 of the dictionary */
export function dictionaryHeader(coding: DictionaryCoding, hash: Uint8Array): Buffer {
  return coding === 'dcz' ? dczHeader(hash) : dcbHeader(hash);
}

/** @param length bytes of the content, undefined where they are not known. @param options of the stream */
export function createDictionaryStream(
  coding: DictionaryCoding,
  dictionary: Buffer,
  length: number | undefined,
  effort: keyof typeof LEVELS,
  options: { chunkSize?: number; readableHighWaterMark?: number; writableHighWaterMark?: number } = {},
): BrotliCompress | ZstdCompress {
  const create = coding === 'dcz' ? createDczStream : createDcbStream;
  return create(dictionary, length, LEVELS[effort][coding], options);
}
