import { createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib';
import { type Coding, contentCoding } from '../http/content-coding.ts';
import type { HeaderList } from '../http/headers.ts';
import { type OriginError, originError } from '../origin/origin-error.ts';
import type { FetchSink } from './fetch.ts';

/** Looks at one answer of an origin before anybody has it. */
export interface ResponseInspection {
  /** Bytes of a body that are looked at, and held back until then. */
  readonly bodyLimit: number;
  /** @returns whether the answer is refused */
  head(status: number, headers: HeaderList): boolean;
  /** Whether it asks for the body; known after the head. */
  readonly wantsBody: boolean;
  /** A part of the body, without its content coding. @returns whether the answer is refused */
  body(bytes: Uint8Array): boolean;
  /** There is no more of the body, or no more of it is looked at. @returns whether the answer is refused */
  end(): boolean;
  /** What was refused was refused for its size. */
  readonly isTooLarge: boolean;
  /** Whatever has become of it: nothing more comes. May be called again. */
  close(): void;
}

/** What an inspected answer needs of the source that it comes from. */
export interface InspectedSource {
  readonly sink: FetchSink;
  /** Holds the origin back while the answer is judged, and lets it go on. */
  hold(isHeld: boolean): void;
  /** The answer is refused: nobody is to get it. */
  refuse(error: OriginError): void;
  /** Something here is wrong with lb. */
  bug(error: Error): void;
}

/** An answer that goes on to its sink once it has been looked at: its head at once, or with the body where that is asked for. */
export class InspectedAnswer {
  readonly #inspection: ResponseInspection;
  readonly #source: InspectedSource;
  #state: 'fresh' | 'held' | 'judged' | 'open' | 'over' = 'fresh';
  #status = 0;
  #headers: HeaderList = [];
  #chunks: Buffer[] = [];
  #size = 0;
  #trailers: HeaderList | undefined;

  constructor(inspection: ResponseInspection, source: InspectedSource) {
    this.#inspection = inspection;
    this.#source = source;
  }

  onHead(status: number, headers: HeaderList): void {
    if (this.#inspection.head(status, headers)) {
      this.#refuse();
      return;
    }
    if (!this.#inspection.wantsBody) {
      this.#open();
      this.#source.sink.onHead(status, headers);
      return;
    }
    this.#state = 'held';
    this.#status = status;
    this.#headers = headers;
  }

  onData(chunk: Buffer): void {
    if (this.#state === 'open') {
      this.#source.sink.onData(chunk);
      return;
    }
    if (this.#state === 'over') return;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#state === 'held' && this.#size > this.#inspection.bodyLimit) this.#judge();
  }

  onEnd(trailers: HeaderList): void {
    if (this.#state === 'open') this.#source.sink.onEnd(trailers);
    else this.#trailers = trailers;
    if (this.#state === 'held') this.#judge();
  }

  /** Nothing more is wanted, or comes. */
  drop(): void {
    this.#inspection.close();
    this.#state = 'over';
    this.#chunks = [];
  }

  #judge(): void {
    this.#state = 'judged';
    const coding = contentCoding(this.#headers);
    if (coding === 'identity' || coding === 'other' || this.#size === 0) {
      this.#decide(this.#chunks);
      return;
    }
    if (this.#trailers === undefined) this.#source.hold(true);
    decoded(this.#chunks, coding, this.#inspection.bodyLimit).then(
      (parts) => this.#decide(parts),
      (error: unknown) => this.#source.bug(error as Error),
    );
  }

  /** @param parts what there is of the body, as it was before it was coded */
  #decide(parts: readonly Buffer[]): void {
    if (this.#state !== 'judged') return;
    try {
      const isRefused = parts.some((part) => this.#inspection.body(part)) || this.#inspection.end();
      if (isRefused) this.#refuse();
      else this.#release();
    } catch (error) {
      this.#source.bug(error as Error);
    }
  }

  #release(): void {
    const { sink } = this.#source;
    this.#open();
    sink.onHead(this.#status, this.#headers);
    const chunks = this.#chunks;
    this.#chunks = [];
    // whoever takes the answer may have put another in its place
    for (const chunk of chunks) if (this.#isOpen()) this.#source.sink.onData(chunk);
    if (!this.#isOpen()) return;
    if (this.#trailers !== undefined) this.#source.sink.onEnd(this.#trailers);
    else this.#source.hold(false);
  }

  #isOpen(): boolean {
    return this.#state === 'open';
  }

  #open(): void {
    this.#state = 'open';
    this.#inspection.close();
  }

  #refuse(): void {
    this.#state = 'over';
    this.#chunks = [];
    this.#inspection.close();
    this.#source.refuse(originError(this.#inspection.isTooLarge ? 'http_response_body_size' : 'http_request_denied'));
  }
}

/** Undoes the coding of what there is of a body, up to a little over `limit` bytes. What is broken ends where it breaks. */
function decoded(chunks: readonly Buffer[], coding: Coding, limit: number): Promise<Buffer[]> {
  const make = { gzip: createGunzip, br: createBrotliDecompress, zstd: createZstdDecompress } as const;
  const decoder = make[coding]();
  const parts: Buffer[] = [];
  let size = 0;
  return new Promise((resolve) => {
    const done = () => {
      decoder.destroy();
      resolve(parts);
    };
    decoder.on('data', (part: Buffer) => {
      parts.push(part);
      size += part.length;
      if (size > limit) done();
    });
    decoder.on('end', done);
    decoder.on('error', done);
    // of a part of a body there is no end
    for (const chunk of chunks) decoder.write(chunk);
    decoder.end();
  });
}
