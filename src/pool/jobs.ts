/** What the pool's threads are given to do, and what comes of it. */
import type { AnyCoding } from '../compress/by-dictionary.ts';
import type { VariantWish } from '../compress/variants.ts';

/** Codings that the pool makes. */
export type MadeCoding = AnyCoding;

/** A content coding that stored bytes may be in. */
export type StoredCoding = VariantWish['from'];

/** Bytes in shared memory, in pieces; whoever gives the job keeps them in place until it is over. */
export type Pieces = readonly Uint8Array[];

/** What all jobs have. */
interface Common {
  input: Pieces;
  /** The coding of `input`. */
  from: StoredCoding;
  /** Most bytes that `input` may come to without its coding. */
  maxInput: number;
  /** CPU seconds that the job may take of a second, over 0 to 1. */
  share: number;
  /** One word, 0 while the job is wanted: any other value ends it, and wakes it from its pauses. */
  signal: SharedArrayBuffer;
}

/** Compress at the highest level that pays. */
export interface CompressJob extends Common {
  type: 'compress';
  to: MadeCoding;
  /** What the result must be smaller by than the input without its coding to be worth keeping: 0.05 for a twentieth. */
  minSaving: number;
  /** For codings with a dictionary: the dictionary, and its SHA-256. */
  dictionary?: { bytes: Pieces; hash: Uint8Array };
}

/** Take the coding away, and name what comes of it by its SHA-256. */
export interface DigestJob extends Common {
  type: 'digest';
}

export type Job = CompressJob | DigestJob;

export type JobResult = { cpuSeconds: number } & (
  | { outcome: 'made'; bytes: ArrayBuffer }
  /** `bytes`: absent where the input had no coding. */
  | { outcome: 'digest'; hash: Uint8Array; bytes?: ArrayBuffer }
  /** It saves too little, or the input is too long or not what its coding says. */
  | { outcome: 'useless' }
  | { outcome: 'stopped' }
);
