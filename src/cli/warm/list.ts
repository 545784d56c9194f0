import type { Bytes } from './bytes.ts';

/** A line of a list. */
export interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

/** Characters of a line; a longer one is cut, and then wrong by its length. */
const MAX_LINE = 16_384;

/** The lines of a list of addresses, one each, as they arrive. What follows a `#` that begins a line or a word is a comment. */
export async function* parseList(bytes: Bytes): AsyncGenerator<Line> {
  let number = 0;
  for await (const raw of lines(bytes)) {
    number++;
    const text = raw.trim().replace(/(^|\s+)#.*$/, '');
    if (text !== '') yield { text, number };
  }
}

async function* lines(bytes: Bytes): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of bytes) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = (parts.pop() ?? '').slice(0, MAX_LINE);
    yield* parts;
  }
  yield rest + decoder.decode();
}
