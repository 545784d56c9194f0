import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { loadableBinary, publishedPath } from '../../native-bindings/glibc-compat/index.ts';

export type Uws = typeof import('uWebSockets.js');

/** uWebSockets.js and how its binary was loaded, or one sentence that says why it cannot be. */
export type LoadedUws = { uws: Uws; how: 'native' | 'glibc-compat' } | { unavailable: string };

/** Longest request head in bytes that a parser takes at least; above it uWebSockets.js answers 431. Its own default is 4096. */
export const MAX_REQUEST_HEAD_BYTES = 65_536;

/** Bytes of a head beside the target and the header lines, for both of which there are limits. */
const REQUEST_LINE = 1024;

/** Longest request head that a parser must take, so that what is over the limits is told apart. */
export function longestHead(url: number, maxRequestHeader: number): number {
  return Math.max(MAX_REQUEST_HEAD_BYTES, url + maxRequestHeader + REQUEST_LINE);
}

let loaded: LoadedUws | undefined;

/**
 * Loads uWebSockets.js, on a Linux with an older glibc through a relinked copy of its binary.
 *
 * Call it on the main thread before any worker does: the library reads its environment once per process, and a worker's
 * `process.env` is a copy that native code does not see. Later calls give the same answer at no cost.
 *
 * @param headBytes longest request head that the parser takes, for the whole process; the first call decides
 */
export function loadUws(headBytes: number = MAX_REQUEST_HEAD_BYTES): LoadedUws {
  loaded ??= load(headBytes);
  return loaded;
}

function load(headBytes: number): LoadedUws {
  if (process.env.LB_TEST_NO_UWS === '1') return { unavailable: 'uWebSockets.js is left out by LB_TEST_NO_UWS' };
  process.env.UWS_HTTP_MAX_HEADERS_SIZE ??= String(headBytes);
  const require = createRequire(import.meta.url);
  try {
    const folder = dirname(require.resolve('uWebSockets.js'));
    const binary = loadableBinary(folder);
    if ('unavailable' in binary) return { unavailable: `uWebSockets.js cannot be loaded: ${binary.unavailable}` };
    if (binary.how === 'glibc-compat') standIn(require, publishedPath(folder), binary.path);
    const uws = require('uWebSockets.js') as Uws & { _cfg(option: string): void };
    uws._cfg('silent'); // no `uWebSockets` field of its own in responses
    return { uws, how: binary.how };
  } catch (error) {
    return { unavailable: `uWebSockets.js cannot be loaded: ${firstLine((error as Error).message)}` };
  }
}

/** Lets the package's own `require` of its binary find the relinked copy, so that its JavaScript part stays in use. */
function standIn(require: NodeJS.Require, published: string, copy: string): void {
  require(copy);
  require.cache[published] = require.cache[copy];
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message;
}
