/** First bytes of a frame (RFC 8878 section 3.1), and of one that is skipped, as numbers. */
const FRAME = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;

/** Bytes of a dictionary's number, and of the content's size, by the flags that say so. */
const DICTIONARY_BYTES = [0, 1, 2, 4];
const SIZE_BYTES = [0, 2, 4, 8];

type Stage = 'start' | 'skippable' | 'descriptor' | 'fields' | 'block';

/**
 * Where the frames of Zstandard content end. Content may be several frames one after the other (RFC 8878 section 3), as
 * parallel compressors write it; but Node's stream takes what stands behind a frame's end in one chunk as no content at
 * all, and ends without an error. So it is to get no chunk that goes beyond the end of a frame.
 */
export class ZstdFrames {
  readonly #header = Buffer.alloc(16);
  #has = 0;
  #needs = 4;
  #stage: Stage = 'start';
  /** Bytes that go by before the next header. */
  #skips = 0;
  #isLastBlock = false;
  #checksum = 0;

  /** How many bytes of a chunk, which is not empty, belong to the frame that is under way or begins. */
  take(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skips > 0) {
        const count = Math.min(this.#skips, chunk.length - at);
        this.#skips -= count;
        at += count;
      } else {
        this.#header[this.#has++] = chunk[at++];
        if (this.#has === this.#needs) this.#read();
      }
      if (this.#isLastBlock && this.#skips === 0) {
        this.#isLastBlock = false;
        this.#expect('start', 4);
        return at;
      }
    }
    return at;
  }

  #expect(stage: Stage, bytes: number): void {
    this.#stage = stage;
    this.#needs = bytes;
    this.#has = 0;
  }

  #read(): void {
    const header = this.#header;
    if (this.#stage === 'start') this.#readMagic(header.readUInt32LE());
    else if (this.#stage === 'descriptor') this.#readDescriptor(header[0]);
    else if (this.#stage === 'fields') this.#expect('block', 3);
    else if (this.#stage === 'block') this.#readBlock(header.readUIntLE(0, 3));
    else {
      this.#skips = header.readUInt32LE();
      this.#isLastBlock = true;
    }
  }

  #readMagic(magic: number): void {
    if (magic === FRAME) this.#expect('descriptor', 1);
    else if ((magic & ~0xf) >>> 0 === SKIPPABLE) this.#expect('skippable', 4);
    else this.#skips = Infinity; // no frame: that is for the decoder to say
  }

  #readDescriptor(descriptor: number): void {
    const isSingle = (descriptor & 0x20) !== 0;
    const size = descriptor >> 6;
    this.#checksum = (descriptor & 4) === 0 ? 0 : 4;
    // a single segment has no window, and always a size
    const first = isSingle && size > 0 ? 0 : 1;
    this.#expect('fields', first + DICTIONARY_BYTES[descriptor & 3] + SIZE_BYTES[size]);
  }

  #readBlock(block: number): void {
    const isRun = ((block >> 1) & 3) === 1;
    this.#isLastBlock = (block & 1) === 1;
    this.#skips = (isRun ? 1 : block >> 3) + (this.#isLastBlock ? this.#checksum : 0);
    this.#expect('block', 3);
  }
}
