/** Words of a command line, quoted as a shell would take them. */

/** Why a text is no command line, and what to do. */
export class ShellError extends Error {}

const ANSI_C: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', e: '\x1b', E: '\x1b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  ...{ '\\': '\\', "'": "'", '"': '"', '?': '?' },
};

/**
 * Splits a command line: '...', "...", $'...', backslashes and continued lines as in bash. Nothing is expanded.
 *
 * @throws ShellError
 */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  const quoted = (take: (line: string, from: number) => Quoted, from: number): string => {
    const { text, end } = take(line, from);
    at = end;
    return (word ?? '') + text;
  };
  while (at < line.length) {
    const char = line[at];
    if (char === '\\' && /^\\\r?\n/.test(line.slice(at, at + 3))) at += line[at + 1] === '\r' ? 3 : 2;
    else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at++;
    } else if (char === "'") word = quoted(inSingle, at + 1);
    else if (char === '"') word = quoted(inDouble, at + 1);
    else if (char === '$' && line[at + 1] === "'") word = quoted(inAnsi, at + 2);
    else if (char === '\\') {
      word = (word ?? '') + (line[at + 1] ?? '');
      at += 2;
    } else {
      if (word === undefined && /[|&;<>()`]/.test(char))
        throw new ShellError(`a shell would take ${char} as its own: put what belongs to the request in quotes`);
      refuseExpansion(line, at);
      word = (word ?? '') + char;
      at++;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

interface Quoted {
  readonly text: string;
  /** Behind the closing quote. */
  readonly end: number;
}

function inSingle(line: string, from: number): Quoted {
  const end = line.indexOf("'", from);
  if (end < 0) throw unclosed("'");
  return { text: line.slice(from, end), end: end + 1 };
}

function inDouble(line: string, from: number): Quoted {
  let text = '';
  for (let at = from; at < line.length; at++) {
    const char = line[at];
    if (char === '"') return { text, end: at + 1 };
    refuseExpansion(line, at);
    if (char !== '\\') text += char;
    else {
      const next = line[++at] ?? '';
      if (next !== '\n') text += /["\\$`]/.test(next) ? next : `\\${next}`;
    }
  }
  throw unclosed('"');
}

/** As browsers quote what is not plain text. */
function inAnsi(line: string, from: number): Quoted {
  const sequence = /\\(?:x([0-9a-f]{1,2})|u([0-9a-f]{1,4})|U([0-9a-f]{1,8})|([0-7]{1,3})|(.))/isy;
  let text = '';
  for (let at = from; at < line.length; ) {
    if (line[at] === "'") return { text, end: at + 1 };
    sequence.lastIndex = at;
    const found = sequence.exec(line);
    if (found === null) text += line[at++];
    else {
      const [whole, hex, short, long, octal, letter] = found;
      if (letter !== undefined) text += ANSI_C[letter] ?? whole;
      else if (octal !== undefined) text += String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
      else text += String.fromCodePoint(Math.min(0x10_ffff, Number.parseInt(hex ?? short ?? long, 16)));
      at += whole.length;
    }
  }
  throw unclosed("'");
}

function unclosed(quote: string): ShellError {
  return new ShellError(`a ${quote} is not closed: put the whole command in quotes of the other kind, or close it`);
}

/** What a shell would put here is not known. */
function refuseExpansion(line: string, at: number): void {
  const found = /^(?:\$[\w({]|`)/.exec(line.slice(at, at + 2));
  if (found !== null)
    throw new ShellError(`${found[0]} would be expanded by a shell: write what it stands for, or use single quotes`);
}
