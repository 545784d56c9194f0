/** A terminal that is drawn anew every so often. */

import type { Io } from './io.ts';

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** Shows lines from the top, what does not fit is left out; the last row is for `footer`. */
  draw(lines: readonly string[], footer: string): void;
  /** Says something in the last row; the rest stays. */
  notice(text: string): void;
  /** Gives the terminal back as it was. */
  close(): void;
}

/**
 * Takes the terminal over, keys too: q and Ctrl-C end `controller`.
 * @param onKey told of every other key
 */
export function openScreen(io: Io, controller: AbortController, onKey: (key: string) => void = () => {}): Screen {
  const { stdout } = io;
  const { stdin } = process;
  const hear = (text: string) => {
    for (const key of text) {
      if (key === 'q' || key === '\x03') controller.abort();
      else onKey(key);
    }
  };
  const close = () => {
    process.off('exit', close);
    stdin.off('data', hear);
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
    stdout.write(LEAVE);
  };
  stdout.write(ENTER);
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.setEncoding('utf8').on('data', hear);
  process.once('exit', close);
  return {
    get columns() {
      return stdout.columns ?? 80;
    },
    get rows() {
      return (stdout as { rows?: number }).rows ?? 24;
    },
    draw(lines, footer) {
      const shown = lines.slice(0, this.rows - 1);
      const rest = Array.from({ length: this.rows - 1 - shown.length }, () => '');
      const all = [...shown, ...rest, `\x1b[7m${footer.slice(0, this.columns).padEnd(this.columns)}\x1b[0m`];
      stdout.write(`\x1b[H${all.map((line) => `${line}\x1b[0m\x1b[K`).join('\r\n')}`);
    },
    notice(text) {
      stdout.write(`\x1b[${this.rows};1H\x1b[7m${text.slice(0, this.columns).padEnd(this.columns)}\x1b[0m`);
    },
    close,
  };
}
