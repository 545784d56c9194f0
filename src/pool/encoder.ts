/**
 * Compresses in steps on the thread that calls, which Node's own calls do not: the synchronous ones take the whole input
 * at once and cannot be stopped, the others run on threads that every part of the process waits for, at full priority.
 *
 * The steps are those of the handle behind Node's streams. It is not documented, but others rely on it too, and it has
 * been as it is for many versions; where it is another one, `encode` throws, and lb does without the background: the
 * tests beside this file are what a new version of Node has to pass. The documented ways are worse: a synchronous call
 * takes seconds in one piece, in which the work can neither pause nor end, and a stream works on libuv's threads.
 */
import type { Transform } from 'node:stream';
import type { Pieces } from './jobs.ts';

/** The part of a stream's insides that is used. */
interface Engine {
  /** Null once something was wrong. */
  _handle: {
    /** Takes from `input`, gives to `output`, and leaves in `_writeState` what room and what input is left. */
    writeSync(
      flush: number,
      input: Uint8Array,
      inputAt: number,
      inputLength: number,
      output: Uint8Array,
      outputAt: number,
      outputLength: number,
    ): void;
  } | null;
  /** Room left in the output, input left. */
  _writeState: Uint32Array;
}

/** Input of one step, in bytes: what is compressed at once is larger for brotli, which collects. */
const STEP = 64 * 1024;

/** Output is taken in blocks of so many bytes. */
const BLOCK = 64 * 1024;

/** A stream's operations by its number for each: go on, and end. */
export interface Operations {
  proceed: number;
  finish: number;
}

/**
 * Compresses `input`.
 * @param stream of Node, unused so far; it is destroyed
 * @param max most bytes that are wanted
 * @param step called after each step; false ends it
 * @returns the bytes, or undefined where they are too many or `step` has ended it
 * @throws Error where the stream cannot
 */
export function encode(
  stream: Transform,
  operations: Operations,
  input: Pieces,
  max: number,
  step: () => boolean,
): Uint8Array<ArrayBuffer> | undefined {
  const output = new Output(max);
  // what is wrong is told by an event later on; here the missing handle tells it
  stream.on('error', () => {});
  try {
    const engine = engineOf(stream);
    for (const { bytes, isLast } of steps(input)) {
      if (!write(engine, isLast ? operations.finish : operations.proceed, bytes, output) || !step()) return undefined;
    }
    return output.bytes();
  } finally {
    stream.destroy();
  }
}

/** The input in parts of a step each; one empty part where there is none. */
function* steps(input: Pieces): Generator<{ bytes: Uint8Array; isLast: boolean }> {
  const pieces = input.filter(({ length }) => length > 0);
  for (const [i, piece] of pieces.entries()) {
    for (let at = 0; at < piece.length; at += STEP) {
      const isLast = i === pieces.length - 1 && at + STEP >= piece.length;
      yield { bytes: piece.subarray(at, at + STEP), isLast };
    }
  }
  if (pieces.length === 0) yield { bytes: new Uint8Array(0), isLast: true };
}

/** Has the engine take all of `input`. @returns false when its output is over the limit */
function write(engine: Engine, flush: number, input: Uint8Array, output: Output): boolean {
  let left = input.length;
  for (;;) {
    const room = output.room();
    engine._handle?.writeSync(flush, input, input.length - left, left, output.block, output.at, room);
    if (engine._handle === null) throw new Error('the compressor has failed');
    const [roomLeft, inputLeft] = engine._writeState;
    left = inputLeft;
    if (!output.advance(room - roomLeft)) return false;
    if (roomLeft > 0) return true;
  }
}

/** Whether streams still have inside what `encode` uses. @throws Error */
function engineOf(stream: Transform): Engine {
  const engine = stream as unknown as Partial<Engine>;
  if (typeof engine._handle?.writeSync !== 'function' || !(engine._writeState instanceof Uint32Array)) {
    throw new Error("this version of Node compresses in another way than lb's pool expects");
  }
  return engine as Engine;
}

/** Bytes as they come, in blocks. */
class Output {
  block: Uint8Array = new Uint8Array(BLOCK);
  at = 0;
  readonly #full: Uint8Array[] = [];
  readonly #max: number;
  #length = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Room in the current block, which is not full. */
  room(): number {
    if (this.at === BLOCK) {
      this.#full.push(this.block);
      this.block = new Uint8Array(BLOCK);
      this.at = 0;
    }
    return BLOCK - this.at;
  }

  /** @returns false when there are too many bytes */
  advance(count: number): boolean {
    this.at += count;
    this.#length += count;
    return this.#length <= this.#max;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const block of this.#full) {
      all.set(block, at);
      at += BLOCK;
    }
    all.set(this.block.subarray(0, this.at), at);
    return all;
  }
}
