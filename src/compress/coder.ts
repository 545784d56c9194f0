import {
  constants,
  createBrotliCompress,
  createBrotliDecompress,
  createGunzip,
  createGzip,
  createZstdCompress,
  createZstdDecompress,
} from 'node:zlib';
import type { Coding } from '../http/content-coding.ts';
import { BASE, type ByDictionary, createDictionaryStream } from './by-dictionary.ts';
import { ZstdFrames } from './zstd-frames.ts';

/** What is done with content on its way to a client. */
export interface Recoding {
  /** What it is coded in, undefined for nothing. */
  readonly decode: Coding | undefined;
  /** What it is to be coded in. */
  readonly encode: Coding | undefined;
  /** With a dictionary, in place of `encode`. */
  readonly dictionary?: ByDictionary | undefined;
}

type Stage = ReturnType<typeof createGunzip> | ReturnType<typeof createZstdDecompress>;

/** Bytes that wait for each stage, and for whoever reads, before more is refused. */
const BUFFER = 64 * 1024;

/** Bytes by which zlib gives its output. */
const PART = 32 * 1024;

/** Levels that keep up with a network; what is asked for again is coded better elsewhere. */
const LEVELS = {
  br: {
    [constants.BROTLI_PARAM_QUALITY]: 4,
    [constants.BROTLI_PARAM_LGWIN]: 19,
  },
  zstd: {
    [constants.ZSTD_c_compressionLevel]: 3,
    [constants.ZSTD_c_windowLog]: 20,
  },
  gzip: 5,
};

/** What lets all that went in come out. */
const FLUSHES = {
  br: constants.BROTLI_OPERATION_FLUSH,
  zstd: constants.ZSTD_e_flush,
  gzip: constants.Z_SYNC_FLUSH,
};

/** Content that decodes to more than so many bytes, and to so many times its own, is no content but an attack. */
const BOMB_BYTES = 64 * 1024 * 1024;
const BOMB_RATIO = 1500;

/** Milliseconds that coded bytes may wait for more to come with them, once the first have left. */
const FLUSH_DELAY = 2;

/** Coders under way on this thread: each holds up to a megabyte. */
let active = 0;

export function activeCoders(): number {
  return active;
}

/**
 * Content on its way from one coding to another, on zlib's threads. Bytes go in by `write`, as long as it `wants` some, and
 * come out by `read`; whoever does both is told whenever there may be more to do.
 */
export class Coder {
  /** Bytes that went in, and that came out. */
  taken = 0;
  given = 0;
  /** All that goes in has been given. */
  ended = false;
  /** All that comes out has been read. */
  over = false;
  /** What was read and waits for the end, where that is to go out at once. */
  readonly kept: Buffer[] = [];
  /** The content is not what its coding says: nothing more comes. */
  failed: Error | undefined;
  readonly #first: Stage;
  readonly #last: Stage;
  readonly #isDecoding: boolean;
  readonly #frames: ZstdFrames | undefined;
  readonly #flushKind: number;
  #prefix: Buffer | undefined;
  /** Chunks that the first stage has not worked off. */
  #pending = 0;
  /** Something went in since the last flush. */
  #isDirty = false;
  #awaitsFlush = false;
  #hasFlushed = false;
  #timer: NodeJS.Timeout | undefined;
  #isDestroyed = false;
  #onMove: () => void;

  /** @param onMove called from the event loop, never from within a method */
  constructor({ decode, encode, dictionary }: Recoding, onMove: () => void) {
    this.#onMove = onMove;
    const decoder = decode === undefined ? undefined : decoderOf(decode);
    const encoder = dictionary === undefined ? encode && encoderOf(encode) : dictionaryEncoder(dictionary);
    this.#prefix = dictionary?.header;
    this.#flushKind = FLUSHES[dictionary === undefined ? (encode ?? 'gzip') : BASE[dictionary.coding]];
    const first = decoder ?? encoder;
    const last = encoder ?? decoder;
    if (first === undefined || last === undefined) throw new Error('a coder decodes or encodes');
    this.#isDecoding = decoder !== undefined;
    this.#frames = decode === 'zstd' ? new ZstdFrames() : undefined;
    this.#first = first;
    this.#last = last;
    active++;
    for (const stage of new Set([first, last])) stage.on('error', (error) => this.#fail(error));
    first.on('drain', () => this.#move());
    if (first !== last) join(first, last);
    last.on('readable', () => this.#move());
    last.on('end', () => {
      this.over = true;
      this.#move();
    });
  }

  /** More may go in. */
  get wants(): boolean {
    return !this.ended && !this.#isDestroyed && this.failed === undefined && !this.#first.writableNeedDrain;
  }

  /** @param chunk not changed until it has been worked off; memory that may be is to be copied */
  write(chunk: Uint8Array): void {
    this.taken += chunk.length;
    this.#isDirty = true;
    if (this.#frames === undefined) this.#put(chunk);
    else
      for (let rest = chunk; rest.length > 0; ) {
        const count = this.#frames.take(rest);
        this.#put(rest.subarray(0, count));
        rest = rest.subarray(count);
      }
  }

  #put(chunk: Uint8Array): void {
    this.#pending++;
    this.#first.write(chunk, () => {
      this.#pending--;
      if (this.#awaitsFlush) this.flush();
    });
  }

  /**
   * What went in is to come out though more will follow: the first bytes at once, later ones within two milliseconds, so
   * that what comes in quick succession is coded together.
   */
  flush(): void {
    if (!this.#isDirty || this.ended || this.#isDestroyed) return;
    this.#awaitsFlush = true;
    if (this.#timer !== undefined) return;
    if (this.#hasFlushed) this.#timer = setTimeout(() => this.#flushNow(), FLUSH_DELAY);
    else this.#flushNow();
  }

  #flushNow(): void {
    this.#timer = undefined;
    if (this.ended || this.#isDestroyed || this.failed !== undefined) return;
    // a decoder gives all it can by itself; behind one, what it gave has to be there first
    if (this.#first !== this.#last && this.#pending > 0) return;
    this.#awaitsFlush = false;
    this.#isDirty = false;
    this.#hasFlushed = true;
    if (this.#first === this.#last) this.#flushLast();
    else setImmediate(() => this.#flushLast());
  }

  #flushLast(): void {
    if (this.#isDestroyed || this.#last.writableEnded || (this.#isDecoding && this.#first === this.#last)) return;
    this.#last.flush(this.#flushKind);
  }

  /** Nothing more goes in. */
  end(): void {
    if (this.ended || this.#isDestroyed) return;
    this.ended = true;
    this.#stopTimer();
    if (this.taken > 0 || !this.#isDecoding) this.#first.end();
    else {
      // no bytes at all: nothing decodes to nothing
      this.over = true;
      this.#move();
    }
  }

  /** What has come out since the last call; undefined for nothing. */
  read(): Buffer | undefined {
    if (this.#isDestroyed || this.failed !== undefined) return undefined;
    const chunk = this.#last.read() as Buffer | null;
    if (chunk === null) return undefined;
    this.given += chunk.length;
    if (this.#isDecoding && this.given > BOMB_BYTES && this.given > this.taken * BOMB_RATIO) {
      this.#fail(new Error('the content is larger by far than it should be'));
      return undefined;
    }
    const prefix = this.#prefix;
    this.#prefix = undefined;
    return prefix === undefined ? chunk : Buffer.concat([prefix, chunk]);
  }

  /** Gives everything up; the threads let go of their memory once they have ended what they are at. */
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    active--;
    this.#onMove = () => {};
    this.#stopTimer();
    this.#first.destroy();
    this.#last.destroy();
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #fail(error: Error): void {
    if (this.failed !== undefined || this.#isDestroyed) return;
    this.failed = error;
    this.#stopTimer();
    this.#move();
  }

  #move(): void {
    // within a method of this coder the caller sees for itself
    queueMicrotask(() => this.#onMove());
  }
}

function join(first: Stage, last: Stage): void {
  first.on('data', (chunk: Buffer) => {
    if (!last.write(chunk)) first.pause();
  });
  last.on('drain', () => first.resume());
  first.on('end', () => last.end());
}

const BUFFERS = { chunkSize: PART, readableHighWaterMark: BUFFER, writableHighWaterMark: BUFFER };

function decoderOf(coding: Coding): Stage {
  if (coding === 'br') return createBrotliDecompress(BUFFERS);
  return coding === 'gzip' ? createGunzip(BUFFERS) : createZstdDecompress(BUFFERS);
}

function encoderOf(coding: Coding): Stage {
  if (coding === 'br') return createBrotliCompress({ ...BUFFERS, params: LEVELS.br });
  if (coding === 'gzip') return createGzip({ ...BUFFERS, level: LEVELS.gzip });
  return createZstdCompress({ ...BUFFERS, params: LEVELS.zstd });
}

function dictionaryEncoder({ coding, bytes }: ByDictionary): Stage {
  return createDictionaryStream(coding, bytes, undefined, 'quick', BUFFERS);
}
