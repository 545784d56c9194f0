import type { Output } from '../io.ts';

/** Time between two states on a terminal, and between two lines elsewhere, in ms. */
const REWRITE = 150;
const PLAIN = 10_000;

/** Shows how far something is: one line that is rewritten on a terminal, else a line now and then. */
export class Progress {
  readonly #output: Output;
  readonly #timer: NodeJS.Timeout;

  /** @param line the state in one line */
  constructor(output: Output, line: () => string) {
    this.#output = output;
    this.#timer = output.isTTY
      ? setInterval(() => output.write(`\r${line().slice(0, (output.columns ?? 80) - 1)}\x1b[K`), REWRITE)
      : setInterval(() => output.write(`${line()}\n`), PLAIN);
  }

  /** Ends it; on a terminal the line goes away. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#output.isTTY) this.#output.write('\r\x1b[K');
  }
}
