import { OperatorError } from './operator.ts';

/**
 * The phrases of `@pm`: separated by white space, in lower case; `|41 42|` writes bytes in hexadecimal.
 */
export function phrasesOf(argument: string): string[] {
  let text = '';
  for (const [i, part] of argument.split('|').entries()) {
    text += i % 2 === 1 ? hexadecimal(part) : part;
  }
  return unique(text.split(/[\t-\r\x20]+/));
}

function hexadecimal(part: string): string {
  const digits = part.replaceAll(' ', '');
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(digits)) {
    throw new OperatorError(`"|${part}|" in the phrases of @pm is no hexadecimal; write bytes as |41 42|`);
  }
  return Buffer.from(digits, 'hex').toString('latin1');
}

/** The phrases of a file: one a line; empty lines and those that begin with `#` do not count. */
export function phrasesOfFile(text: string): string[] {
  const lines = text.split('\n').map((line) => line.replace(/^[\t-\r\x20]+|[\t-\r\x20]+$/g, ''));
  return unique(lines.filter((line) => !line.startsWith('#')));
}

function unique(phrases: readonly string[]): string[] {
  const lower = phrases.map((phrase) => phrase.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()));
  return [...new Set(lower)].filter((phrase) => phrase !== '');
}
